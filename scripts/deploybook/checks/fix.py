"""What a program can fix: the generated parts of the pages, and the form of the notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploybook.checks.rules.notebook import canonical
from deploybook.guide.generated import Generator
from deploybook.guide.guide import Guide
from deploybook.layout import Layout


def fix(layout: Layout, generator: Generator) -> Iterator[Path]:
    """Write it, and tell each file that was written. Raises DocsError for a mark in a page that is not closed."""
    for path, wanted in generator.stale(Guide.read(layout)):
        path.write_text(wanted, encoding="utf-8")
        yield path
    for path in sorted((layout.root / "runbooks").glob("*.ipynb")):
        have = path.read_text(encoding="utf-8")
        if (wanted := canonical(have)) != have:
            path.write_text(wanted, encoding="utf-8")
            yield path
