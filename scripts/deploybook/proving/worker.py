"""``python -m deploybook.proving.worker TARGET``: proves scenarios one after the other, in a process that nothing else shares.

A line of JSON on standard input is a scenario, a line on standard output is what came of it. What a scenario prints goes to standard
error. The process ends with its input: whoever started it has ended then, or wants no more of it.
"""

from __future__ import annotations

import json
import os
import platform
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from typing import TextIO

from deploybook.proving.scenarios import Outcome, Proof, Scenario, Source, load_source

END = "end"


class Benches:
    """The bench that is open: another one takes its place."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._open: str | None = None
        self._stack = ExitStack()
        self._prove: Callable[[str], Proof]

    def prove(self, scenario: Scenario) -> Outcome:
        """Prove one; an exception is a proof that does not hold. The bench is set up anew after one."""
        began = time.monotonic()
        try:
            if self._open != scenario.bench:
                self.close()
                self._prove = self._stack.enter_context(self._source.open(scenario.bench))
                self._open = scenario.bench
            began = time.monotonic()
            proof = self._prove(scenario.name)
        except Exception as problem:  # noqa: BLE001 - whatever it is, the others are still to be proved
            proof = Proof(False, f"{type(problem).__name__}: {problem}", {"traceback": traceback.format_exc()})
            self.close()
        seconds = round(time.monotonic() - began, 3)
        return Outcome(scenario.name, proof.holds, proof.detail, seconds, platform.node(), proof.data)

    def close(self) -> None:
        """Take the bench down."""
        self._open = None
        self._stack.close()


def main(target: str) -> None:
    """Prove what comes in, until it says that this is all. An interrupt ends it."""
    # A shell starts a job in the background with Ctrl-C ignored, and so would every process of it.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    events = _own_output()
    orders: queue.SimpleQueue[str] = queue.SimpleQueue()
    threading.Thread(target=_read, args=(orders,), daemon=True).start()
    benches = Benches(load_source(target))
    try:
        while (line := orders.get()) != END:
            outcome = benches.prove(Scenario(**json.loads(line)))
            print(json.dumps(asdict(outcome)), file=events, flush=True)
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        benches.close()


def _own_output() -> TextIO:
    """Standard output for the outcomes alone; what is printed goes to standard error from now on."""
    events = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return events


def _read(orders: queue.SimpleQueue[str]) -> None:
    for line in sys.stdin:
        orders.put(line.strip())
        if line.strip() == END:
            return
    # Whoever started this process is gone: what it started ends with it, by the pipes that it held.
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
