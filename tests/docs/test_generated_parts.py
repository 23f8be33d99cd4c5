from __future__ import annotations

from deploybook.layout import find_layout
from deploybook.site.generated import stale
from deploybook.site.guide import Guide


def test_every_generated_part_is_up_to_date() -> None:
    guide = Guide.read(find_layout())
    outdated = [str(path.relative_to(guide.layout.root)) for path, _ in stale(guide)]
    assert outdated == [], "run: python -m deploybook.site"
