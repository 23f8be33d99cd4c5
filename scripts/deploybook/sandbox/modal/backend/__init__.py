"""The containers: processes of this machine that run Modal's own runtime on the uploaded code."""
