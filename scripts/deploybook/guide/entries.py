"""The entries of the troubleshooting page: what is seen, what fixes it, and which variables each speaks for.

An entry keeps its machine-readable parts in its own text: the messages in the ``text`` block under *You see* (``…`` stands for what
differs from case to case), the fix in the ``sh`` block under *Fix*, and, where it speaks for variables, a comment
``<!-- variables: NAME … at CONSUMER … -->`` under its heading.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from deploybook.errors import DocsError

PAGE = "docs/troubleshooting.md"
MARK = "seen-in-the-app"
HEADING = re.compile(r"^## (?P<title>.+?) \{#(?P<id>[a-z0-9-]+)(?P<marks>(?: \.[a-z-]+)*)\}$", re.MULTILINE)
_VARIABLES = re.compile(r"^<!-- variables: (?P<names>[A-Z0-9_ *]+) at (?P<places>[a-z0-9:_ -]+?) -->$", re.MULTILINE)
_PARTS = re.compile(r"^\*\*(?P<name>You see|Check|Fix)\*\*", re.MULTILINE)
_BLOCK = re.compile(r"^```(?P<language>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Claim:
    """The variables, by name (``*`` for any), and the consumers at which an entry speaks for them."""

    names: frozenset[str]
    places: frozenset[str]

    def covers(self, name: str, consumer: str) -> bool:
        """Whether a variable at a consumer is among them."""
        return consumer in self.places and bool(self.names & {name, "*"})


@dataclass(frozen=True)
class Entry:
    """One entry. ``messages`` are what an operator sees, ``commands`` the fix, a line each; ``line`` is where its heading stands."""

    id: str
    title: str
    line: int = field(compare=False)
    marks: frozenset[str]
    parts: dict[str, str] = field(repr=False)
    claims: tuple[Claim, ...] = ()

    @property
    def messages(self) -> list[str]:
        """The messages as they are seen; ``…`` stands for what differs."""
        return self._blocks("You see", "text")

    @property
    def checks(self) -> list[str]:
        """The commands of the check, as they are to be typed."""
        return self._blocks("Check", "sh")

    @property
    def commands(self) -> list[str]:
        """The commands of the fix, as they are to be typed."""
        return self._blocks("Fix", "sh")

    @property
    def stages(self) -> list[list[str]]:
        """The commands of the fix, block by block. Where there are two, what is done at a dashboard stands between them."""
        return self._each_block("Fix", "sh")

    @property
    def link(self) -> str:
        """Where it stands in the repository and in the site."""
        return f"{PAGE}#{self.id}"

    def speaks_for(self, name: str, consumer: str) -> bool:
        """Whether a variable at a consumer that differs is this entry's case, before any that claims all with ``*``."""
        return any(claim.covers(name, consumer) for claim in self.claims)

    def _blocks(self, part: str, language: str) -> list[str]:
        return [line for block in self._each_block(part, language) for line in block]

    def _each_block(self, part: str, language: str) -> list[list[str]]:
        result = [match["text"] for match in _BLOCK.finditer(self.parts.get(part, "")) if match["language"] == language]
        return [[line for line in text.splitlines() if line.strip()] for text in result]


def pattern(message: str) -> re.Pattern[str]:
    """What matches a message as it is seen: ``…`` stands for any text of one line."""
    return re.compile(".*?".join(re.escape(part.strip()) for part in message.split("…")))


def marks_by_id(text: str) -> dict[str, frozenset[str]]:
    """The ids of the page's entries, each with its heading's marks; of an id that stands twice, the last."""
    return {heading["id"]: _marks(heading) for heading in HEADING.finditer(text)}


def _marks(heading: re.Match[str]) -> frozenset[str]:
    return frozenset(mark.lstrip(".") for mark in heading["marks"].split())


def read_entries(path: Path) -> dict[str, Entry]:
    """The page's entries by id, in its order; raises DocsError for an id that stands twice."""
    return parse_entries(path.read_text(encoding="utf-8"))


def parse_entries(text: str) -> dict[str, Entry]:
    """See ``read_entries``."""
    result: dict[str, Entry] = {}
    headings = list(HEADING.finditer(text))
    for number, heading in enumerate(headings):
        end = headings[number + 1].start() if number + 1 < len(headings) else len(text)
        line = text.count("\n", 0, heading.start()) + 1
        if heading["id"] in result:
            raise DocsError(PAGE, line, f"the entry {heading['id']} stands twice", "Give one of them another id.")
        body = text[heading.end() : end]
        result[heading["id"]] = Entry(
            heading["id"], heading["title"], line, _marks(heading), _parts(body), _claims(body)
        )
    return result


def speaking_for(entries: dict[str, Entry], name: str, consumer: str) -> Entry | None:
    """The entry for a variable that is not at a consumer what it is in the vault: one that names it goes before one that claims all."""
    speaking = [entry for entry in entries.values() if entry.speaks_for(name, consumer)]
    named = [entry for entry in speaking if any(name in claim.names for claim in entry.claims)]
    return next(iter(named or speaking), None)


def _parts(body: str) -> dict[str, str]:
    marks = list(_PARTS.finditer(body))
    ends = [*(mark.start() for mark in marks[1:]), len(body)] if marks else []
    return {mark["name"]: body[mark.end() : end].strip() for mark, end in zip(marks, ends, strict=True)}


def _claims(body: str) -> tuple[Claim, ...]:
    return tuple(
        Claim(frozenset(match["names"].split()), frozenset(match["places"].split()))
        for match in _VARIABLES.finditer(body)
    )
