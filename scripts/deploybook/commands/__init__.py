"""The commands of ``deploybook``, one module each."""
