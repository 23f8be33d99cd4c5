"""Times as providers write them, beside the times of our own requests."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deploybook.state.ledger import Intent

# How far from our request a resource may have been made to be taken for its result: the longest that a provider takes to carry one
# out, and what two clocks may differ by.
WINDOW = timedelta(minutes=10)


def moment(written: str) -> datetime | None:
    """A time in ISO 8601; None for an empty or unreadable one. A time without a zone is UTC."""
    try:
        read = datetime.fromisoformat(written)
    except ValueError:
        return None
    return read if read.tzinfo else read.replace(tzinfo=UTC)


def from_milliseconds(written: object) -> datetime | None:
    """A time in milliseconds since the epoch; None for anything else."""
    return datetime.fromtimestamp(written / 1000, UTC) if isinstance(written, int | float) and written else None


def made_about(born: datetime | None, requests: Sequence[Intent]) -> bool:
    """Whether something was made at the time of one of the requests."""
    return born is not None and any(request.begun_at and abs(born - request.begun_at) <= WINDOW for request in requests)
