"""What the pages quote of a run, against what the latest dry run printed: compared at every build of the site.

``deploybook check --run`` executes the blocks, which takes minutes. Most of them run a section, and a dry run of it is what a site is built
from: it prints the lines of ``apply`` and ``verify`` too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from deploybook.checks.execution.attempt import Attempt
from deploybook.checks.execution.output import compared
from deploybook.checks.finding import Finding
from deploybook.guide.guide import Guide
from deploybook.guide.page import Block, parse_page
from deploybook.guide.shell import Command, commands
from deploybook.runbook.modes import Mode
from deploybook.runner.progress import Progress, summarize
from deploybook.runner.report import CellResult, RunReport, SectionResult
from deploybook.site.verified import changed_since

# Modes whose lines a dry run prints, and the parameter that names no other thing to do.
SHOWN = frozenset({Mode.DRY_RUN, Mode.APPLY, Mode.VERIFY})
ANOTHER_REPOSITORY = "git_repository"
# Not in a report's folder, so that nothing of it is taken for a path of the reader's.
FOLDER = "build/runs/…"


def differing(guide: Guide) -> Iterator[Finding]:
    """A quotation on a page that the latest dry run did not print; none of a section that failed, or was changed since."""
    for path in sorted(guide.docs.rglob("*.md")):
        page = parse_page(path.relative_to(guide.layout.root).as_posix(), path.read_text(encoding="utf-8"))
        for block in page.blocks:
            if printed := _printed(guide, block):
                yield from compared(Attempt(page, block, 0, printed, 0.0))


def _printed(guide: Guide, block: Block) -> str:
    """What a block's runs print; empty if it has another command too, or if no dry run says it."""
    if block.language != "sh":
        return ""
    runs = [_sections(guide, command) for command in commands(block.text) if command.name == "deploybook"]
    slugs = runs[-1] if runs else ()
    current = bool(slugs) and all(
        slug in guide.evidence and guide.evidence[slug].status == "passed" and not changed_since(guide, slug)
        for slug in slugs
    )
    return _shown(guide, slugs) if current else ""


def _sections(guide: Guide, command: Command) -> tuple[str, ...]:
    """The sections that a command runs, as far as a dry run says what it prints."""
    words = list(command.words)
    options = {word: words[place + 1] for place, word in enumerate(words[:-1]) if word in {"--mode", "-p"}}
    not_sections = set(options) | set(options.values()) | {"deploybook", "run"}
    rest = [word for word in words if word not in not_sections and not word.startswith("<")]
    named = [word for word in rest if word in guide.contract.order()]
    mode = options.get("--mode", Mode.DRY_RUN)
    if words[1:2] != ["run"] or mode not in SHOWN or options.get("-p", ANOTHER_REPOSITORY) != ANOTHER_REPOSITORY:
        return ()
    return tuple(named or guide.contract.order()) if rest == named else ()


def _shown(guide: Guide, slugs: tuple[str, ...]) -> str:
    """The lines of these sections, and the summary of a run that has no others."""
    output = StringIO()
    console = Console(file=output, width=10_000)
    progress = Progress(console, total=len(slugs))
    results = []
    for slug in slugs:
        result = _result(guide.evidence[slug].notebook.parent, slug)
        for cell in result.cells:
            progress.cell_done(slug, cell)
        progress.section_done(result)
        results.append(result)
    summarize(console, RunReport(str(Mode.DRY_RUN), "production", "", 0.0, "", results), FOLDER)
    return output.getvalue()


def _result(folder: Path, slug: str) -> SectionResult:
    report: dict[str, Any] = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    section = next(section for section in report["sections"] if section["slug"] == slug)
    cells = [CellResult(**cell) for cell in section["cells"]]
    return SectionResult(slug, section["title"], section["status"], section["seconds"], cells=cells)
