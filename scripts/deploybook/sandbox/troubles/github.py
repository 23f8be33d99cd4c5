"""Troubles at GitHub."""
