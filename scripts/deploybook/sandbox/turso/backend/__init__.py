"""The real libSQL servers, and the way to them."""
