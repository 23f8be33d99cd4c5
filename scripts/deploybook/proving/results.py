"""What was proved, when, at which commit and where: the last try of each scenario is kept in ``build/proofs/``, one file for each kind.

A shard of a run has a file of its own; files of one kind that lie together are read together, so that shards need no merging.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from junitparser import Failure, JUnitXml, TestCase, TestSuite

from deploybook.proving.scenarios import Outcome
from deploybook.runner.report import NOT_IN_XML


@dataclass(frozen=True)
class Run:
    """One run: when it began (UTC, ISO 8601), at which commit, where, on how many workers and how many seconds."""

    at: str
    commit: str
    place: str
    workers: int
    seconds: float
    total: int


@dataclass(frozen=True)
class Tried:
    """The last try of one scenario."""

    holds: bool
    detail: str
    seconds: float
    at: str
    commit: str
    where: str
    data: dict[str, Any] = field(default_factory=dict)


def folder(root: Path) -> Path:
    """Where the results are kept."""
    return root / "build" / "proofs"


def read_results(root: Path, kind: str) -> dict[str, Tried]:
    """The last try of each scenario of a kind, by its name."""
    latest: dict[str, Tried] = {}
    for kept in _files(root, kind):
        for name, values in kept["scenarios"].items():
            tried = Tried(**values)
            if name not in latest or latest[name].at <= tried.at:
                latest[name] = tried
    return latest


def read_runs(root: Path, kind: str) -> list[Run]:
    """The latest run of each of a kind's files, oldest first."""
    return sorted((Run(**kept["run"]) for kept in _files(root, kind)), key=lambda run: run.at)


def _files(root: Path, kind: str) -> Iterator[dict[str, Any]]:
    for path in sorted(folder(root).glob(f"{kind}*.json")):
        kept = json.loads(path.read_text(encoding="utf-8"))
        if kept["kind"] == kind:
            yield kept


def keep(root: Path, kind: str, run: Run, outcomes: Iterable[Outcome], part: str = "") -> Path:
    """Keep the outcomes of a run beside those of earlier ones; the file. ``part`` is the shard, such as ``3-of-10``."""
    path = folder(root) / (f"{kind}.{part}.json" if part else f"{kind}.json")
    scenarios = json.loads(path.read_text(encoding="utf-8"))["scenarios"] if path.is_file() else {}
    at = datetime.now(UTC).isoformat(timespec="seconds")
    for outcome in outcomes:
        tried = Tried(outcome.holds, outcome.detail, outcome.seconds, at, run.commit, outcome.where, outcome.data)
        scenarios[outcome.name] = asdict(tried)
    path.parent.mkdir(parents=True, exist_ok=True)
    content = {"kind": kind, "run": asdict(run), "scenarios": dict(sorted(scenarios.items()))}
    # The site may be built meanwhile.
    written = path.with_suffix(".part")
    written.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    written.replace(path)
    return path


def write_junit(path: Path, outcomes: Mapping[str, Iterable[Outcome]]) -> None:
    """Write the outcomes as JUnit: a suite for each kind, a case for each scenario."""
    document = JUnitXml()
    for kind, of_kind in outcomes.items():
        suite = TestSuite(f"prove {kind}")
        for outcome in of_kind:
            case = TestCase(NOT_IN_XML.sub("�", outcome.name), f"deploybook.prove.{kind}", outcome.seconds)
            if not outcome.holds:
                case.result = [Failure(NOT_IN_XML.sub("�", outcome.detail))]
            suite.add_testcase(case)
        document.add_testsuite(suite)
    path.parent.mkdir(parents=True, exist_ok=True)
    document.write(str(path), pretty=True)
