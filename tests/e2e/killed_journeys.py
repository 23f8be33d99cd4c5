"""``python -m tests.e2e.killed_journeys``: kill the end-to-end check (SIGKILL) at each of its steps; bucket and table are as before.

It walks in a process of its own, ``--walk HOME``, which prints each step before it takes it; the next check removes what is left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import CONTRACT, launch_sandbox
from tests.e2e.wiring import ROOT, STEPS, Stack
from tests.runbooks.conftest import Guide
from tests.waiting import until

from deploybook.clouds import studio
from deploybook.clouds.studio.inventory import Inventory

SECTIONS = CONTRACT.all_predecessors("end_to_end")


def main() -> int:
    """Provision, kill at each step, print a line for each; 1 if one leaves something."""
    sandbox = launch_sandbox()
    os.environ.update(sandbox.exports)
    with tempfile.TemporaryDirectory() as name:
        guide = Guide(Path(name))
        (guide.root / "runbooks").symlink_to(ROOT / "runbooks")
        parameters = ("--mode", "apply", "--yes", "-p", "git_repository", "example/studio")
        done = guide.run("run", *SECTIONS, *parameters, env=sandbox.exports)
        assert done.code == 0, done.output
        stack = Stack(guide.root, sandbox.exports)
        results = [_line(stack, step) for step in (*STEPS, "")]
        stack.clouds.close()
    sandbox.close()
    return 0 if all(results) else 1


def _line(stack: Stack, step: str) -> bool:
    began = time.monotonic()
    before, left, after = killed_at(stack, step)
    where = f"at {step}" if step else "before it cleans up"
    word = "as before" if before == after else "NOT AS BEFORE"
    seconds = time.monotonic() - began
    print(f"killed {where} | before: {before} | left: {left} | after: {after} | {word} | {seconds:.0f} s", flush=True)
    return before == after


def killed_at(stack: Stack, step: str) -> tuple[Inventory, Inventory, Inventory]:
    """What there is before a check, after it was killed at a step (empty: after the last), and after the next one began."""
    before = look(stack)
    command = [sys.executable, "-m", "tests.e2e.killed_journeys", "--walk", str(stack.home)]
    environment = os.environ | stack.environ
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.strip() == (step or "done"):
                process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL, f"the check ended before the step {step}"
    left = look(stack)

    def swept() -> bool:
        # What the application was about to do when the check died is done a moment later: the check after it removes that.
        studio.take_inventory(stack.journey())
        return look(stack) == before

    until(swept, f"everything of a check that was killed at {step or 'its end'} to be removed", pause=0.5)
    return before, left, look(stack)


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
    if sys.argv[1:2] == ["--walk"]:
        walk(Path(sys.argv[2]))
    else:
        sys.exit(main())
