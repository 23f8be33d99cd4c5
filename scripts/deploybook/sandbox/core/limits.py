"""Rate limits by sliding window: what every emulated provider counts requests with."""

from __future__ import annotations

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Limit:
    """At most ``count`` requests in any ``seconds``; ``name`` is the provider's own."""

    count: int
    seconds: float
    name: str = ""


@dataclass(frozen=True)
class Verdict:
    """Whether one request may pass, and the numbers for the provider's headers; ``reset`` is in whole seconds left."""

    allowed: bool
    limit: int
    remaining: int
    reset: int


@dataclass
class SlidingWindows:
    """One window for each key. A refused request is not counted, so a client that waits as long as the headers say gets through."""

    clock: Callable[[], float] = time.monotonic
    _taken: dict[Hashable, deque[float]] = field(default_factory=lambda: defaultdict(deque))

    def take(self, key: Hashable, limit: Limit) -> Verdict:
        """Count one request against ``key`` if there is room."""
        now = self.clock()
        taken = self._taken[key]
        while taken and taken[0] <= now - limit.seconds:
            taken.popleft()
        allowed = len(taken) < limit.count
        if allowed:
            taken.append(now)
        reset = max(1, math.ceil(taken[0] + limit.seconds - now))
        return Verdict(allowed, limit.count, limit.count - len(taken), reset)

    def clear(self) -> None:
        """Forget every request."""
        self._taken.clear()
