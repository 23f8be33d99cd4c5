"""The tree that the checks look at, of any checkout."""

from __future__ import annotations

from pathlib import Path

from deploybook.checks.facts.tree import Tree
from deploybook.cli import cli
from deploybook.site.blocks import generator

GENERATOR = generator(cli)


def tree_at(root: Path) -> Tree:
    """The checkout at ``root``, as ``deploybook check`` sees it."""
    return Tree(root, cli, GENERATOR)
