"""What a run leaves behind: ``report.json`` and ``junit.xml`` beside the executed copies."""

from __future__ import annotations

import json
import re
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from junitparser import Failure, JUnitXml, Skipped, TestCase, TestSuite

from deploybook.errors import MachineFault, NotTested

RUNNING, ENDED, STOPPED = "running", "ended", "stopped"
# The status of a section that has not started.
NOT_RUN = "not-run"

# What a program's output can hold and an XML document can not (XML 1.0 §2.2).
NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


# The outcome of an event (``runbook/events.py``) that leaves a section incomplete.
NOT_TESTED = "not tested"


@dataclass
class CellResult:
    """One code cell: its id, how long it took in seconds, and the lines that it showed."""

    id: str
    seconds: float
    lines: list[dict[str, Any]] = field(default_factory=list)


@dataclass
class SectionResult:
    """One section. ``status`` is passed, incomplete, failed or not-run; ``error`` is ``{type, message, hint, entry, exit_code, cell}``.

    It is incomplete if nothing failed and something was ``not tested``: less is known of it than of one that passed.
    """

    slug: str
    title: str
    status: str = NOT_RUN
    seconds: float = 0.0
    notebook: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    cells: list[CellResult] = field(default_factory=list)
    error: dict[str, Any] | None = None

    def counts(self) -> dict[str, int]:
        """How many lines had each outcome, such as ``{"create": 2, "passed": 6}``."""
        return dict(Counter(line["outcome"] for cell in self.cells for line in cell.lines))

    def succeed(self) -> None:
        """Its notebook ended without an error."""
        self.status = "incomplete" if NOT_TESTED in self.counts() else "passed"

    def continued(self, later: SectionResult) -> SectionResult:
        """This section and what it did when it was executed once more in the same run: how that ended is how it ended."""
        seconds = round(self.seconds + later.seconds, 3)
        return replace(later, seconds=seconds, cells=[*self.cells, *later.cells])

    @property
    def lets_others_start(self) -> bool:
        """Whether sections that need this one may run: what is not tested has not failed."""
        return self.status in {"passed", "incomplete"}


@dataclass
class RunReport:
    """One run. Times are ISO 8601 in UTC; ``commit`` is the checkout's, with ``+`` if it had changes, empty outside git.

    ``status`` is running, ended or stopped: by ``signal``, a number. ``unwritten`` says why the report itself could not be written.
    """

    mode: str
    environment: str
    started: str
    seconds: float
    commit: str
    sections: list[SectionResult]
    status: str = ENDED
    signal: int = 0
    unwritten: MachineFault | None = None

    def longest(self, count: int) -> list[tuple[str, CellResult]]:
        """The cells that took longest, each with its section's slug."""
        cells = [(section.slug, cell) for section in self.sections for cell in section.cells]
        return sorted(cells, key=lambda pair: pair[1].seconds, reverse=True)[:count]

    @property
    def exit_code(self) -> int:
        """0 if every section passed, else the code of the first error, or of what is incomplete; a signal's own if one stopped the run."""
        if self.signal:
            return 128 + self.signal
        code = next((int(section.error["exit_code"]) for section in self.sections if section.error), 0)
        incomplete = NotTested.exit_code if any(section.status == "incomplete" for section in self.sections) else 0
        return code or (self.unwritten.exit_code if self.unwritten else incomplete)

    def write(self, directory: Path) -> None:
        """Replace ``report.json`` and ``junit.xml``. Raises OSError, and leaves those before as they are."""
        data = self.data()
        _replace(directory / "report.json", json.dumps(data, indent=1, ensure_ascii=False) + "\n")
        _junit(self.sections).write(str(directory / "junit.xml"), pretty=True)

    def data(self) -> dict[str, Any]:
        """What stands in ``report.json``."""
        data = {key: value for key, value in asdict(self).items() if key != "unwritten"}
        for section, result in zip(data["sections"], self.sections, strict=True):
            section["counts"] = result.counts()
        return data


class ReportFile:
    """The report of a run that goes on: it is on the disk from the first section on, and grows with each that ends."""

    def __init__(self, report: RunReport, directory: Path) -> None:
        self.report = report
        self.directory = directory
        self._began = time.monotonic()
        report.status = RUNNING
        report.write(directory)

    def add(self, result: SectionResult) -> None:
        """Note a section that has ended. A disk that has no room now may have it later: the end decides."""
        self.report.sections = [
            section.continued(result) if result.slug == section.slug else section for section in self.report.sections
        ]
        with suppress(OSError):
            self._write()

    def end(self, stopped_by: int) -> None:
        """Note that all sections have ended, by themselves or by a signal of this number."""
        self.report.status, self.report.signal = STOPPED if stopped_by else ENDED, stopped_by
        try:
            self._write()
        except OSError as error:
            self.report.unwritten = MachineFault.of(error)

    def _write(self) -> None:
        self.report.seconds = round(time.monotonic() - self._began, 3)
        self.report.write(self.directory)


def _replace(path: Path, text: str) -> None:
    """Nobody reads half a report, not even if the run is killed while it is written."""
    half = path.with_name(f".{path.name}")
    try:
        half.write_text(text, encoding="utf-8")
        half.replace(path)
    except OSError:
        half.unlink(missing_ok=True)
        raise


def _junit(sections: Iterable[SectionResult]) -> JUnitXml:
    document = JUnitXml("deploybook")
    for section in sections:
        suite = TestSuite(section.slug)
        suite.time = section.seconds
        for case in _cases(section):
            suite.add_testcase(case)
        document.add_testsuite(suite)
    return document


def _cases(section: SectionResult) -> Iterable[TestCase]:
    for cell in section.cells:
        for line in cell.lines:
            if line["step"] in {"check", "preflight"} or line["outcome"] == "failed":
                yield _case(section.slug, line)
    if section.status == NOT_RUN:
        case = TestCase("the runbook", section.slug)
        reason = "a section that it needs did not pass, a value for it was not copied, or the run was stopped before it"
        case.result = [Skipped(reason)]
        yield case
    elif section.error:
        case = TestCase(f"cell {section.error['cell']}", section.slug)
        text = f"{section.error['message']} {section.error['hint']}"
        case.result = [Failure(NOT_IN_XML.sub("", text), section.error["type"])]
        yield case


def _case(slug: str, line: dict[str, Any]) -> TestCase:
    case = TestCase(line["subject"], slug)
    if line["outcome"] == "failed":
        case.result = [Failure(NOT_IN_XML.sub("", line["detail"]), line["entry"] or None)]
    elif line["outcome"] in {NOT_TESTED, "left out", "later"}:
        case.result = [Skipped(line["detail"])]
    return case
