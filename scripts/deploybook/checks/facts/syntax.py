"""The syntax trees of the package's modules, parsed once for all that is read from them."""

from __future__ import annotations

import ast
from functools import lru_cache


@lru_cache(maxsize=1024)
def parsed(text: str) -> ast.Module:
    """The tree of a module's text. It is shared: nobody changes it."""
    return ast.parse(text)
