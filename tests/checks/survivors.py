"""Mutations that a check which runs nothing cannot find, each with what does find it or why nothing can."""

from __future__ import annotations

import re

from tests.checks.mutations.mutation import Mutation

# Kind, what the changed line looks like, why.
PROVED = "`deploybook prove entries` types the entry's commands and looks for its messages"
MEANT = "both are names that the place could have; which is meant only a reader can tell"
REASONS: tuple[tuple[str, str, str], ...] = (
    ("another mode", r"^deploybook run ", PROVED),
    ("another section in a command", r"^deploybook run ", PROVED),
    ("another variable", r" at \w+ — |: missing → ", PROVED),
    ("another variable", r"`[A-Z_]+` and `[A-Z_]+`", MEANT),
    ("another variable", r"write both into the vault beside `MODAL_[A-Z_]+`", MEANT),
    ("subcommand misspelt", r"^deploybook ", "the Check of an entry at the command shows what is refused: " + PROVED),
    ("link to another entry", r"\]\(#", MEANT),
    ("contract: sections swapped", r"", "the order is derived from who needs whom: these two may stand either way"),
    ("another variable", r"Keep the submit URL as|`grep -c MODAL_AUTH_TOKEN", MEANT),
    ("app: field misspelt", r"ffmpeg|loglevel|codec = ", "ffmpeg's own word: the render of the end-to-end check fails"),
    (
        "app: field misspelt",
        r"body\[name\] for name in",
        "the endpoint fails for want of it, and the end-to-end check with it",
    ),
    (
        "contract: description changed",
        r"scenario the doctor's dry run",
        "a typing error in a sentence that only the contract has",
    ),
    (
        "block's quote or bracket dropped",
        r"printf ",
        "the line still parses: its command is another's, and runs by hand",
    ),
    (
        "cells swapped",
        r'"id": "verify-app"',
        "neither verifying cell needs what the other makes: their claims hold in either order",
    ),
    ("code misspelt", r"without a to", "free wording between two code spans"),
    ("code misspelt", r"seen-in-the-ap", "a comment for writers; the mark itself is held by entry-mark"),
    ("word left out of an output", r"in the app's log", "SQLite's words, quoted by the application"),
)


def reason(mutation: Mutation, text: str) -> str:
    """Why a mutation is not found; empty if nobody has said."""
    lines = text.splitlines()
    # A notebook is replaced as a whole.
    whole = mutation.end - mutation.start == len(text)
    line = mutation.diff(text) if whole else lines[min(text.count("\n", 0, mutation.start), len(lines) - 1)]
    return next((why for kind, looks, why in REASONS if kind == mutation.kind and re.search(looks, line)), "")
