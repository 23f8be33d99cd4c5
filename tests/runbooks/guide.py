"""The command line as an operator uses it: in a checkout of its own, against a sandbox started beside it or by itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tests.runbooks import in_process
from tests.sandboxes import without_operator
from tests.waiting import PATIENCE_SECONDS

COMMAND = str(Path(sys.executable).parent / "deploybook")


@dataclass
class Finished:
    """A command that has ended."""

    code: int
    output: str
    report: dict[str, Any]

    def outcomes(self, *steps: str) -> list[str]:
        """The outcomes of the lines, of the named steps only if any are named."""
        lines = [line for section in self.report["sections"] for cell in section["cells"] for line in cell["lines"]]
        return [line["outcome"] for line in lines if not steps or line["step"] in steps]

    def failed(self) -> list[str]:
        """The subjects of the lines that failed."""
        lines = [line for section in self.report["sections"] for cell in section["cells"] for line in cell["lines"]]
        return [line["subject"] for line in lines if line["outcome"] == "failed"]


@dataclass
class Guide:
    """A checkout: the runbooks are the repository's, the state and the builds its own."""

    root: Path
    kernels: bool = False

    def environment(self, extra: Mapping[str, str] | None = None) -> dict[str, str]:
        """A clean environment in which the command finds this checkout."""
        return without_operator(os.environ) | {"DEPLOYBOOK_HOME": str(self.root)} | dict(extra or {})

    def start(self, *arguments: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
        """Start ``deploybook`` with arguments."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=self.environment(env),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def lose(self, record: str) -> None:
        """Make this a clone that has not this record of production, nor the copy of it."""
        for path in (self.root / ".deploybook").glob(f"production.{record}.json*"):
            path.unlink()

    @property
    def with_kernels(self) -> Guide:
        """The same checkout; its runs are as the operator's are, in processes of their own and with kernels."""
        return replace(self, kernels=True)

    def run(self, *arguments: str, env: Mapping[str, str] | None = None, typed: str = "") -> Finished:
        """Run ``deploybook`` to its end: in this process and without kernels, unless they were asked for."""
        before = self.reports()
        if self.kernels:
            with self.start(*arguments, env=env) as process:
                output, _ = process.communicate(typed, timeout=PATIENCE_SECONDS)
            code = process.returncode
        else:
            code, output = in_process.call(arguments, self.environment(env), typed)
        return self.finished(code, output, before)

    def finished(self, code: int, output: str, before: Sequence[Path]) -> Finished:
        """A command that has ended, with its report: the one that was not there ``before``."""
        new = [path for path in self.reports() if path not in before]
        return Finished(code, output, json.loads(new[0].read_text()) if new else {})

    def quicken_the_worker(self, env: Mapping[str, str]) -> None:
        """Have the worker look for a job ten times a second, as an operator may: of every three seconds, tests wait for it."""
        done = self.run("env", "set", "WORKER_POLL_INTERVAL_MS", env=env, typed="100\n")
        assert done.code == 0, done.output

    def reports(self) -> list[Path]:
        """The reports of all runs, oldest first."""
        return sorted((self.root / "build" / "runs").glob("*/report.json"))

    def written(self) -> dict[Path, str]:
        """Every file that any run wrote, except the vaults."""
        files = [
            path for folder in ("build", ".deploybook") for path in (self.root / folder).rglob("*") if path.is_file()
        ]
        return {path: path.read_text(errors="replace") for path in files if path.suffix != ".env"}
