"""The rules of ``deploybook check``, one file a family."""
