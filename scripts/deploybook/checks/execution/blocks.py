"""Which blocks are executed, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from deploybook.checks.execution.reader import IN_THE_DASHBOARD, READ
from deploybook.checks.facts.tree import Tree
from deploybook.checks.rules.block import manual
from deploybook.contract.model import Contract
from deploybook.guide.links import TROUBLESHOOTING
from deploybook.guide.page import Block, Page
from deploybook.guide.shell import commands

OURS = frozenset({"deploybook", "papermill", "make"})


def executable(tree: Tree) -> Iterator[tuple[Page, Block]]:
    """Every block of ours that is not marked manual; one that stands on several pages word for word, once."""
    texts: set[str] = set()
    for page in tree.pages.values():
        for block in page.blocks:
            # `deploybook prove entries` executes the entries, each with its scenario.
            if page.path == TROUBLESHOOTING or block.language != "sh" or manual(block.comment) or block.text in texts:
                continue
            if any(command.name in OURS for command in commands(block.text)):
                texts.add(block.text)
                yield page, block


def in_order(located: Iterable[tuple[Page, Block]], contract: Contract) -> list[tuple[Page, Block]]:
    """Pages that stand by themselves, the sections as they are run, then what undoes them, the latest first.

    A block that asks for what the dashboard shows of the section's own resource waits for the section's run, which makes that.
    """
    order = contract.order()

    def place(located_block: tuple[Page, Block]) -> tuple[int, int, bool, int]:
        page, block = located_block
        slug = page.path.removeprefix("docs/sections/").removesuffix(".md")
        if slug not in order:
            return (0, 0, False, block.line)
        if block.part == "Undo":
            return (3, -order.index(slug), False, block.line)
        return (1, order.index(slug), IN_THE_DASHBOARD in READ.findall(block.text), block.line)

    return sorted(located, key=place)
