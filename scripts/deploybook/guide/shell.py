"""The guide's shell blocks, read by tree-sitter: the commands in them, and how each of their placeholders is quoted."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from tree_sitter import Node

from deploybook.checkout.shell import parser

PLACEHOLDER = re.compile(r"<(?P<name>[A-Z][A-Z0-9_]*)>")
OPEN, DOUBLE, SINGLE = "open", "double", "single"
# A comment, where nothing is executed; and what is no shell's text at all.
NOWHERE, TEXT = "nowhere", "text"

_COMMANDS = frozenset({"command", "declaration_command", "unset_command"})
# What surrounds a word decides how it is quoted; a substitution begins anew.
_SURROUNDING = {
    "string": DOUBLE,
    "raw_string": SINGLE,
    "ansi_c_string": SINGLE,
    "comment": NOWHERE,
    "command_substitution": OPEN,
}
_NO_WORDS = frozenset({"file_redirect", "heredoc_redirect", "herestring_redirect", "comment"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")


@dataclass(frozen=True)
class Command:
    """One simple command; ``line`` counts from the block's first line, which is 0."""

    line: int
    words: tuple[str, ...]

    @property
    def name(self) -> str:
        """The program."""
        return self.words[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """Its arguments."""
        return self.words[1:]


@lru_cache(maxsize=2048)
def commands(text: str) -> tuple[Command, ...]:
    """Every simple command, those within ``$(…)`` included. Raises ValueError for a text that is no shell's."""
    if wrong := unreadable(text):
        raise ValueError(f"line {wrong}")
    nodes = (node for node in _below(_parse(named(text))) if node.type in _COMMANDS)
    simple = ((node.start_point[0], _simple([_word(child) for child in _words(node)])) for node in nodes)
    return tuple(Command(line, words) for line, words in simple if words)


def unreadable(text: str) -> int:
    """The first line, from 1, that the grammar does not accept; 0 if there is none."""
    wrong = (node for node in _below(_parse(named(text))) if node.is_error or node.is_missing)
    return next((node.start_point[0] + 1 for node in wrong), 0)


def named(text: str) -> str:
    """The text with each placeholder's name in its place, so that the shell's grammar does not see a redirection."""
    return PLACEHOLDER.sub(r"\g<name>", text)


def places(text: str, words: re.Pattern[str]) -> dict[int, str]:
    """For each place at which ``words`` matches, how it is quoted."""
    matches = list(words.finditer(text))
    root = _parse(words.sub(lambda match: "x" * len(match[0]), text))
    return {match.start(): _quoting(root, len(text[: match.start()].encode())) for match in matches}


def _parse(text: str) -> Node:
    return parser().parse(text.encode()).root_node


def _below(node: Node) -> Iterator[Node]:
    yield node
    for child in node.children:
        yield from _below(child)


def _quoting(root: Node, place: int) -> str:
    node = root.descendant_for_byte_range(place, place + 1)
    while node is not None:
        if node.type in _SURROUNDING:
            return _SURROUNDING[node.type]
        node = node.parent
    return OPEN


def _words(command: Node) -> Iterator[Node]:
    return (child for child in command.children if child.type not in _NO_WORDS)


def _word(node: Node) -> str:
    """A word as the program gets it, without quotation marks; what the shell fills in stays as it is written."""
    text = (node.text or b"").decode()
    if node.type in {"concatenation", "command_name", "variable_assignment"}:
        return "".join(_word(child) for child in node.children)
    if node.type == "raw_string":
        return text[1:-1]
    if node.type == "string":
        return re.sub(r'\\([\\"$`])', r"\1", text[1:-1])
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL) if node.type == "word" else text


def _simple(words: list[str]) -> tuple[str, ...]:
    """The words of a command without the assignments before it, and without env and what that changes; empty for what is none."""
    rest = list(words)
    while rest and (rest[0] == "env" or _ASSIGNMENT.match(rest[0])):
        rest.pop(0)
        while rest[:1] == ["-u"]:
            del rest[:2]
    if not rest or rest[0].startswith("$"):
        return ()
    if rest[0] == "npx":
        rest = [word for word in rest[1:] if word != "--yes"]
    return tuple(rest)
