"""The syntax trees of the package's modules, parsed and walked once for all that is read from them."""

from __future__ import annotations

import ast
from collections import deque
from functools import lru_cache


@lru_cache(maxsize=1024)
def parsed(text: str) -> ast.Module:
    """The tree of a module's text. It is shared: nobody changes it."""
    return ast.parse(text)


@lru_cache(maxsize=1024)
def nodes(text: str) -> tuple[ast.AST, ...]:
    """Every node of a module's text but those without a place (``Load`` and ``Add`` say nothing), in the order of ``ast.walk``."""
    result: list[ast.AST] = []
    waiting: deque[ast.AST] = deque([parsed(text)])
    while waiting:
        node = waiting.popleft()
        result.append(node)
        for value in node.__dict__.values():
            if isinstance(value, ast.AST):
                if value._fields:
                    waiting.append(value)
            elif isinstance(value, list):
                waiting.extend(item for item in value if isinstance(item, ast.AST) and item._fields)
    return tuple(result)
