"""A source whose scenarios take no time: they hold, fail, raise, print, kill their process or never end."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deploybook.proving.scenarios import Proof, Scenario

NAMES = ("holds", "fails", "raises", "prints", "dies", "holds too")


class Small:
    """Of one bench; ``where`` of each proof's data is the number of its process."""

    def scenarios(self) -> list[Scenario]:
        return [Scenario(name) for name in NAMES]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        yield prove


class Many:
    """Of three benches: two have many scenarios, the third cannot be set up."""

    def scenarios(self) -> list[Scenario]:
        numbered = [Scenario(f"{bench} {number}", bench) for bench in ("one", "two") for number in range(8)]
        return [*numbered, Scenario("broken 0", "broken")]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        assert bench != "broken", "no such bench"
        yield lambda name: Proof(name.startswith(bench), bench, {"process": os.getpid()})


class Endless:
    """One scenario that never ends."""

    def scenarios(self) -> list[Scenario]:
        return [Scenario("endless")]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        def prove(name: str) -> Proof:
            threading.Event().wait()
            return Proof(True)

        yield prove


def prove(name: str) -> Proof:
    if name == "raises":
        raise ValueError("as it should")
    if name == "prints":
        print("to standard output")
    if name == "dies":
        os.kill(os.getpid(), signal.SIGKILL)
    return Proof(name != "fails", f"{name}, and says so", {"process": os.getpid()})


class Waiting:
    """Scenarios ``FOLDER/NUMBER``: each leaves a file of its process's number there, and waits until there is a file ``go``."""

    def scenarios(self) -> list[Scenario]:
        return []

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        def prove(name: str) -> Proof:
            place = Path(name)
            place.with_suffix(f".{os.getppid()}").touch()
            while not (place.parent / "go").exists():
                time.sleep(0.02)
            return Proof(True, data={"parent": os.getppid()})

        yield prove
