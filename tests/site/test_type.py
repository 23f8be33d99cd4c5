"""The typeface is the guide's own, and every size is one of its scale."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.conftest import ROOT
from tests.site.browser import Open

ASSETS = ROOT / "docs" / "assets"
FONTS = ASSETS / "fonts"
PACKAGES = ROOT / "tests" / "clients" / "node_modules" / "@fontsource-variable"
ORIGINS = {
    "source-sans-3.woff2": "source-sans-3/files/source-sans-3-latin-wght-normal.woff2",
    "source-sans-3-italic.woff2": "source-sans-3/files/source-sans-3-latin-wght-italic.woff2",
    "source-code-pro.woff2": "source-code-pro/files/source-code-pro-latin-wght-normal.woff2",
}
STYLES = [*ASSETS.rglob("*.css"), *(ROOT / "scripts" / "deploybook" / "serve" / "acting").glob("*.css")]
# Drawings have a size of their own: their text was measured in it.
DRAWN = {"12px", "14px"}
LARGEST_BYTES = 120_000


def test_the_files_are_those_of_the_packages_with_their_licence() -> None:
    if not PACKAGES.is_dir():
        pytest.skip("tests/clients/node_modules is not installed: the fonts cannot be compared")
    for name, origin in ORIGINS.items():
        assert (FONTS / name).read_bytes() == (PACKAGES / origin).read_bytes(), name
        licence = (PACKAGES / origin.split("/")[0] / "LICENSE").read_text()
        assert licence in (FONTS / "LICENSE.txt").read_text(), name
    assert {path.name for path in FONTS.iterdir()} == {*ORIGINS, "LICENSE.txt"}


def test_they_are_no_larger_than_a_picture() -> None:
    assert sum((FONTS / name).stat().st_size for name in ORIGINS) < LARGEST_BYTES


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_every_size_is_a_step_of_the_scale(path: Path) -> None:
    sizes = re.findall(r"font-size: *([^;}]+)", path.read_text(encoding="utf-8"))
    assert [size for size in sizes if not re.fullmatch(r"var\(--db-\w+\)|1em", size) and size not in DRAWN] == []


def test_no_style_of_the_built_guide_fetches_from_elsewhere(site: Path) -> None:
    styles = list(site.rglob("*.css"))
    fetched = [
        (path.name, address)
        for path in styles
        for address in re.findall(r"(?:url\(|@import )[\"']?([^\"')]+)", path.read_text(encoding="utf-8"))
        if re.match(r"(?:[a-z]+:)?//", address)
    ]
    assert len(styles) > 5
    assert fetched == []


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_a_page_is_set_in_it(open_page: Open) -> None:
    page = open_page("concepts.html")
    loaded = "[...document.fonts].filter((face) => face.status === 'loaded').map((face) => `${face.family} ${face.style}`).sort()"
    page.evaluate("document.fonts.ready")
    assert page.evaluate(loaded) == ["Source Code Pro normal", "Source Sans 3 italic", "Source Sans 3 normal"]
    for selector, family in {".md-content p": "Source Sans 3", ".md-content code": "Source Code Pro"}.items():
        actual = str(page.locator(selector).first.evaluate("(element) => getComputedStyle(element).fontFamily"))
        assert actual.startswith(f'"{family}"'), selector


@pytest.mark.browser
@pytest.mark.xdist_group("browser")
def test_each_part_of_the_concepts_is_one_screen(open_page: Open) -> None:
    page = open_page("concepts.html")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.evaluate("document.fonts.ready")
    tops = page.locator(".md-content h2").evaluate_all(
        "(headings) => headings.map((heading) => [heading.id, heading.getBoundingClientRect().top + scrollY])"
    )
    end = page.locator(".md-content article").evaluate("(article) => article.getBoundingClientRect().bottom + scrollY")
    header = page.locator(".md-header").evaluate("(header) => header.offsetHeight")
    heights = {slug: below - top for (slug, top), below in zip(tops, [*(top for _, top in tops[1:]), end], strict=True)}
    assert {slug: height for slug, height in heights.items() if height > 800 - header} == {}
