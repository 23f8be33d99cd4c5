"""Names of scratch things, as checks of other processes and machines give them."""

from __future__ import annotations

from deploybook.clouds import scratch


def named(process: int, machine: str = "", start: int | None = None) -> str:
    """A name as a check of that process and machine gives it, now or at the second ``start``."""
    parts = scratch.new_name().removeprefix(scratch.PREFIX).split("-")
    own = [machine or parts[0], f"{process:x}", parts[2] if start is None else str(start), parts[3]]
    return scratch.PREFIX + "-".join(own)
