"""What is checked: the files of one checkout, read once."""

from __future__ import annotations

import ast
import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, TypeVar

import click

from deploybook.checks.facts.sources import Sources, read_sources, strings_of
from deploybook.contract.model import Contract, parse_contract
from deploybook.guide.generated import Generator
from deploybook.guide.guide import Guide
from deploybook.guide.page import Page, parse_page
from deploybook.layout import Layout
from deploybook.runbook.notebook_file import NotebookParameter, read_parameters

Gathered = TypeVar("Gathered")
# Pages outside of docs/ that make statements too.
BESIDE = ("README.md", "CONTRIBUTING.md")
PACKAGE = "scripts/deploybook"


@dataclass(frozen=True)
class Cell:
    """A cell of a runbook; ``line`` is that of its source in the file."""

    id: str
    kind: str
    tags: tuple[str, ...]
    source: str
    line: int

    @cached_property
    def module(self) -> ast.Module:
        """A code cell as Python; without a statement if it is none, or no code cell (notebook-form says which are none)."""
        try:
            return ast.parse(self.source if self.kind == "code" else "")
        except SyntaxError:
            return ast.Module([], [])


@dataclass(frozen=True)
class Notebook:
    """A runbook as a file."""

    slug: str
    path: str
    text: str
    cells: tuple[Cell, ...]

    @property
    def code(self) -> str:
        """The source of all its code cells."""
        return "\n".join(cell.source for cell in self.cells if cell.kind == "code")

    @cached_property
    def strings(self) -> tuple[str, ...]:
        """What its code cells say."""
        return tuple(strings_of(self.code))

    def line_of(self, words: str) -> int:
        """The line of the file in which some words stand first; 1 if they don't."""
        quoted = json.dumps(words, ensure_ascii=False)[1:-1]
        start = self.text.find(quoted)
        return self.text.count("\n", 0, max(start, 0)) + 1


@dataclass(frozen=True)
class Tree:
    """The checkout below ``root``, and the program that its pages speak of: its command line, and what generates parts of them.

    Every property is read at its first use and kept.
    """

    root: Path
    cli: click.Command
    generator: Generator

    def once(self, gather: Callable[[Tree], Gathered]) -> Gathered:
        """What a function gathers from this tree, gathered at the first call."""
        if gather not in self._gathered:
            self._gathered[gather] = gather(self)
        result: Gathered = self._gathered[gather]
        return result

    @cached_property
    def _gathered(self) -> dict[Callable[[Tree], Any], Any]:
        return {}

    @cached_property
    def layout(self) -> Layout:
        """Where things stand."""
        return Layout(self.root)

    @cached_property
    def contract(self) -> Contract:
        """The contract; raises InvalidValue."""
        path = self.layout.contract
        return _contract(path.read_text(encoding="utf-8"), path.name)

    @cached_property
    def guide(self) -> Guide:
        """What the generated parts are made from. No run counts: the repository's pages don't tell of any."""
        return Guide(self.layout, self.contract, {})

    @cached_property
    def pages(self) -> dict[str, Page]:
        """Every page by its path, in the order of the paths."""
        paths = sorted((self.root / "docs").rglob("*.md")) + [self.root / name for name in BESIDE]
        names = [path.relative_to(self.root).as_posix() for path in paths if path.is_file()]
        return {name: parse_page(name, self.text(name)) for name in names}

    @cached_property
    def notebooks(self) -> dict[str, Notebook]:
        """Every notebook by its name."""
        result = sorted((self.root / "runbooks").glob("*.ipynb"))
        return {path.stem: parse_notebook(path.stem, path.read_text(encoding="utf-8")) for path in result}

    @property
    def runbooks(self) -> dict[str, Notebook]:
        """Those of the notebooks that are a section's."""
        return {slug: self.notebooks[slug] for slug in self.contract.order() if slug in self.notebooks}

    @cached_property
    def parameters(self) -> dict[str, dict[str, NotebookParameter]]:
        """Each notebook's parameters; raises DocsError for one that is not written as they are to be."""
        return {slug: read_parameters(self.layout.notebook(slug)) for slug in self.notebooks}

    @cached_property
    def sources(self) -> Sources:
        """What the package's own code knows."""
        return read_sources(self.root / PACKAGE, self.root / ".cache" / "sources")

    def text(self, path: str) -> str:
        """A file's text."""
        return (self.root / path).read_text(encoding="utf-8")

    def refreshed(self, path: str) -> str:
        """A page as it would be with its generated parts brought up to date; raises DocsError for a mark that is not closed."""
        if path not in self._refreshed:
            self._refreshed[path] = self.generator.refreshed(self.text(path), self.guide, path)
        return self._refreshed[path]

    @cached_property
    def _refreshed(self) -> dict[str, str]:
        return {}

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""
        return (self.root / path).exists()

    def section_page(self, slug: str) -> Page | None:
        """A section's page, if it is written."""
        return self.pages.get(f"docs/sections/{slug}.md")

    def contract_line(self, words: str) -> int:
        """The line of the contract in which some words stand first; 1 if they don't."""
        lines = self.text("runbooks/contract.toml").splitlines()
        return next((number for number, line in enumerate(lines, 1) if words in line), 1)


@lru_cache(maxsize=64)
def _contract(text: str, name: str) -> Contract:
    return parse_contract(text, name)


@lru_cache(maxsize=512)
def parse_notebook(slug: str, text: str) -> Notebook:
    """Read a notebook; raises ValueError (of which json's is one) or KeyError if it is none."""
    data: dict[str, Any] = json.loads(text)
    cells = []
    begin = 0
    for cell in data["cells"]:
        begin = max(text.find(f'"id": {json.dumps(cell["id"])}', begin), begin)
        line = text.count("\n", 0, text.find('"source"', begin)) + 1
        tags = tuple(cell["metadata"].get("tags", []))
        cells.append(Cell(cell["id"], cell["cell_type"], tags, "".join(cell["source"]), line))
    return Notebook(slug, f"runbooks/{slug}.ipynb", text, tuple(cells))
