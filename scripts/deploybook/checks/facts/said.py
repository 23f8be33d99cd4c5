"""All that the guide says, sentence by sentence: of its pages, and of its runbooks, each of whose code cells counts as a block."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

from deploybook.checks.facts.tree import Cell, Notebook, Tree
from deploybook.guide.page import parse_page
from deploybook.guide.sentences import Sentence, digest_of, sentences


def said(tree: Tree) -> Mapping[str, tuple[Sentence, ...]]:
    """The sentences of each file, in their order."""
    return tree.once(_said)


def _said(tree: Tree) -> dict[str, tuple[Sentence, ...]]:
    pages = {path: sentences(page) for path, page in tree.pages.items()}
    return pages | {notebook.path: of_notebook(notebook) for notebook in tree.notebooks.values()}


@lru_cache(maxsize=64)
def of_notebook(notebook: Notebook) -> tuple[Sentence, ...]:
    """The sentences of its Markdown cells, and its code cells, each at the place of its cell's id."""
    return tuple(sentence for cell in notebook.cells for sentence in _of_cell(notebook.path, cell))


def _of_cell(path: str, cell: Cell) -> list[Sentence]:
    if cell.kind == "code":
        return [Sentence(cell.line, cell.id, f"[python {digest_of(cell.source)}]")]
    inside = sentences(parse_page(f"{path}#{cell.id}", cell.source))
    return [replace(sentence, line=cell.line + sentence.line - 1, place=cell.id) for sentence in inside]
