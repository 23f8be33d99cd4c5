"""The two things that `make guide` does, with the findings that follow from them."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from deploybook.checks.finding import Finding
from deploybook.layout import HOME_VARIABLE, Layout
from deploybook.runbook import environment


def run_everything(layout: Layout) -> Iterator[Finding]:
    """The dry run of all sections, in the checkout itself: its report is the site's evidence. One finding for each that failed."""
    before = set(_reports(layout))
    completed = _run(layout, "deploybook.cli", "run", "--mode", "dry-run")
    new = [path for path in _reports(layout) if path not in before]
    if completed.returncode and not new:
        yield Finding(
            "runbooks",
            1,
            "runbook-passes",
            f"the dry run did not start: {_last(completed.stdout)}",
            "Run deploybook run.",
        )
    for section in json.loads(new[-1].read_text(encoding="utf-8"))["sections"] if new else ():
        if section["status"] != "passed":
            reason = (
                "a claim was not tested"
                if section["status"] == "incomplete"
                else "a section that it needs did not pass"
            )
            error = section["error"] or {"message": reason, "hint": "", "cell": ""}
            message = f"the dry run of {section['slug']} is {section['status']}: {error['message']}"
            yield Finding(f"runbooks/{section['slug']}.ipynb", 1, "runbook-passes", message, error["hint"])


def build_site(layout: Layout) -> Iterator[Finding]:
    """``mkdocs build`` with every warning an error; one finding for each."""
    completed = _run(
        layout, "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(layout.root / "build" / "site")
    )
    if completed.returncode == 0:
        return
    warnings = re.findall(r"^(?:WARNING|ERROR) +-? *(.*)$", completed.stdout, re.MULTILINE)
    for warning in warnings or [_last(completed.stdout)]:
        named = re.search(r"'([\w/.-]+\.md)'", warning)
        path = f"docs/{named[1]}" if named and (layout.root / "docs" / named[1]).is_file() else "mkdocs.yml"
        yield Finding(path, 1, "site-builds", f"the site does not build: {warning}", "Run mkdocs build --strict.")


def _reports(layout: Layout) -> list[Path]:
    return sorted(layout.runs.glob("*/report.json"))


def _run(layout: Layout, module: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    environ = environment.machine(os.environ) | {HOME_VARIABLE: str(layout.root), "NO_MKDOCS_2_WARNING": "1"}
    command = (
        [sys.executable, "-c", "from deploybook.cli import main; main()"]
        if module == "deploybook.cli"
        else [sys.executable, "-m", module]
    )
    return subprocess.run(
        [*command, *arguments],
        cwd=layout.root,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def _last(output: str) -> str:
    lines = [line for line in output.splitlines() if line.strip()]
    return lines[-1].strip() if lines else "it printed nothing"
