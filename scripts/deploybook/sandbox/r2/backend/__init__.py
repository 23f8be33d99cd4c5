"""The real object server behind the proxy."""
