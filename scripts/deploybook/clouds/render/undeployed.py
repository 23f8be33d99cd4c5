"""What was changed at a worker and no deploy has taken up yet: Render starts none by itself, and does not tell when a variable changed."""

from __future__ import annotations

from deploybook.state.last_writes import LastWrites


class Undeployed:
    """The note of one worker, kept between runs: a run that is killed between a change and its deploy must deploy when run again."""

    def __init__(self, observed: LastWrites, worker: str) -> None:
        self._observed = observed
        self._key = f"render:undeployed:{worker}"

    @property
    def what(self) -> str:
        """``settings`` or ``variables``; empty if everything is deployed."""
        return self._observed.get(self._key).get("what", "")

    def note(self, what: str) -> None:
        """To be called before the change is sent."""
        self._observed.put(self._key, {"what": what})

    def forget(self) -> None:
        """A deploy that began after the change is live."""
        if self.what:
            self._observed.forget(self._key)
