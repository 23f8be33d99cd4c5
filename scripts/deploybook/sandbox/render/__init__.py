"""Render.com on loopback: the REST API, deploy hooks and the one dashboard page that has no API."""
