"""The worker's image, built in the mind: what each step of its Dockerfile finds, and whether its program can start."""
