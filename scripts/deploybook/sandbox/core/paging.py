"""The two ways in which providers cut a list into pages."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """A part of a list; ``more`` says whether something follows it."""

    items: list[T]
    more: bool


def numbered(items: Sequence[T], number: int, size: int) -> Page[T]:
    """The ``number``-th page, counted from 1, of ``size`` items."""
    return Page(list(items[(number - 1) * size : number * size]), number * size < len(items))


def after(items: Iterable[T], key: Callable[[T], Any], cursor: Any, size: int, *, descending: bool = False) -> Page[T]:
    """The first ``size`` items in the order of ``key`` that come after ``cursor`` (None: from the beginning).

    A cursor holds even when the item that it names has been deleted meanwhile.
    """
    ordered = sorted(items, key=key, reverse=descending)
    if cursor is not None:
        ordered = [item for item in ordered if (key(item) < cursor if descending else key(item) > cursor)]
    return Page(ordered[:size], len(ordered) > size)
