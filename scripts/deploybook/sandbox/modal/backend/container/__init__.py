"""What runs inside a container's process, before and beside Modal's own runtime."""
