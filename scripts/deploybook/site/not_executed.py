"""Why a block is not executed by the guide's own proofs, where the reader sees it."""

from __future__ import annotations

import re

_MANUAL = re.compile(
    r"^(?P<indent> *)<!-- manual: (?P<reason>[^>]+?); reviewed until (?P<until>\d{4}-\d{2}-\d{2}) -->$", re.MULTILINE
)


def with_reasons(text: str) -> str:
    """A published page with a line for each block that no proof executes: why not, and until when it counts as tried by a person."""
    return _MANUAL.sub(
        r"\g<0>\n\n\g<indent>_Not executed by the guide's own proofs: \g<reason>. Reviewed until \g<until>._{ .db-proof }",
        text,
    )
