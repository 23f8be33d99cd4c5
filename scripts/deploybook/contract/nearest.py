"""What a mistyped name was probably meant to be, for every kind of name that an operator types."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

# difflib's ratio of equal parts: `vercle` for `vercel` has 0.83, two names that only begin alike have less than this.
ALIKE = 0.6


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that is most like ``name``, whatever its case and whether ``-`` or ``_`` joins its words; empty if none is."""
    by_form = {_form(each): each for each in known}
    matches = difflib.get_close_matches(_form(name), by_form, 1, ALIKE)
    return by_form[matches[0]] if matches else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """The question with the nearest name, and a blank after it; empty if no known name is like ``name``."""
    near = nearest(name, known)
    return f"Did you mean {near}? " if near else ""


def _form(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")
