"""What a program can fix: the generated parts of the pages, the settings' schema, and the form of the notebooks."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from deploybook.checks.rules.notebook import canonical
from deploybook.guide.generated import Generator
from deploybook.guide.guide import Guide
from deploybook.layout import Layout
from deploybook.runbook.settings_schema import schema_path, schema_text


def fix(layout: Layout, generator: Generator) -> Iterator[Path]:
    """Write it, and tell each file that was written. Raises DocsError for a mark in a page that is not closed."""
    guide = Guide.read(layout)
    schema, text = schema_path(layout), schema_text(layout, guide.contract)
    if not schema.exists() or schema.read_text(encoding="utf-8") != text:
        schema.parent.mkdir(exist_ok=True)
        schema.write_text(text, encoding="utf-8")
        yield schema
    for path, wanted in generator.stale(guide):
        path.write_text(wanted, encoding="utf-8")
        yield path
    for path in sorted((layout.root / "runbooks").glob("*.ipynb")):
        have = path.read_text(encoding="utf-8")
        if (wanted := canonical(have)) != have:
            path.write_text(wanted, encoding="utf-8")
            yield path
