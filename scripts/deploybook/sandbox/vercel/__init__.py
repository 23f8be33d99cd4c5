"""Vercel on loopback: the REST API, and an edge that serves what was deployed."""
