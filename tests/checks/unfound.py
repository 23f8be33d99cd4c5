"""Falsehoods that a check which runs nothing cannot find, each with what does find it or why nothing can."""

from __future__ import annotations

import re

from tests.checks.mutations.mutation import Mutation

# Kind, what the changed line looks like, why.
REASONS: tuple[tuple[str, str, str], ...] = ()


def reason(mutation: Mutation, text: str) -> str:
    """Why a falsehood is not found; empty if nobody has said."""
    lines = text.splitlines()
    line = lines[min(text.count("\n", 0, mutation.start), len(lines) - 1)]
    return next((why for kind, looks, why in REASONS if kind == mutation.kind and re.search(looks, line)), "")
