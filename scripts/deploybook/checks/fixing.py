"""What a program can mend: the generated parts of the pages, and the form of the notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploybook.checks.notebook_rules import canonical
from deploybook.layout import Layout
from deploybook.site.generated import stale
from deploybook.site.guide import Guide


def fix(layout: Layout) -> Iterator[Path]:
    """Write it, and tell each file that was written. Raises DocsError for a mark in a page that is not closed."""
    for path, wanted in stale(Guide.read(layout)):
        path.write_text(wanted, encoding="utf-8")
        yield path
    for path in sorted((layout.root / "runbooks").glob("*.ipynb")):
        have = path.read_text(encoding="utf-8")
        if (wanted := canonical(have)) != have:
            path.write_text(wanted, encoding="utf-8")
            yield path
