"""The site's fixtures: the guide's parts are read from the same small checkout."""

from __future__ import annotations

from tests.site.conftest import checkout

__all__ = ["checkout"]
