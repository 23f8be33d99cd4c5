"""What the sentences of the guide rest on: `docs/.evidence.toml`, which names for each what proves it, and when facts from outside are due.

A sentence stands in two places, on its page and there, under the same step, part or entry. A table ``[source.NAME]`` has where a fact of
somebody else's was looked up (``url``), when (``looked_up``), until when that is good (``review_until``), and which words of a sentence
stand there (``says``).
"""

from __future__ import annotations

import datetime
import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, get_close_matches
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from deploybook.guide.sentences import Sentence

RECORD = "docs/.evidence.toml"
# What proves a sentence, by the first word of its evidence.
KINDS = MappingProxyType(
    {
        "test": "a test tries it",
        "claim": "a runbook tests it as a claim",
        "scenario": "the proof of its entry makes it so, sees it and fixes it",
        "run": "`check --run` executes it as it stands",
        "property": "the contract has it as a property, which a test tries",
        "rule": "a rule of `check` compares it with what it tells of",
        "outside": "somebody else says so, at a place that was looked up",
    }
)
_HEAD = """\
# What the sentences of the guide rest on. Under the page and the step, part or entry that holds it, each has what proves it:
# test FILE::NAME · claim SECTION: CLAIM · scenario NAME · run · property NAME · rule NAME · outside SOURCE. A block stands by the
# digest of its text. `deploybook check` finds a sentence that is not there any more, and evidence that is not; what is not listed here
# rests on whoever has read it (docs/.reviewed.json). A fact from outside is looked up again by the day in review_until; what it says
# in words that a sentence repeats stands in says.
"""


class Source(NamedTuple):
    """Where a fact from outside was looked up, and what it says in words that a sentence repeats."""

    url: str
    looked_up: datetime.date
    review_until: datetime.date
    says: tuple[str, ...] = ()


class Bound(NamedTuple):
    """A sentence at a place of a page, with what it rests on."""

    place: str
    text: str
    evidence: tuple[str, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """The first word of each piece of evidence."""
        return tuple(piece.partition(" ")[0] for piece in self.evidence)


@dataclass(frozen=True)
class Register:
    """All sources by name, and the bound sentences of each page in their order."""

    sources: Mapping[str, Source]
    pages: Mapping[str, Sequence[Bound]]


class Change(NamedTuple):
    """A bound sentence that its page does not have at its place any more; ``now`` is what seems to stand there instead."""

    bound: Bound
    now: Sentence | None


@lru_cache(maxsize=16)
def parse_register(text: str) -> Register:
    """Read the register; raises tomllib.TOMLDecodeError, KeyError or TypeError for a text that is none."""
    data = tomllib.loads(text)
    sources = {
        name: Source(entry["url"], entry["looked_up"], entry["review_until"], tuple(entry.get("says", ())))
        for name, entry in data.get("source", {}).items()
    }
    pages = {path: tuple(_bound(places)) for path, places in data.get("page", {}).items()}
    return Register(sources, pages)


def _bound(places: Mapping[str, Mapping[str, str | list[str]]]) -> Iterator[Bound]:
    for place, sentences in places.items():
        for text, evidence in sentences.items():
            yield Bound(place, text, (evidence,) if isinstance(evidence, str) else tuple(evidence))


def register_text(register: Register) -> str:
    """The register as it is kept: a line for each sentence, so that two branches seldom meet in one."""
    lines = [_HEAD]
    for name, source in sorted(register.sources.items()):
        lines += [f"[source.{name}]", f"url = {_quoted(source.url)}"]
        lines += [f"looked_up = {source.looked_up}", f"review_until = {source.review_until}"]
        lines += [f"says = [{', '.join(map(_quoted, source.says))}]"] * bool(source.says) + [""]
    for path, bound in sorted(register.pages.items()):
        place = None
        for sentence in bound:
            if sentence.place != place:
                place = sentence.place
                lines += ["", f"[page.{_quoted(path)}.{_quoted(place)}]"]
            evidence = [_quoted(piece) for piece in sentence.evidence]
            lines.append(
                f"{_quoted(sentence.text)} = {evidence[0] if len(evidence) == 1 else '[' + ', '.join(evidence) + ']'}"
            )
    return "\n".join(lines).rstrip() + "\n"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def changes(bound: Sequence[Bound], present: Sequence[Sentence]) -> Iterator[Change]:
    """Each bound sentence that is not at its place, or not in its order there."""
    places: dict[str, list[Sentence]] = {}
    for sentence in present:
        places.setdefault(sentence.place, []).append(sentence)
    registered = {(sentence.place, sentence.text) for sentence in bound}
    for place in dict.fromkeys(sentence.place for sentence in bound):
        wanted = [sentence for sentence in bound if sentence.place == place]
        here = places.get(place, [])
        kept = [sentence.text for sentence in here if (place, sentence.text) in registered]
        matcher = SequenceMatcher(None, [sentence.text for sentence in wanted], kept, autojunk=False)
        in_order = {block.a + offset for block in matcher.get_matching_blocks() for offset in range(block.size)}
        free = [sentence for sentence in here if (place, sentence.text) not in registered]
        for number, missing in enumerate(wanted):
            if number not in in_order:
                yield Change(missing, _now(missing.text, here, free))


def _now(text: str, here: Sequence[Sentence], free: Sequence[Sentence]) -> Sentence | None:
    """The sentence in the place of one that is gone: itself, in another order, or the one of those left over that is most like it."""
    moved = next((sentence for sentence in here if sentence.text == text), None)
    like = get_close_matches(text, [sentence.text for sentence in free], 1, 0.4)
    return moved or next((sentence for sentence in free if like and sentence.text == like[0]), None)


def rebound(
    bound: Sequence[Bound], present: Sequence[Sentence], agreed: Mapping[Bound, Sentence | None]
) -> Sequence[Bound]:
    """The bound sentences of a page once those in ``agreed`` are what stands there now, or gone; in the order of the page."""
    moved = {sentence: sentence._replace(text=now.text) if now else None for sentence, now in agreed.items()}
    kept = [new for sentence in bound if (new := moved.get(sentence, sentence))]
    order = {(sentence.place, sentence.text): number for number, sentence in enumerate(present)}
    places = {sentence.place: number for number, sentence in reversed(list(enumerate(present)))}
    last = len(order)
    return sorted(
        _merged(kept),
        key=lambda sentence: (places.get(sentence.place, last), order.get((sentence.place, sentence.text), last)),
    )


def _merged(bound: Iterable[Bound]) -> Iterable[Bound]:
    """Each sentence once: two that became one rest on what both rested on, and the register has room for one line of a sentence."""
    merged: dict[tuple[str, str], Bound] = {}
    for sentence in bound:
        evidence = merged.get((sentence.place, sentence.text), sentence).evidence + sentence.evidence
        merged[sentence.place, sentence.text] = sentence._replace(evidence=tuple(dict.fromkeys(evidence)))
    return merged.values()
