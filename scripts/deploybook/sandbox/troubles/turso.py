"""Troubles at Turso."""
