"""What was changed at a worker and no deploy has taken up yet: Render starts none by itself, and does not show when a variable changed."""

from __future__ import annotations

from deploybook.state.last_writes import LastWrites


class Undeployed:
    """The note of one worker, kept between runs: a run that is killed between a change and its deploy must deploy when run again."""

    def __init__(self, last_writes: LastWrites, worker: str) -> None:
        self._last_writes = last_writes
        self._key = f"render:undeployed:{worker}"

    @property
    def what(self) -> str:
        """``settings`` or ``variables``; empty if everything is deployed."""
        return self._last_writes.get(self._key).get("what", "")

    def note(self, change: str) -> None:
        """To be called before the change is sent."""
        self._last_writes.put(self._key, {"what": change})

    def forget(self) -> None:
        """A deploy that began after the change is live."""
        if self.what:
            self._last_writes.forget(self._key)
