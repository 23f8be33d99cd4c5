"""Diagrams: each block of Mermaid in a page becomes a drawing in the page itself, made while the site is built.

Drawn by Mermaid's own code (mermaidx runs it without a browser), so that a page needs no script and asks nobody for one. Its colours are
the page's: Mermaid's style is left out, and ``docs/assets/diagrams.css`` stands in for it, in light and dark.
"""

from __future__ import annotations

import hashlib
import html
import re
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from xml.etree import ElementTree

import mermaidx

from deploybook.errors import DocsError
from deploybook.state.atomic import write_private

_BLOCK = re.compile(r"^```mermaid\n(?P<source>.*?)^```$", re.DOTALL | re.MULTILINE)
_PLACE = re.compile(r'<div data-diagram="(?P<key>[0-9a-f]+)"></div>')
_TITLE = re.compile(r"^\s*accTitle: (?P<title>.+)$", re.MULTILINE)
_DESCRIPTION = re.compile(r"^\s*accDescr: (?P<description>.+)$", re.MULTILINE)
_REFERENCE = re.compile(r"#([\w-]+)")

# As narrow as can be read: a page's column is 690 pixels wide at a desk.
CONFIG = {
    "fontFamily": "sans-serif",
    "themeVariables": {"fontSize": "14px"},
    "flowchart": {"nodeSpacing": 30, "rankSpacing": 50, "padding": 10, "wrappingWidth": 300, "useMaxWidth": False},
    "sequence": {
        "actorMargin": 12,
        "width": 104,
        "height": 46,
        "messageMargin": 30,
        "diagramMarginX": 4,
        "diagramMarginY": 4,
        "actorFontSize": 13,
        "messageFontSize": 13,
        "noteFontSize": 13,
        "mirrorActors": False,
        "wrap": True,
        "useMaxWidth": False,
    },
}


class Diagrams:
    """Draws, and keeps what it drew in a folder: a drawing changes only with its text, the settings above and mermaidx."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def placed(self, text: str, path: str, source: str) -> str:
        """Markdown with a place for each of its diagrams. Raises DocsError for one without a title or that Mermaid refuses.

        ``source`` is the file ``path`` as it is written, to tell the line.
        """

        def place(match: re.Match[str]) -> str:
            line = source.count("\n", 0, source.find(match[0])) + 1 if match[0] in source else 1
            self._check(match["source"], path, line)
            return f'<div data-diagram="{self._key(match["source"])}"></div>\n'

        return _BLOCK.sub(place, text)

    def drawn(self, page: str) -> str:
        """HTML with the diagrams in their places."""
        return _PLACE.sub(lambda match: self._kept(match["key"]), page)

    def _check(self, source: str, path: str, line: int) -> None:
        for name, wanted in (("accTitle", _TITLE), ("accDescr", _DESCRIPTION)):
            if not wanted.search(source):
                hint = f"Write `{name}: …` below its first line, for those who do not see it."
                raise DocsError(path, line, f"the diagram has no {name}", hint)
        key = self._key(source)
        if self._file(key).is_file():
            return
        try:
            drawing = mermaidx.render(source, config=CONFIG).svg()
        except RuntimeError as problem:
            # Mermaid's first two lines: which line of the diagram, and what stands there.
            reason = " ".join(str(problem).removeprefix("Mermaid rendering failed: ").split("\n")[:2])
            raise DocsError(path, line, f"Mermaid refuses the diagram: {reason}", "Correct it.") from None
        write_private(self._file(key), figure(drawing, source, f"diagram-{key}"))

    def _kept(self, key: str) -> str:
        return self._file(key).read_text(encoding="utf-8")

    def _file(self, key: str) -> Path:
        return self._folder / f"{key}.html"

    @staticmethod
    def _key(source: str) -> str:
        ours = Path(__file__).read_text(encoding="utf-8")
        return hashlib.sha256("\0".join([version("mermaidx"), ours, source]).encode()).hexdigest()[:16]


def figure(drawing: str, source: str, identity: str) -> str:
    """Mermaid's SVG in a frame that scrolls by itself, and its text below it."""
    title = _TITLE.search(source)
    assert title
    name = html.escape(title["title"])
    return (
        f'<figure class="db-diagram"><div class="db-diagram-frame" tabindex="0" role="group" aria-label="{name}">'
        f"{_cleaned(drawing, identity)}</div>"
        f"<figcaption>{name}</figcaption>"
        f"<details><summary>The diagram as text</summary><pre><code>{html.escape(source)}</code></pre></details></figure>"
    )


def _cleaned(drawing: str, identity: str) -> str:
    """The SVG as a part of an HTML page: no style of its own, no second id of the same name, its size in pixels."""
    # Inside HTML neither namespace is written.
    plain = re.sub(r' xmlns="[^"]*"', "", drawing).replace("my-svg", identity)
    root = ElementTree.fromstring(plain)  # noqa: S314 - made by Mermaid a moment ago
    _, _, width, height = root.get("viewBox", "0 0 0 0").split()
    for name in ("style", "aria-roledescription"):
        root.attrib.pop(name, None)
    root.attrib |= {"role": "img", "width": f"{float(width):.0f}", "height": f"{float(height):.0f}"}
    root.set("class", f"{root.get('class', '')} db-drawing".strip())
    _remove(
        root, lambda element: element.tag in {"style", "symbol"} or element.get("width") == element.get("height") == "0"
    )
    used = set(_references(root))
    _remove(root, lambda element: element.tag == "marker" and element.get("id") not in used)
    for element in root.iter():
        for name in [name for name in element.attrib if name.startswith("data-")]:
            del element.attrib[name]
        if element.get("id") not in used:
            element.attrib.pop("id", None)
    return ElementTree.tostring(root, encoding="unicode", method="html")


def _remove(element: ElementTree.Element, unwanted: Callable[[ElementTree.Element], bool]) -> None:
    for child in list(element):
        if unwanted(child):
            element.remove(child)
        else:
            _remove(child, unwanted)


def _references(root: ElementTree.Element) -> Iterator[str]:
    """The ids that something in the drawing refers to."""
    for element in root.iter():
        for name, value in element.attrib.items():
            if name.startswith("aria-"):
                yield from value.split()
            elif "#" in value:
                yield from _REFERENCE.findall(value)
