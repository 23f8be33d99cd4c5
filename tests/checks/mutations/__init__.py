"""Small mutations, made from the tree by rules: each module knows one kind of file."""

from __future__ import annotations

from collections.abc import Iterator

from tests.checks.mutations import application, contract, pages, prose, runbooks
from tests.checks.mutations.mutation import Mutation

from deploybook.checks.facts.tree import Tree


def every(tree: Tree) -> Iterator[Mutation]:
    """All that the tree gives rise to, in the order of its files."""
    for module in (pages, prose, runbooks, contract, application):
        yield from module.mutations(tree)
