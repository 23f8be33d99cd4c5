"""Render's JSON: bodies in, views out."""
