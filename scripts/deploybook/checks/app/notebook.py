"""What the application's notebook imports: read the application's code, build and run it in the sandbox, and say what would break.

It claims nothing of an application that is not there: each step then says what it would do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from deploybook.checks.app import find
from deploybook.checks.finding import Finding, Severity
from deploybook.contract.model import load_contract
from deploybook.errors import ConfigurationError, InvalidValue, NotTested, VerificationFailed
from deploybook.layout import Layout, find_layout
from deploybook.runbook import ipython, opening
from deploybook.runbook.app_settings import read_app_settings
from deploybook.runbook.events import Event
from deploybook.runbook.modes import Mode
from deploybook.runbook.output import Screen
from deploybook.runbook.parameters import check_parameters

# How the command line begins what is wrong.
ERROR = "error: "
EXAMPLE = "<APP_CHECKOUT>"
OUTCOMES = {"passed": "passed", "failed": "failed", "incomplete": "not tested", "not-run": "not tested"}


class Application:
    """One examination. Open it with ``Application.open``, end it with ``finish``. ``directory`` is None where no application is named."""

    def __init__(self, layout: Layout, environment: str, directory: Path | None) -> None:
        self._layout = layout
        self._environment = environment
        self._directory = directory
        self._screen = Screen()
        self._failed: list[str] = []
        self._untested: list[str] = []

    @classmethod
    def open(cls, mode: str, environment: str, app_directory: str) -> Application:
        """Find the application: the folder that is named here, else ``app.directory`` of the environment's settings.

        Raises InvalidValue for a folder that is not there, for another mode, or for a parameter that breaks its rule.
        """
        ipython.show_errors_plainly(report=Screen().error)
        layout = find_layout()
        contract = load_contract(layout.contract)
        namespace = sys._getframe(1).f_globals
        settings = opening.settings_of(layout, contract, environment)
        arguments = {"mode": mode, "environment": environment, "app_directory": app_directory}
        executed = ipython.executed_cells(namespace)
        check_parameters(contract, layout.notebook("application"), arguments, namespace, executed, settings)
        if mode != Mode.DRY_RUN:
            raise InvalidValue(
                f"The application is not examined in the mode {mode}: no account is needed.", "Use dry-run."
            )
        named = app_directory or read_app_settings(layout, environment).directory
        directory = (layout.root / Path(named).expanduser()).resolve() if named else None
        if directory and not directory.is_dir():
            raise InvalidValue(
                f"There is no folder {directory}.", "Set app_directory to the root of the application's repository."
            )
        return cls(layout, environment, directory)

    def describe(self) -> None:
        """Show which application is examined, or that none is."""
        if self._directory:
            self._note("note", f"the application in {self._directory}")
            return
        self._note("left out", "no application is named", "what follows says what it would do, and claims nothing")
        self._note("manual", "name yours", "app_directory above, or app.directory in the settings file")

    def read_code(self) -> None:
        """Check the code as ``deploybook check --app`` does, and show each finding."""
        if not self._directory:
            self._note("left out", f"would read the code: deploybook check --app {EXAMPLE}")
            return
        ignored = read_app_settings(self._layout, self._environment).ignore
        findings = find(self._directory, load_contract(self._layout.contract), ignored)
        errors = [finding for finding in findings if finding.severity is Severity.ERROR]
        for finding in findings:
            self._screen.show(_line(finding))
        if errors:
            self._failed.append(f"{len(errors)} errors in the code")
            return
        self._note("passed", "nothing in the code breaks production", f"{len(findings)} warnings and notes")

    def build_and_run(self) -> None:
        """Run every section with the application in the sandbox, as ``deploybook run --app`` does, and show how each ended."""
        if not self._directory:
            self._note("left out", f"would build and run it in the sandbox: deploybook run --app {EXAMPLE}")
            return
        command = ["run", "--app", str(self._directory), "--environment", self._environment, "--json"]
        self.judge(report_of(command, self._layout.root, self._screen.waits))

    def judge(self, report: dict[str, Any]) -> None:
        """Show how each section of a run ended, by its report: what ``deploybook run --json`` prints."""
        for section in report["run"]["sections"]:
            self._judge(section)

    def finish(self) -> None:
        """Say what came of it. Raises VerificationFailed if something would break, and NotTested if something is not known."""
        if not self._directory:
            self._note("note", "nothing was examined, and nothing is claimed")
        elif self._failed:
            raise VerificationFailed(
                f"The application would break in production: {', '.join(self._failed)}.",
                "Fix what each ✗ above says, then run this again.",
            )
        elif self._untested:
            raise NotTested(
                f"Not everything could be tested: {', '.join(self._untested)}.",
                "The lines marked not tested say why; only the real clouds can show the rest.",
            )
        else:
            self._note("passed", "the application builds, starts and does what the guide needs")

    def _judge(self, section: dict[str, Any]) -> None:
        """Show how a section ended, with its reason, and what was not tested in it."""
        outcome, error = OUTCOMES[section["status"]], section["error"] or {}
        reason = error.get("message") or ("an earlier section failed" if section["status"] == "not-run" else "")
        self._screen.show(
            Event("check", outcome, section["title"], reason or f"{section['seconds']:.0f} s", error.get("entry") or "")
        )
        for line in [line for cell in section["cells"] for line in cell["lines"]]:
            if line["outcome"] == "not tested":
                self._note("not tested", f"{section['title']}: {line['subject']}", line["detail"])
        if outcome == "failed":
            self._failed.append(section["title"])
        elif outcome == "not tested":
            self._untested.append(section["title"])

    def _note(self, outcome: str, subject: str, detail: str = "") -> None:
        step = {"passed": "check", "not tested": "check", "manual": "manual"}.get(outcome, "note")
        self._screen.show(Event(step, outcome, subject, detail))


def _line(finding: Finding) -> Event:
    """A finding as a line: an error is a claim that does not hold, the others are notes."""
    outcome = "failed" if finding.severity is Severity.ERROR else "note"
    also = f", and {len(finding.others)} more" if finding.others else ""
    subject = f"{finding.path}:{finding.line}{also}: {finding.message}"
    return Event("check" if outcome == "failed" else "note", outcome, subject, f"{finding.hint} [{finding.rule}]")


def report_of(command: Sequence[str], folder: Path, waits: Callable[[str], None]) -> dict[str, Any]:
    """What a command of this tool reports as JSON; its other lines go to ``waits``. Raises ConfigurationError if it reports nothing."""
    with subprocess.Popen(
        [sys.executable, "-m", "deploybook", *command],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        lines: list[str] = []
        reader = threading.Thread(target=lambda stream: lines.append(stream.read()), args=[process.stdout], daemon=True)
        reader.start()
        said = ""
        try:
            for line in process.stderr:
                said = said if said.startswith(ERROR) else line.strip() or said
                waits(line.rstrip())
        except BaseException:
            process.terminate()
            raise
        reader.join()
    if not "".join(lines).strip():
        raise ConfigurationError(
            f"deploybook {' '.join(command)} reported nothing: {said.removeprefix(ERROR)}", "Run it in a terminal."
        )
    report: dict[str, Any] = json.loads("".join(lines))
    return report
