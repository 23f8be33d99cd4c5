"""Troubles at Modal."""
