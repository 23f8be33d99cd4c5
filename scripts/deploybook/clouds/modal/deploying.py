"""Deploys an app by the ``modal deploy`` command line: the command that the checklist gives, in a process that knows only what it needs.

A process of its own, not ``App.deploy`` in ours: the application's file is run to find the app in it, and must see neither the vault nor
the operator's other credentials; and a build that hangs can be ended.
"""

from __future__ import annotations

import os
import queue
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import TextIO

from deploybook.clouds.modal.source import Source
from deploybook.contract.model import load_contract
from deploybook.errors import UnexpectedResponse
from deploybook.layout import find_layout

# What belongs to this tool.
OWN_PREFIX = "DEPLOYBOOK_"
PLAIN = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "200"}
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|\x1b\][^\x1b\x07]*(?:\x1b\\|\x07)|[\x00-\x08\x0b-\x1f\x7f]")
REASON = re.compile(r"^Error: (?P<reason>.*)", re.MULTILINE | re.DOTALL)
# A build's output names each step as it begins (`=> Step 1: RUN npm ci`); the sandbox's says too what it does not execute.
STEP = re.compile(r"=> Step \d+: .{1,120}|Not executed: .{1,120}")
LONGEST_REASON = 400
# The command's own lines about an image and the app, beside what its build prints.
OF_THE_COMMAND = re.compile(r"\s*$|Building image |Built image |Image build for |[✓├└│]")
LAST_LINES = 10


def deploy(
    source: Source,
    name: str,
    environment: str,
    variables: Mapping[str, str],
    credentials: Mapping[str, str],
    seconds: float,
    on_progress: Callable[[str], object] = str,
) -> None:
    """Deploy the app under ``name``; ``variables`` are those that its file reads when it is deployed.

    ``on_progress`` is called with each step of an image's build.

    Raises UnexpectedResponse with the command's own reason, or if it has not ended after ``seconds``.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "deploybook.clouds.modal.tied",
        "deploy",
        str(source.path.resolve()),
        "--name",
        name,
    ]
    command += ["--env", environment] if environment else []
    # Credentials go by the environment: arguments can be read by every user of the machine.
    with subprocess.Popen(
        command,
        cwd=source.folder,
        env={**_without_operator(os.environ), **variables, **credentials, **PLAIN},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        try:
            output = _drain(process, seconds, on_progress)
        except subprocess.TimeoutExpired:
            process.kill()
            raise UnexpectedResponse(
                "Modal",
                "deploy the app",
                f"Modal could not deploy the app {name}: it did not finish within {seconds / 60:g} minutes.",
                "See the app's page in Modal's dashboard; raise deploy_minutes if its image takes long to build.",
                "modal-deploy",
            ) from None
    if process.returncode:
        raise UnexpectedResponse(
            "Modal",
            "deploy the app",
            f"Modal could not deploy the app {name}: {_reason(output)}.{last_lines(output)}",
            "Correct what it says in the app's file or its secrets, then run this again.",
            "modal-deploy",
        )


def _without_operator(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without what the contract calls the operator's: nothing of it is for the application's code."""
    contract = load_contract(find_layout().contract)
    return {
        name: value
        for name, value in environ.items()
        if not (contract.is_operators(name) or name.startswith(OWN_PREFIX))
    }


def _drain(process: subprocess.Popen[str], seconds: float, on_progress: Callable[[str], object]) -> str:
    """Everything that the process says until it ends; ``communicate`` would close its standard input, which would end it."""
    output: list[str] = []
    steps: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def read(stream: TextIO) -> None:
        for line in stream:
            output.append(line)
            if step := STEP.match(CONTROL.sub("", line)):
                steps.put(step[0])
        steps.put(None)

    assert process.stdout is not None
    reader = threading.Thread(target=read, args=[process.stdout], daemon=True)
    reader.start()
    ends = time.monotonic() + seconds
    try:
        while (step := steps.get(timeout=max(0.0, ends - time.monotonic()))) is not None:
            on_progress(f"the image: {step}")
    except queue.Empty:
        raise subprocess.TimeoutExpired(process.args, seconds) from None
    process.wait(max(0.0, ends - time.monotonic()))
    reader.join()
    return "".join(output)


def last_lines(output: str) -> str:
    """Where an image could not be built: what its failing step printed last."""
    before, _, reason = CONTROL.sub("", output).partition("\nError: ")
    if "Image build" not in reason:
        return ""
    step = before.rpartition("=> Step ")[2].partition("\n")[2]
    lines = [line.strip() for line in step.splitlines() if not OF_THE_COMMAND.match(line)]
    return f" Last lines of the build: {' | '.join(lines[-LAST_LINES:])}" if lines else ""


def _reason(output: str) -> str:
    """The command's own sentence; of a traceback, its end."""
    output = CONTROL.sub("", output)
    match = REASON.search(output)
    # A traceback stands in a box, and the exception after it.
    text = " ".join((match["reason"] if match else output.rpartition("╯")[2]).split())
    reason = text[:LONGEST_REASON] if match else text[-LONGEST_REASON:]
    return reason.rstrip(".") or "it gave no reason"
