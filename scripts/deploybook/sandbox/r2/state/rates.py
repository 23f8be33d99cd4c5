"""How often R2 lets one object be written."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from deploybook.sandbox.r2.state.refusals import TOO_MANY_REQUESTS, R2Error

_REMEMBERED = 10_000


@dataclass
class WriteRate:
    """One write a second to the same key, and one at a time (``r2/api/error-codes.mdx``, 10058)."""

    clock: Callable[[], float] = time.monotonic
    _last: dict[tuple[str, str], float] = field(default_factory=dict)
    _under_way: set[tuple[str, str]] = field(default_factory=set)

    def exceeded(self, bucket: str, key: str) -> bool:
        """Whether a write is under way, or was done within the last second."""
        place = (bucket, key)
        return place in self._under_way or self.clock() - self._last.get(place, -1.0) < 1

    @contextlib.contextmanager
    def write(self, bucket: str, key: str) -> Iterator[None]:
        """Around a write: refuses it if the rate is exceeded; one that fails does not count."""
        place = (bucket, key)
        if self.exceeded(bucket, key):
            raise R2Error(TOO_MANY_REQUESTS, headers={"retry-after": "1"})
        self._under_way.add(place)
        try:
            yield
            self._last[place] = self.clock()
        finally:
            self._under_way.discard(place)
        if len(self._last) > _REMEMBERED:
            self._last = {key: at for key, at in self._last.items() if self.clock() - at < 1}

    def clear(self) -> None:
        """Forget all writes."""
        self._last.clear()
