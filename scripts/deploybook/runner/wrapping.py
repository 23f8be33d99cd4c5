"""Lines for a terminal: broken between words, and never within a command, so that it can be copied as it is."""

from __future__ import annotations

import re
import textwrap

NARROWEST = 30
# A command in a sentence, to the mark at its end: a point within a word, as in a file's name, is part of it.
_COMMAND = re.compile(r"\b(?:deploybook|read -rs|export|unset|git) (?:[^.,;:()]|[.,:](?=\S))*")
_JOIN = "\u00a0"


def wrapped(text: str, width: int, indent: str = "") -> str:
    """``text`` within ``width`` columns, the lines after the first with an indent; a word that is longer stays whole.

    What goes on from a line that stands in already stands two columns further in.
    """
    if width < NARROWEST:
        return text
    lines: list[str] = []
    for line in text.splitlines():
        # An item of a list goes on behind its beginning.
        own = line[: len(line) - len(line.lstrip())]
        joined = _COMMAND.sub(lambda match: match[0].rstrip().replace(" ", _JOIN) + " " * match[0].endswith(" "), line)
        lines += textwrap.wrap(
            joined,
            width,
            initial_indent=indent if lines else "",
            subsequent_indent=f"{indent}{own}  " if own else indent,
            break_long_words=False,
            break_on_hyphens=False,
            drop_whitespace=True,
        ) or [""]
    return "\n".join(lines).replace(_JOIN, " ")
