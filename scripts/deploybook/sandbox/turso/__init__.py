"""Turso: the platform REST API, and the real libSQL server behind each database."""
