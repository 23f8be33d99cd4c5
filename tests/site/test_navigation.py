"""Where the runbooks stand in the navigation."""

from __future__ import annotations

from tests.conftest import CONTRACT, ROOT

from deploybook.guide.guide import Guide
from deploybook.layout import Layout
from deploybook.site.navigation import INDEX, with_runbooks


def test_the_application_comes_before_the_sections_and_the_doctor_after_them() -> None:
    [start, runbooks] = with_runbooks([{"Start here": "index.md"}, {"Runbooks": [INDEX]}], Guide.read(Layout(ROOT)))
    index, *pages = runbooks["Runbooks"]
    assert start == {"Start here": "index.md"}
    assert index == INDEX
    assert [path for page in pages for path in page.values()] == [
        f"runbooks/{slug}.md" for slug in ("application", *CONTRACT.order(), "doctor")
    ]
