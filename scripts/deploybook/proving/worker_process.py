"""A worker's process, seen from whoever gives it scenarios."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from pathlib import Path

from deploybook.layout import HOME_VARIABLE
from deploybook.proving.scenarios import Outcome, Scenario
from deploybook.proving.worker import END
from deploybook.runbook.environment import machine

# What a worker printed last, where it ended before it was done.
TAIL_CHARACTERS = 2000
ENDING_SECONDS = 30.0


class WorkerProcess:
    """Proves scenarios of one source, out of a checkout; a new process takes the place of one that has ended.

    ``seconds``: so long may one scenario take, its bench included; then its process is killed. ``environ``: see ``ThisMachine``.
    """

    def __init__(self, target: str, checkout: Path, seconds: float, environ: Mapping[str, str] | None = None) -> None:
        self._target = target
        self._environ = environ
        self._checkout = checkout
        self._seconds = seconds
        self._process: subprocess.Popen[str] | None = None
        # Open as long as this object: ``close`` closes it.
        self._log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115
        self._interrupted = False
        self.bench = ""

    def prove(self, scenario: Scenario) -> Outcome:
        """Prove one scenario. If its process ends over it, that is the outcome."""
        process = self._running()
        self.bench = scenario.bench
        assert process.stdin is not None
        assert process.stdout is not None
        late = threading.Timer(self._seconds, self.kill)
        late.start()
        try:
            process.stdin.write(json.dumps(asdict(scenario)) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except OSError:
            line = ""
        finally:
            late.cancel()
        if line:
            return Outcome(**json.loads(line))
        return Outcome(scenario.name, False, self._end(process))

    def prove_all(self, scenarios: Iterable[Scenario]) -> Iterator[Outcome]:
        """Prove scenarios one after the other, until they are done or somebody interrupts."""
        for scenario in scenarios:
            outcome = self.prove(scenario)
            # How one ended that was interrupted says nothing of it.
            if self._interrupted:
                return
            yield outcome

    def close(self) -> None:
        """Let the process take its bench down and end."""
        process = self._process
        if process and process.poll() is None:
            assert process.stdin is not None
            try:
                process.stdin.write(END + "\n")
                process.stdin.close()
                process.wait(ENDING_SECONDS)
            except (OSError, subprocess.TimeoutExpired):
                self.kill()
        if process:
            _reap(process)
        self._log.close()

    def interrupt(self) -> None:
        """Ask the process, and those that it started, to end as Ctrl-C does; ``close`` ends those that do not."""
        self._interrupted = True
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGINT)

    def kill(self) -> None:
        """End the process, and those that it started, at once."""
        if self._process and self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)

    def _running(self) -> subprocess.Popen[str]:
        if self._process is None or self._process.poll() is not None:
            environ = dict(self._environ) if self._environ is not None else _scenarios(self._checkout)
            self._process = subprocess.Popen(
                [sys.executable, "-m", "deploybook.proving.worker", self._target],
                cwd=self._checkout,
                env=environ,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._log,
                text=True,
                # Ctrl-C at a terminal is for whoever started this: it says what becomes of the workers.
                start_new_session=True,
            )
        return self._process

    def _end(self, process: subprocess.Popen[str]) -> str:
        code = _reap(process)
        by = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        self._log.seek(0)
        printed = " / ".join(self._log.read()[-TAIL_CHARACTERS:].splitlines()[-3:])
        return f"its process {by}: {printed}" if printed else f"its process {by}"


def _scenarios(checkout: Path) -> dict[str, str]:
    """The environment of scenarios out of a checkout: nothing of the operator's reaches them."""
    environ = machine(os.environ) | {"PYTHONPATH": str(checkout)}
    environ.pop(HOME_VARIABLE, None)
    return environ


def _reap(process: subprocess.Popen[str]) -> int:
    """Wait for the end of a process and close what led to it; its exit code."""
    code = process.wait()
    for stream in (process.stdin, process.stdout):
        # What could not be written to it any more is tried again when it is closed.
        with contextlib.suppress(OSError):
            assert stream is not None
            stream.close()
    return code
