from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from deploybook.errors import DocsError
from deploybook.site.diagrams import Diagrams

SOURCE = """\
flowchart LR
  accTitle: Two parts & their link
  accDescr: One calls two.
  one["The <b>first</b>"] -->|calls| two[("Store<br/>Two")]
  three --> two
"""


def page(source: str = SOURCE) -> str:
    return f"before\n\n```mermaid\n{source}```\n\nafter\n"


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> str:
    diagrams = Diagrams(tmp_path_factory.mktemp("diagrams"))
    return diagrams.drawn(diagrams.placed(page(), "docs/x.md", page()))


def svg(drawn: str) -> ElementTree.Element:
    text = drawn[drawn.index("<svg") : drawn.index("</svg>") + 6]
    return ElementTree.fromstring(text.replace("<br>", "<br/>"))  # noqa: S314 - made here


def test_a_block_of_mermaid_becomes_a_drawing_with_its_labels(drawn: str) -> None:
    assert drawn.startswith("before\n")
    assert drawn.endswith("after\n")
    assert "```" not in drawn
    text = "".join(svg(drawn).itertext())
    assert all(label in text for label in ("calls", "Store", "three"))


def test_a_drawing_has_a_name_a_description_and_its_text_for_who_does_not_see_it(drawn: str) -> None:
    root = svg(drawn)
    named = {element.get("id"): element.text for element in root.iter() if element.tag in {"title", "desc"}}
    assert root.get("role") == "img"
    assert named[root.get("aria-labelledby")] == "Two parts & their link"
    assert named[root.get("aria-describedby")] == "One calls two."
    assert "accDescr: One calls two.\n  one[&quot;The &lt;b&gt;first&lt;/b&gt;&quot;]" in drawn


def test_a_drawing_asks_for_nothing_and_has_no_colours_of_its_own(drawn: str) -> None:
    root = svg(drawn)
    assert {element.tag for element in root.iter()} & {"style", "script", "image", "use", "link"} == set()
    assert "http" not in drawn
    assert [element.attrib for element in root.iter() if {"fill", "stroke"} & set(element.attrib)] == []


def test_only_what_is_referred_to_keeps_an_id(drawn: str) -> None:
    root = svg(drawn)
    ids = [identity for element in root.iter() if (identity := element.get("id"))]
    text = ElementTree.tostring(root, encoding="unicode")
    assert ids
    assert len(ids) == len(set(ids))
    assert [identity for identity in ids if text.count(identity) < 2] == []
    assert all(identity.startswith("diagram-") or "diagram-" in identity for identity in ids)


def test_a_drawing_is_kept_until_its_text_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []

    class Drawing:
        def __init__(self, source: str, **_: object) -> None:
            sources.append(source)

        def svg(self) -> str:
            return '<svg xmlns="x" id="my-svg" viewBox="0 0 10 20"></svg>'

    monkeypatch.setattr("mermaidx.render", Drawing)
    for source in (SOURCE, SOURCE, SOURCE + "  three --> one\n"):
        Diagrams(tmp_path).placed(page(source), "docs/x.md", page(source))
    assert sources == [SOURCE, SOURCE + "  three --> one\n"]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        (
            "flowchart LR\n  accTitle: a\n  accDescr: b\n  one -->\n",
            "Mermaid refuses the diagram: Error: Parse error on line .*one -->",
        ),
        ("flowchart LR\n  accDescr: b\n  one --> two\n", "has no accTitle"),
        ("flowchart LR\n  accTitle: a\n  one --> two\n", "has no accDescr"),
    ],
)
def test_a_diagram_that_is_wrong_or_without_words_is_refused_with_its_line(
    tmp_path: Path, source: str, message: str
) -> None:
    with pytest.raises(DocsError, match=message) as caught:
        Diagrams(tmp_path).placed(page(source), "docs/x.md", page(source))
    assert caught.value.path == "docs/x.md"
    assert caught.value.line == 3
    assert list(tmp_path.iterdir()) == []
