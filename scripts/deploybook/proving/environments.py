"""Runs one command for many environments, each in its own process: a source with one scenario for each environment."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from deploybook.proving.scenarios import Proof, Scenario

SOURCE = "deploybook.proving.environments:Environments"


def scenarios(names: Sequence[str], words: Sequence[str]) -> list[Scenario]:
    """A scenario for each environment; the command line is what they have in common."""
    return [Scenario(name, json.dumps(list(words))) for name in names]


class Environments:
    """The scenarios come from whoever runs them; ``data`` is the command's JSON, and its exit code."""

    def scenarios(self) -> list[Scenario]:
        """None: which there are depends on what was asked for."""
        return []

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """``bench`` is the command line as JSON, without its environment."""
        command = [str(Path(sys.executable).with_name("deploybook")), *json.loads(bench), "--json", "--environment"]

        def prove(name: str) -> Proof:
            completed = subprocess.run(
                [*command, name], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False
            )
            answer = _answer(completed.stdout)
            return Proof(
                completed.returncode == 0,
                _said(answer, completed.stderr),
                {"exit_code": completed.returncode, "answer": answer},
            )

        yield prove


def _answer(output: str) -> Any:
    """The JSON of a command that got so far as to print it; None of one that did not."""
    try:
        return json.loads(output)
    except ValueError:
        return None


def _said(answer: Any, errors: str) -> str:
    """How it went, in a line."""
    if answer is None:
        return next((line for line in errors.splitlines() if line.startswith("error: ")), "").removeprefix("error: ")
    return _run(answer["run"]) if "run" in answer else _diagnosis(answer)


def _run(report: Mapping[str, Any]) -> str:
    sections = report["sections"]
    passed = sum(section["status"] == "passed" for section in sections)
    others = [f"{section['slug']} {section['status']}" for section in sections if section["status"] != "passed"]
    changes = report.get("changes")
    counted = [f"{len(changes)} changes" if changes else "no change"] if changes is not None else []
    return ", ".join([f"{passed} of {len(sections)} sections passed", *others, *counted])


def _diagnosis(answer: Mapping[str, Any]) -> str:
    causes = ", ".join(cause["title"] for cause in answer["causes"])
    left_out = f"; not examined: {', '.join(answer['left_out'])}" if answer["left_out"] else ""
    return f"{causes or 'nothing is wrong'}: {answer['held']} claims hold{left_out}"
