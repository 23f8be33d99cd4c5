"""Troubles at Render."""
