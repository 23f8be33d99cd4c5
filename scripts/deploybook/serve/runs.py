"""Runs that a page started: each is ``deploybook run --dialogue`` in a process of its own, so every rule is the command line's.

A process gets its credentials in its environment, and what it asks for on its standard input; neither is kept once it was handed over. It
leads a session of its own: Ctrl-C in the server's terminal reaches it as one signal from here, and a server that is killed does not end it.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from deploybook.errors import ConfigurationError, VaultLocked
from deploybook.runbook.modes import Mode
from deploybook.serve.feed import Feed

COMMAND = (sys.executable, "-m", "deploybook")
# A line may hold the events of a whole cell.
LONGEST_LINE = 16 * 1024 * 1024
# Of what a process wrote to standard error, so much is shown if it ended without saying why.
LAST_WORDS = 2000
# A run ends the request that is under way when it is stopped (executors.STOP_SECONDS).
PATIENCE_SECONDS = 60.0


@dataclass(frozen=True)
class RunRequest:
    """What a page asks for: a mode, an environment, and the sections, all if none are named."""

    mode: Mode
    environment: str
    sections: tuple[str, ...] = ()

    def words(self, parameters: Mapping[str, str]) -> list[str]:
        """The command line behind ``deploybook``; nothing secret is among the words."""
        pairs = [word for name, value in parameters.items() for word in ("-p", f"{name}={value}")]
        return [
            *("run", *self.sections, "--dialogue", "--mode", str(self.mode), "--environment", self.environment),
            *pairs,
        ]


@dataclass
class Run:
    """One process, and the question that it waits to be answered, as the dialogue has it; empty if there is none."""

    name: str
    request: RunRequest
    process: asyncio.subprocess.Process
    question: dict[str, Any] = field(default_factory=dict)
    task: asyncio.Task[None] = field(init=False)


class Runs:
    """The runs of this server. ``learn`` is called with every secret that is handed to one."""

    def __init__(self, feed: Feed, learn: Callable[[list[SecretStr]], None], command: Sequence[str] = COMMAND) -> None:
        self._feed = feed
        self._learn = learn
        self._command = tuple(command)
        self._runs: dict[str, Run] = {}
        self._count = 0

    @property
    def pids(self) -> set[int]:
        """The processes that are this server's own."""
        return {run.process.pid for run in self._runs.values()}

    async def start(self, request: RunRequest, environ: Mapping[str, str], parameters: Mapping[str, str]) -> str:
        """Start a run; returns its name. Raises VaultLocked while another of the same environment goes on."""
        busy = [
            run for run in self._runs.values() if run.request.environment == request.environment and self._goes_on(run)
        ]
        if busy:
            raise VaultLocked(
                f"A run of {request.environment} is in progress ({busy[0].request.mode}).",
                "Wait for it to end, or stop it.",
            )
        self._count += 1
        name = f"run-{self._count}"
        process = await asyncio.create_subprocess_exec(
            *(*self._command, *request.words(parameters)),
            env=dict(environ),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            start_new_session=True,
        )
        run = self._runs[name] = Run(name, request, process)
        about = {"mode": str(request.mode), "environment": request.environment, "sections": list(request.sections)}
        self._feed.add({"kind": "run", "run": name, "own": True, **about})
        run.task = asyncio.create_task(self._follow(run))
        return name

    async def answer(self, name: str, question: int, answer: object) -> None:
        """Hand an answer to the run that asks. Raises ConfigurationError if it asks no more: it was answered on another page."""
        run = self._runs.get(name)
        if run is None or run.question.get("question") != question or run.process.stdin is None:
            raise ConfigurationError("This question is no longer open.", "Reload the page.")
        if run.question.get("secret") and isinstance(answer, str):
            self._learn([SecretStr(answer)])
        run.question = {}
        self._feed.add({"kind": "answered", "run": name, "question": question})
        with suppress(ConnectionError):
            run.process.stdin.write(json.dumps({"answer": answer}).encode() + b"\n")
            await run.process.stdin.drain()

    def stop(self, name: str) -> None:
        """Stop a run before its next request; called once more, at once. Raises ConfigurationError for one that has ended."""
        run = self._runs.get(name)
        if run is None or not self._goes_on(run):
            raise ConfigurationError("This run has ended.", "Reload the page.")
        self._send(run, signal.SIGTERM)

    def kill(self) -> None:
        """End every run at once."""
        for run in self._runs.values():
            self._send(run, signal.SIGKILL)

    async def close(self) -> None:
        """Stop every run, and wait until each has written its report."""
        for run in self._runs.values():
            self._send(run, signal.SIGTERM)
        tasks = [run.task for run in self._runs.values()]
        if tasks:
            await asyncio.wait(tasks, timeout=PATIENCE_SECONDS)

    @staticmethod
    def _goes_on(run: Run) -> bool:
        return run.process.returncode is None

    @staticmethod
    def _send(run: Run, number: signal.Signals) -> None:
        if run.process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(run.process.pid, number)

    async def _follow(self, run: Run) -> None:
        assert run.process.stdout is not None
        assert run.process.stderr is not None
        words = asyncio.create_task(_last_words(run.process.stderr))
        said_why = False
        async for text in run.process.stdout:
            if (line := _read(text)) is None:
                continue
            if line["kind"] == "question":
                run.question = line
            said_why = said_why or line["kind"] in {"refused", "run_done", "outcome"}
            self._feed.add({**line, "run": run.name})
        code = await run.process.wait()
        last = "" if code == 0 or said_why else await words
        words.cancel()
        run.question = {}
        self._feed.add({"kind": "ended", "run": run.name, "exit_code": code, "words": last})


def _read(text: bytes) -> dict[str, Any] | None:
    """A line of the dialogue; None for whatever else a process prints."""
    try:
        line = json.loads(text)
    except ValueError:
        return None
    return line if isinstance(line, dict) and isinstance(line.get("kind"), str) else None


async def _last_words(stream: asyncio.StreamReader) -> str:
    words = b""
    while part := await stream.read(4096):
        words = (words + part)[-LAST_WORDS:]
    return words.decode(errors="replace")
