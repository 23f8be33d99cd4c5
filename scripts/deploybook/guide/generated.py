"""The parts of a page that are not written by hand, between ``<!-- generated: NAME ARGUMENT… -->`` and ``<!-- /generated -->``.

The source holds what a reader of the repository is to see, and ``deploybook check --fix`` brings it up to date; the published page is
filled anew at every build. Links in what is generated are relative to ``docs/``. What makes a block stands in a table that the caller
hands over (``site/blocks.py``).
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deploybook.errors import DeploybookError, DocsError
from deploybook.guide.guide import Guide
from deploybook.guide.links import GENERATED, into_site, move

OPEN, CLOSE = "<!-- generated:", "<!-- /generated -->"
_BLOCK = re.compile(
    r"^(?P<indent> *)<!-- generated: (?P<name>[a-z-]+)(?P<arguments>(?: [\w:-]+)*) -->\n(?P<body>.*?)^(?P=indent)<!-- /generated -->$",
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


@dataclass(frozen=True)
class Generator:
    """Fills the generated parts of pages from a table of blocks by name."""

    blocks: Mapping[str, Block]

    def published(self, text: str, guide: Guide, path: str) -> str:
        """The text of the file ``path`` (from the checkout's root) as it is published: blocks filled, their marks gone, links moved."""
        text = self._filled(text, guide, path, _site)
        while _BLOCK.search(text):  # a section that was read in has blocks of its own
            text = self._filled(text, guide, path, _site)
        return move(text, path, path, into_site)

    def refreshed(self, text: str, guide: Guide, path: str) -> str:
        """The text of the file ``path`` as it is to stand in the repository: blocks up to date, their marks kept."""
        return self._filled(text, guide, path, _source)

    def stale(self, guide: Guide) -> Iterator[tuple[Path, str]]:
        """Each file whose generated parts are out of date, with the text that it should have."""
        for path in sources(guide):
            text = path.read_text(encoding="utf-8")
            wanted = self.refreshed(text, guide, path.relative_to(guide.layout.root).as_posix())
            if wanted != text:
                yield path, wanted

    def _filled(self, text: str, guide: Guide, path: str, choose: Callable[[Block, str], tuple[Make, str]]) -> str:
        _check_marks(text, path)

        def made(match: re.Match[str]) -> str:
            line = text.count("\n", 0, match.start()) + 1
            if match["name"] not in self.blocks:
                raise DocsError(
                    path, line, f"nothing generates {match['name']}", f"Use one of {', '.join(self.blocks)}."
                )
            make, form = choose(self.blocks[match["name"]], match[0].partition("\n")[0].strip())
            try:
                body = make(guide, *match["arguments"].split())
            except DocsError:
                raise
            except (DeploybookError, TypeError) as problem:
                raise DocsError(
                    path, line, f"{match['name']} is not generated: {problem}", "Correct the mark."
                ) from None
            # Within a list's item, what is generated stands as far in as its mark.
            return textwrap.indent(form.format(move(f"\n{body}", GENERATED, path)), match["indent"])

        return _BLOCK.sub(made, text)


def sources(guide: Guide) -> Iterator[Path]:
    """Every Markdown file of the guide, and the README."""
    yield from sorted(guide.docs.rglob("*.md"))
    readme = guide.layout.root / "README.md"
    if readme.is_file():
        yield readme


def _site(block: Block, _: str) -> tuple[Make, str]:
    return block.site, "{}"


def _source(block: Block, mark: str) -> tuple[Make, str]:
    return block.source, f"{mark}\n{{}}\n{CLOSE}"


def _check_marks(text: str, path: str) -> None:
    """Raise DocsError for a mark that opens and does not close, or closes without having opened."""
    rest = _BLOCK.sub(lambda match: "\n" * match[0].count("\n"), text)
    for number, line in enumerate(rest.splitlines(), 1):
        if line.lstrip().startswith((OPEN, CLOSE)):
            raise DocsError(
                path, number, "a generated part is not closed, or not opened", f"Write {OPEN} NAME --> and {CLOSE}."
            )
