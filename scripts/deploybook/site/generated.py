"""The parts of a page that are not written by hand, between ``<!-- generated: NAME ARGUMENT… -->`` and ``<!-- /generated -->``.

The source holds what a reader of the repository is to see, and ``python -m deploybook.site`` brings it up to date; the published page
is filled anew at every build. Links in what is generated are relative to ``docs/``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from deploybook.errors import DeploybookError, DocsError
from deploybook.site import (
    checks_reference,
    cli_reference,
    desk,
    drawings,
    errors_reference,
    names,
    overview,
    parameters,
    prerequisites,
    proofs_summary,
    running,
    sections,
    status_page,
    variables,
    verified,
)
from deploybook.site.guide import Guide
from deploybook.site.links import GENERATED, into_site, move

OPEN, CLOSE = "<!-- generated:", "<!-- /generated -->"
_BLOCK = re.compile(
    r"^<!-- generated: (?P<name>[a-z-]+)(?P<arguments>(?: [\w:-]+)*) -->\n(?P<body>.*?)^<!-- /generated -->$",
    re.DOTALL | re.MULTILINE,
)

Make = Callable[..., str]


class Block(NamedTuple):
    """What makes a block: for the site, and for the source where that is to show something else."""

    site: Make
    instead: Make | None = None

    @property
    def source(self) -> Make:
        """What makes it for the repository."""
        return self.instead or self.site


def _only_published(*_: object) -> str:
    return "_The published page shows here what the latest dry run proved._\n"


BLOCKS = {
    "sections": Block(sections.whole, sections.listed),
    "section-head": Block(sections.head),
    "or-run-it": Block(running.or_run_it_with_button, running.or_run_it),
    "verified": Block(verified.verified_line, _only_published),
    "runbooks": Block(overview.runbooks, _only_published),
    "status-latest": Block(status_page.latest, _only_published),
    "status-durations": Block(status_page.whole_runs, _only_published),
    "status-history": Block(status_page.sections_history, _only_published),
    "status-entries": Block(proofs_summary.proofs_summary, _only_published),
    "section-order": Block(overview.order),
    "order-diagram": Block(drawings.order_diagram),
    "variables-diagram": Block(drawings.variables_diagram),
    "desk": Block(desk.desk, desk.nothing_yet),
    "names": Block(names.names_form, names.names_table),
    "tracking-table": Block(desk.tracking_form, variables.tracking_table),
    "service-tables": Block(variables.service_tables),
    "variables": Block(variables.every_variable),
    "parameters": Block(parameters.every_parameter),
    "checks": Block(checks_reference.rules_reference),
    "credentials": Block(prerequisites.credentials_with_boxes, prerequisites.credentials_table),
    "cli": Block(cli_reference.cli_reference),
    "error-tree": Block(errors_reference.error_tree),
    "errors": Block(errors_reference.error_table),
    "exit-codes": Block(errors_reference.exit_codes),
}


def published(text: str, guide: Guide, path: str) -> str:
    """The text of the file ``path`` (from the checkout's root) as it is published: blocks filled, their marks gone, links moved."""
    text = _filled(text, guide, path, _site)
    while _BLOCK.search(text):  # a section that was read in has blocks of its own
        text = _filled(text, guide, path, _site)
    return move(text, path, path, into_site)


def refreshed(text: str, guide: Guide, path: str) -> str:
    """The text of the file ``path`` as it is to stand in the repository: blocks up to date, their marks kept."""
    return _filled(text, guide, path, _source)


def sources(guide: Guide) -> Iterator[Path]:
    """Every Markdown file of the guide, and the README."""
    yield from sorted(guide.docs.rglob("*.md"))
    readme = guide.layout.root / "README.md"
    if readme.is_file():
        yield readme


def stale(guide: Guide) -> Iterator[tuple[Path, str]]:
    """Each file whose generated parts are out of date, with the text that it should have."""
    for path in sources(guide):
        text = path.read_text(encoding="utf-8")
        wanted = refreshed(text, guide, path.relative_to(guide.layout.root).as_posix())
        if wanted != text:
            yield path, wanted


def _site(block: Block, _: str) -> tuple[Make, str]:
    return block.site, "{}"


def _source(block: Block, mark: str) -> tuple[Make, str]:
    return block.source, f"{mark}\n{{}}\n{CLOSE}"


def _filled(text: str, guide: Guide, path: str, choose: Callable[[Block, str], tuple[Make, str]]) -> str:
    _check_marks(text, path)

    def made(found: re.Match[str]) -> str:
        line = text.count("\n", 0, found.start()) + 1
        if found["name"] not in BLOCKS:
            raise DocsError(path, line, f"nothing generates {found['name']}", f"Use one of {', '.join(BLOCKS)}.")
        make, form = choose(BLOCKS[found["name"]], found[0].partition("\n")[0])
        try:
            body = make(guide, *found["arguments"].split())
        except DocsError:
            raise
        except (DeploybookError, TypeError) as problem:
            raise DocsError(path, line, f"{found['name']} is not generated: {problem}", "Correct the mark.") from None
        return form.format(move(f"\n{body}", GENERATED, path))

    return _BLOCK.sub(made, text)


def _check_marks(text: str, path: str) -> None:
    """Raise DocsError for a mark that opens and does not close, or closes without having opened."""
    rest = _BLOCK.sub(lambda found: "\n" * found[0].count("\n"), text)
    for number, line in enumerate(rest.splitlines(), 1):
        if line.startswith((OPEN, CLOSE)):
            raise DocsError(
                path, number, "a generated part is not closed, or not opened", f"Write {OPEN} NAME --> and {CLOSE}."
            )
