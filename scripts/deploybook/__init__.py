"""deploybook: a deployment guide in which every statement is executed."""

__version__ = "0.1.0"
