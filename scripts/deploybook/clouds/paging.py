"""Lists that come in numbered pages: followed to the page that is not full, whatever a provider says of the total."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from deploybook.errors import UnexpectedResponse

Item = TypeVar("Item")
# Far more than an account has room for: a list that is longer does not end.
MOST_PAGES = 100


def numbered(
    service: str, operation: str, read: Callable[[int], tuple[Sequence[Item], int]], most: int = MOST_PAGES
) -> Iterator[Item]:
    """The items of all pages from 1 on. ``read`` gives a page's items, and how many a full page has.

    Raises UnexpectedResponse for a list that has more than ``most`` full pages.
    """
    for page in range(1, most + 1):
        items, full = read(page)
        yield from items
        if not items or len(items) < full:
            return
    message = f"{service} could not {operation}: its list does not end ({most} full pages)."
    hint = "Run this again; if it persists, check the provider's status page. Nothing was changed."
    raise UnexpectedResponse(service, operation, message, hint)
