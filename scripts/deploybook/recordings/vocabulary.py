"""What identifies nobody: the words and the texts that stand in the package's own sources, of its clients and its sandbox."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

PACKAGES = ("clouds", "sandbox")
# A run of letters and digits of any script.
WORD = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@lru_cache(maxsize=1)
def literals() -> frozenset[str]:
    """Every text constant of the sources: enum values, permission names, codes, and the names that the guide proposes."""
    return frozenset(
        node.value
        for source in _sources()
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


@lru_cache(maxsize=1)
def words() -> frozenset[str]:
    """Every word of the sources in lower case, the parts of one in camel case too."""
    parts = (part for source in _sources() for word in WORD.findall(source) for part in (word, *_CAMEL.split(word)))
    return frozenset(part.lower() for part in parts)


def _sources() -> Iterator[str]:
    root = Path(__file__).parents[1]
    for package in PACKAGES:
        for path in sorted((root / package).rglob("*.py")):
            yield path.read_text(encoding="utf-8")
