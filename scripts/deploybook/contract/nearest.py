"""What was probably meant: the nearest known name for a mistyped one, the nearest accepted value for one that breaks its rule."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from deploybook.errors import UnknownParameter

# difflib's ratio of equal parts: `vercle` for `vercel` has 0.83, two names that only begin alike have less than this.
ALIKE = 0.6
# In a name as short as `r2` one wrong character is half of it: there, one edit decides.
SHORT = 3
_AROUND = " \t\r\n'\"\u2018\u2019\u201c\u201d"


def nearest(name: str, candidates: Iterable[str]) -> str:
    """The known name that is most like ``name``, whatever its case and whether ``-`` or ``_`` joins its words; empty if none is."""
    by_form = {_form(candidate): candidate for candidate in candidates}
    typed = _form(name)
    matches = difflib.get_close_matches(typed, by_form, 1, ALIKE)
    matches = matches or [form for form in by_form if len(typed) <= SHORT and _is_one_edit(typed, form)]
    return by_form[matches[0]] if len(matches) == 1 else ""


def did_you_mean(name: str, candidates: Iterable[str]) -> str:
    """The question with the nearest name, and a blank after it; empty if no known name is like ``name``."""
    near = nearest(name, candidates)
    return f"Did you mean {near}? " if near else ""


def mistyped(message: str, name: str, candidates: Iterable[str], otherwise: str) -> UnknownParameter:
    """The error for a name that is none of the ``candidates``; its hint asks for the nearest, then says ``otherwise``."""
    return UnknownParameter(message, otherwise).suggesting(name, nearest(name, candidates))


def nearest_accepted(value: str, accepts: Callable[[str], bool], candidates: Iterable[str] = ()) -> str:
    """The accepted value that ``value`` was probably meant to be: one of the ``candidates``, or itself without what was pasted along.

    Empty if there is none.
    """
    near = nearest(value, [candidate for candidate in candidates if candidate])
    return near or next((candidate for candidate in _corrected(value) if candidate != value and accepts(candidate)), "")


def nearest_path(path: Path) -> str:
    """The path of the file or folder beside ``path`` that was probably meant; empty if there is none."""
    try:
        near = nearest(path.name, (candidate.name for candidate in path.parent.iterdir()))
    except OSError:
        return ""
    return str(path.with_name(near)) if near else ""


def _corrected(value: str) -> Iterator[str]:
    """What people mean by a value that is not accepted, the smallest change first."""
    bare = value.strip(_AROUND)
    yield bare
    yield bare.rstrip("/")
    address = bare.rstrip("/").removesuffix(".git")
    yield address
    for separator in ("github.com/", "github.com:", "://"):
        yield address.rpartition(separator)[2]
    yield f"https://{bare.rstrip('/')}"
    yield bare.lower()
    yield bare.lower().replace(" ", "-").replace("_", "-")


def _form(name: str) -> str:
    return name.casefold().replace("-", "_").replace(" ", "_")


def _is_one_edit(one: str, other: str) -> bool:
    """Whether one character more, less, or another one makes them equal."""
    longer, shorter = sorted((one, other), key=len, reverse=True)
    if len(longer) == len(shorter):
        return sum(a != b for a, b in zip(longer, shorter, strict=True)) == 1
    shortened = {longer[:at] + longer[at + 1 :] for at in range(len(longer))}
    return shorter in shortened
