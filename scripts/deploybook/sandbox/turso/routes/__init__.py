"""The operations of the platform API that the sandbox has. Paths and shapes: ``turso.json``."""

from __future__ import annotations

from deploybook.sandbox.turso.routes import account, databases, groups

OPERATIONS = (*account.OPERATIONS, *groups.OPERATIONS, *databases.OPERATIONS)
