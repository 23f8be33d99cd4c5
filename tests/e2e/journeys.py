"""The end-to-end check is killed (SIGKILL) at each of its steps: the bucket and the table are unchanged once the next check has begun.

It walks in a process of its own, ``python -m tests.e2e.journeys HOME``, which prints each step before it takes it.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.e2e.wiring import ROOT, STEPS, Stack
from tests.waiting import until

from deploybook.clouds import studio
from deploybook.clouds.studio.inventory import Inventory


def killed_at(stack: Stack, step: str) -> tuple[Inventory, Inventory, Inventory]:
    """What there is before a check, after it was killed at a step (empty: after the last), and after the next one began."""
    before = look(stack)
    command = [sys.executable, "-m", "tests.e2e.journeys", str(stack.home)]
    environment = os.environ | stack.environ
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == (step or "done"):
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, f"the check ended before the step {step}"
    killed = look(stack)

    def swept() -> bool:
        # What the application was about to do when the check died is done a moment later: the check after it removes that.
        studio.take_inventory(stack.journey())
        return look(stack) == before

    until(swept, f"everything of a check that was killed at {step or 'its end'} to be removed", pause=0.5)
    return before, killed, look(stack)


def look(stack: Stack) -> Inventory:
    """Bucket and table, as they are."""
    journey = stack.journey()
    return Inventory.of(journey.store, journey.database)


def walk(home: Path) -> None:
    """Take every step, and wait to be killed."""
    journey = Stack(home, os.environ).journey()
    for name, step in STEPS.items():
        print(name, flush=True)
        step(journey)
    print("done", flush=True)
    signal.pause()


if __name__ == "__main__":
    walk(Path(sys.argv[1]))
