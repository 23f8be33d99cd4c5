from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

# A link that a reader may follow; nothing of it is loaded.
OUTSIDE = {"https://squidfunk.github.io/mkdocs-material/"}


class _Page(HTMLParser):
    """What a page links to, what it loads, and its anchors."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the attributes that matter."""
        attributes = {name: value or "" for name, value in attrs}
        self.anchors |= {attributes[name] for name in ("id", "name") if name in attributes}
        if tag == "a" and "href" in attributes:
            self.links.append(attributes["href"])
        self.loads += [
            attributes[name] for name in ("src", "srcset", "poster", "data") if tag != "a" and name in attributes
        ]
        if tag == "link" and "href" in attributes:
            self.loads.append(attributes["href"])


def pages(site: Path) -> Iterator[tuple[Path, _Page]]:
    for path in sorted(site.rglob("*.html")):
        # 404.html is served at any depth: its links are the only ones from the root.
        if path.name != "404.html":
            yield path, _Page(path.read_text(encoding="utf-8"))


def dead_links(site: Path) -> list[str]:
    parsed = dict(pages(site))
    dead = []
    for path, page in parsed.items():
        for link in [*page.links, *page.loads]:
            if link in OUTSIDE:
                continue
            parts = urlsplit(link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            target = target / "index.html" if target.is_dir() else target
            anchors = parsed[target].anchors if target in parsed else set()
            missing = parts.fragment and target.suffix == ".html" and parts.fragment not in anchors
            if parts.scheme or parts.netloc or link.startswith("/") or not target.is_file() or missing:
                dead.append(f"{path.relative_to(site)}: {link}")
    return dead


def test_every_link_is_relative_and_leads_somewhere(checkout: Checkout) -> None:
    result = checkout.build()
    assert result.returncode == 0, result.stderr
    site = checkout.root / "build" / "site"
    assert len(list(pages(site))) > 10
    assert dead_links(site) == []


def test_every_link_leads_somewhere_after_a_run_too(site: Path) -> None:
    assert dead_links(site) == []


def test_a_site_by_itself_asks_for_no_other_versions(site: Path) -> None:
    assert '"provider": "mike"' not in (site / "index.html").read_text()


def test_the_outputs_of_a_run_are_on_the_page(site: Path) -> None:
    page = (site / "runbooks" / "r2.html").read_text(encoding="utf-8")
    assert "a presigned PUT &lt;is&gt; *accepted*" in page
    assert "href='../troubleshooting.html#cors'" in page
    assert "with &lt;angles&gt;" in page


def test_the_notebook_can_be_downloaded_as_it_is(site: Path, checkout: Checkout) -> None:
    for name in ("r2.ipynb", "r2.ipynb.txt"):
        assert (site / "runbooks" / name).read_bytes() == checkout.layout.notebook("r2").read_bytes()


def test_every_page_says_in_its_footer_when_the_site_was_proved(site: Path) -> None:
    for path, _ in pages(site):
        footer = path.read_text(encoding="utf-8").partition("md-copyright__highlight")[2]
        assert "Not proved: 6 of 8 sections did not pass or did not run. Latest dry run at commit 0123456+" in footer


def test_the_diagrams_are_drawn_into_the_pages(site: Path) -> None:
    page = next(site.rglob("architecture*/index.html"), site / "architecture.html").read_text(encoding="utf-8")
    assert len(re.findall(r'class="[^"]*db-drawing"', page)) == page.count("<figure") == 4
    assert "```mermaid" not in page
    assert "data-diagram" not in page
    assert "<p>INTERNAL_WEBHOOK_SECRET</p>" in page


def test_a_build_remembers_the_runs_that_it_tells_of(site: Path) -> None:
    remembered = json.loads((site.parent / "history.json").read_text(encoding="utf-8"))
    assert [run["sections"][0]["slug"] for run in remembered] == ["r2", "webhook_secret"]


def test_every_checkbox_has_the_name_of_its_step_and_an_id_that_stays(site: Path) -> None:
    page = (site / "DEPLOY_PROD_CHECKLIST.html").read_text(encoding="utf-8")
    assert 'id="step-r2-create-the-bucket" aria-label="Create the bucket"' in page
    boxes = re.findall(r'<label class="task-list-control">(<input [^>]*>)', page)
    assert len(boxes) > 40
    assert [box for box in boxes if 'id="step-' not in box or "aria-label=" not in box] == []


def test_a_dead_link_fails_the_build(checkout: Checkout) -> None:
    checkout.own("docs")
    with (checkout.root / "docs" / "index.md").open("a", encoding="utf-8") as page:
        page.write("\n[nowhere](troubleshooting.md#no-such-entry)\n")
    result = checkout.build()
    assert result.returncode == 1
    assert "no-such-entry" in result.stderr


def test_an_error_of_ours_ends_the_build_in_one_message(checkout: Checkout) -> None:
    checkout.own("docs")
    (checkout.root / "docs" / "index.md").write_text("# x\n\n<!-- generated: nonsense -->\n<!-- /generated -->\n")
    result = checkout.build()
    assert result.returncode == 1
    assert "docs/index.md:3: nothing generates nonsense" in result.stderr
    assert "Traceback" not in result.stderr
