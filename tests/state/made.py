"""An entry of the ledger, for tests of what reads it."""

from __future__ import annotations

from deploybook.state.ledger import Entry, now


def made(section: str, environment: str = "production") -> Entry:
    """Something that a section made."""
    return Entry(
        section=section, kind="Thing", name=section, id=section, environment=environment, made_at=now(), run="me@here"
    )
