"""Turso's state and rules: an organization, its groups, databases, keys and platform tokens. No HTTP."""
