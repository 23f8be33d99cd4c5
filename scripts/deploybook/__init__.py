"""deploybook: a deployment guide that is executed at every commit."""

__version__ = "0.1.0"
