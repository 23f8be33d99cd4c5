"""Modal: its gRPC API, and the containers and web endpoints behind it, run for real on this machine."""
