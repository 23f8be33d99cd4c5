"""The command line in a checkout of its own, as for the runbooks."""

from __future__ import annotations

from tests.runbooks.conftest import guide

__all__ = ["guide"]
