"""Mutations in the form of the pages: steps, parts, blocks, links, generated cells."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from tests.checks.mutations.mutation import Mutation, following, misspelt, replaced

from deploybook.checks.facts.tree import Tree
from deploybook.checks.rules.section import steps
from deploybook.guide.links import TROUBLESHOOTING
from deploybook.guide.page import Block, Heading, Page, Paragraph


def mutations(tree: Tree) -> Iterator[Mutation]:
    """Those of every page."""
    for page in tree.pages.values():
        yield from _links(tree, page)
        yield from _blocks(page)
        yield from _generated(page)
        yield from _tables(page)
        if page.path.startswith("docs/sections/"):
            yield from _section(page)
    yield from _entries(tree.pages[TROUBLESHOOTING])


def _lines(page: Page, kind: str, first: int, last: int, new: str = "") -> Mutation:
    """Lines first to last (counted from 1, last not included) replaced."""
    lines = page.text.splitlines(keepends=True)
    start = sum(len(line) for line in lines[: first - 1])
    return Mutation(kind, page.path, start, start + sum(len(line) for line in lines[first - 1 : last - 1]), new)


def _links(tree: Tree, page: Page) -> Iterator[Mutation]:
    target = r"(?<=\]\()(?P<path>[\w./-]+?\.(?:md|ipynb|toml))?(?:#(?P<anchor>[\w-]+))?(?=\))"

    def elsewhere(match: re.Match[str]) -> str | None:
        return misspelt(match["path"]) if match["path"] else None

    def other_anchor(match: re.Match[str]) -> str | None:
        return misspelt(match["anchor"]) if match["anchor"] else None

    def other_entry(match: re.Match[str]) -> str | None:
        entries = sorted(tree.pages[TROUBLESHOOTING].anchors)
        return following(match["anchor"], entries) if match["anchor"] in entries else None

    yield from replaced("link's file misspelt", page.path, page.text, target, elsewhere, "path")
    yield from replaced("link's anchor misspelt", page.path, page.text, target, other_anchor, "anchor")
    yield from replaced("link to another entry", page.path, page.text, target, other_entry, "anchor")


def _blocks(page: Page) -> Iterator[Mutation]:
    lines = page.text.splitlines(keepends=True)
    for block in page.blocks:
        fence = lines[block.line - 1]
        if not page.by_hand(block.line) or "```" not in fence:
            continue
        yield _lines(
            page, "block's language dropped", block.line, block.line + 1, fence.replace(f"```{block.language}", "```")
        )
        body = [block.line + 1 + number for number in range(block.text.count("\n"))]
        for number in body:
            line = lines[number - 1]
            for closing in ("'", '"', "]", ")"):
                if (
                    block.language in {"sh", "json"}
                    and line.count(closing) % 2 == (1 if closing in "])" else 0)
                    and closing in line
                ):
                    place = line.rindex(closing)
                    yield _lines(
                        page, "block's quote or bracket dropped", number, number + 1, line[:place] + line[place + 1 :]
                    )
                    break


def _generated(page: Page) -> Iterator[Mutation]:
    for number, line in enumerate(page.text.splitlines(keepends=True), 1):
        if page.by_hand(number) or page.generated[number] == "mark" or "published page shows" in line:
            continue
        words = re.findall(r"[A-Za-z_]{4,}", line)
        if words:
            word = max(words, key=len)
            yield _lines(
                page, "generated part changed by hand", number, number + 1, line.replace(word, misspelt(word), 1)
            )
        if line.startswith(("| `", "| [`")):
            yield _lines(page, "generated row dropped", number, number + 1)


def _tables(page: Page) -> Iterator[Mutation]:
    for row in page.rows:
        if not page.by_hand(row.line):
            continue
        line = page.text.splitlines(keepends=True)[row.line - 1]
        if row.head[:1] in {("Mode",), ("Sign",)}:
            yield _lines(page, "row of a table of modes or signs dropped", row.line, row.line + 1)
        if row.head[:1] == ("Placeholder",):
            yield _lines(page, "placeholder's row dropped", row.line, row.line + 1)
            if row.cells[1].text not in {"none", "the only one"}:
                default = row.cells[1].text
                yield _lines(
                    page,
                    "default in a table changed",
                    row.line,
                    row.line + 1,
                    line.replace(f"`{default}`", f"`{misspelt(default)}`"),
                )


def _section(page: Page) -> Iterator[Mutation]:
    instructions = steps(page)
    ends = [
        *[pieces[0].line for pieces in instructions][1:],
        next(heading.line for heading in page.headings if heading.text == "Or run it"),
    ]
    lines = page.text.splitlines(keepends=True)
    spans = [(pieces[0].line, end) for pieces, end in zip(instructions, ends, strict=True)]
    for first, last in spans:
        yield _lines(page, "step dropped", first, last)
        name = re.search(r"\*\*(.+?)\*\*", lines[first - 1])
        if name:
            yield _lines(
                page, "step renamed", first, first + 1, lines[first - 1].replace(name[1], f"{name[1][:-1]} now.", 1)
            )
    for (first, middle), (_, last) in itertools.pairwise(spans):
        text = "".join(lines[middle - 1 : last - 1] + lines[first - 1 : middle - 1])
        yield _lines(page, "steps swapped", first, last, text)
    for number, line in enumerate(lines, 1):
        if "**You should see**" in line:
            yield _lines(
                page, "“You should see” dropped", number, number + 1, line.replace("**You should see** ", "There is ")
            )
    for pieces in instructions:
        yield from _danger(page, [piece for piece in pieces if isinstance(piece, Paragraph | Block)], lines)
    for heading in page.headings:
        if heading.level == 2:
            yield _lines(page, "heading changed", heading.line, heading.line + 1, f"## {heading.text}s\n")
            yield from _part(page, heading)


def _danger(page: Page, pieces: list[Paragraph | Block], lines: list[str]) -> Iterator[Mutation]:
    """The warning of a step, put after the paragraph that follows it."""
    for number, piece in enumerate(pieces[:-2]):
        if isinstance(piece, Paragraph) and piece.warning:
            first, middle, last = piece.line, pieces[number + 1].line, pieces[number + 2].line
            text = "".join(lines[middle - 1 : last - 1] + lines[first - 1 : middle - 1])
            yield _lines(page, "danger put after the instruction", first, last, text)


def _part(page: Page, heading: Heading) -> Iterator[Mutation]:
    if heading.text in {"Verify", "Undo", "If it fails"}:
        after = next((each.line for each in page.headings if each.line > heading.line), page.text.count("\n") + 1)
        yield _lines(page, "part of a section dropped", heading.line, after)


def _entries(page: Page) -> Iterator[Mutation]:
    yield from replaced(
        "entry's id misspelt",
        page.path,
        page.text,
        r"^## .*\{#(?P<id>[a-z0-9-]+)",
        lambda match: misspelt(match["id"]),
        "id",
    )
    yield from replaced("entry's Check or Fix dropped", page.path, page.text, r"^\*\*(Check|Fix)\*\* ", lambda _: "")
    yield from replaced(
        "entry dropped", page.path, page.text, r"^## .*\{#[a-z0-9-]+[^#]*?(?=^## |\Z|^<!--)", lambda _: ""
    )
