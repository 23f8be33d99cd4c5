"""``python -m deploybook.site``: bring the generated parts of the guide's sources up to date."""

from __future__ import annotations

from deploybook.layout import find_layout
from deploybook.site.generated import stale
from deploybook.site.guide import Guide

guide = Guide.read(find_layout())
for path, wanted in list(stale(guide)):
    path.write_text(wanted, encoding="utf-8")
    print(path.relative_to(guide.layout.root))
