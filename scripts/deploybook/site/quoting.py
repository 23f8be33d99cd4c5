"""Between which quotation marks of a shell's text a word stands: what may be written there depends on it.

After POSIX.1-2017, Shell Command Language, 2.2 *Quoting* and 2.6.3 *Command Substitution*.
"""

from __future__ import annotations

import re

OPEN, DOUBLE, SINGLE = "open", "double", "single"
# A comment, where nothing is executed; and what is no shell's text at all.
NOWHERE, TEXT = "nowhere", "text"


def places(text: str, words: re.Pattern[str]) -> dict[int, str]:
    """For each place at which ``words`` matches, how it is quoted."""
    found = {}
    # What surrounds the place, innermost last: quotation marks, and parentheses that begin with them anew.
    around: list[str] = []
    position = 0
    while position < len(text):
        word = words.match(text, position)
        if word:
            found[position] = _name(around)
            position = word.end()
        else:
            position = _step(text, position, around)
    return found


def _name(around: list[str]) -> str:
    return {"'": SINGLE, '"': DOUBLE, "#": NOWHERE}.get(around[-1] if around else "", OPEN)


def _step(text: str, position: int, around: list[str]) -> int:
    """Read one character, or two that belong together; say where the next one is."""
    here, inner = text[position], around[-1] if around else ""
    if inner == "#" or inner == "'":
        if here == ("\n" if inner == "#" else "'"):
            around.pop()
        return position + 1
    if here == "\\":
        return position + 2
    if text.startswith("$(", position):
        around.append("(")
        return position + 2
    if here == '"':
        _toggle(around, '"')
    elif inner != '"':
        _outside(text, position, around)
    return position + 1


def _outside(text: str, position: int, around: list[str]) -> None:
    """One character that stands between no double quotation marks."""
    here = text[position]
    if here == "'":
        around.append("'")
    elif here == "(":
        around.append("(")
    elif here == ")" and around and around[-1] == "(":
        around.pop()
    elif here == "#" and (position == 0 or text[position - 1] in " \t\n;&|("):
        around.append("#")


def _toggle(around: list[str], mark: str) -> None:
    if around and around[-1] == mark:
        around.pop()
    else:
        around.append(mark)
