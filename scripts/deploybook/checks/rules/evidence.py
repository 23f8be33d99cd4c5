"""What a sentence rests on: it is still said, what proves it is still there, and a fact from outside is not past its day."""

from __future__ import annotations

import datetime
import re
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache

from deploybook.checks.facts.evidence import KINDS, RECORD, Bound, Register, Source, changes, parse_register
from deploybook.checks.facts.evidence_text import OF_THIS_MACHINE, SCENARIOS
from deploybook.checks.facts.said import said
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule, Severity
from deploybook.checks.rules.block import manual
from deploybook.guide.sentences import Sentence, block_name

# How long before its day a source is noted: the nightly run lists it then.
NOTICE_DAYS = 30
_REFERENCE = "docs/reference/checks.md"
_NAMED = re.compile(r'^@scenario\("(?P<name>[a-z0-9.-]+)"\)$', re.MULTILINE)


def register(tree: Tree) -> Register:
    """The register of a tree; raises what ``parse_register`` raises."""
    return parse_register(tree.text(RECORD))


def _readable(tree: Tree) -> Iterator[Finding]:
    try:
        register(tree)
    except FileNotFoundError:
        yield Finding(RECORD, 1, "evidence-said", "this file is not there", "Bring it back.")
    except (tomllib.TOMLDecodeError, KeyError, TypeError, AttributeError) as problem:
        yield Finding(RECORD, 1, "evidence-said", f"it cannot be read: {problem}", "Correct it.")


def _said(tree: Tree) -> Iterator[Finding]:
    if unreadable := list(_readable(tree)):
        yield from unreadable
        return
    for path, bound in register(tree).pages.items():
        present = said(tree).get(path)
        if present is None:
            yield Finding(RECORD, _line(tree, path), "evidence-said", f"there is no {path}", "Correct its path.")
            continue
        for change in changes(bound, present):
            line = change.now.line if change.now else _of_place(change.bound.place, present)
            message = f"this was “{change.bound.text}”, which rests on: {'; '.join(change.bound.evidence)}"
            hint = "Say that again; or change what proves it, and record the new sentence: `deploybook check --review`."
            yield Finding(path, line, "evidence-said", message, hint)


def _of_place(place: str, present: Sequence[Sentence]) -> int:
    return min((sentence.line for sentence in present if sentence.place == place), default=1)


def _line(tree: Tree, words: str) -> int:
    text = tree.text(RECORD)
    return text.count("\n", 0, max(text.find(words), 0)) + 1


def _there(tree: Tree) -> Iterator[Finding]:
    if list(_readable(tree)):
        return
    for bound in register(tree).pages.values():
        for sentence in bound:
            for evidence in sentence.evidence:
                if problem := _missing(tree, evidence):
                    hint = "Name what proves it now; without any, take the line out: a person has to read it then."
                    line = _line(tree, _start(sentence))
                    yield Finding(RECORD, line, "evidence-there", f"“{sentence.text}” rests on {problem}", hint)


def _start(sentence: Bound) -> str:
    return sentence.text.partition('"')[0] or sentence.text


def _missing(tree: Tree, evidence: str) -> str:
    """What is wrong with a piece of evidence; empty if it is there."""
    kind, _, name = evidence.partition(" ")
    if kind not in KINDS:
        return f"{kind}, which is none of {', '.join(KINDS)}"
    return "" if _FINDERS[kind](tree, name) else f"{evidence}, which is not there"


def _has_test(tree: Tree, name: str) -> bool:
    path, _, function = name.partition("::")
    if not tree.exists("tests"):  # a copy of the guide without its tests
        return True
    return tree.exists(path) and function in _tests(tree.text(path))


@lru_cache(maxsize=256)
def _tests(text: str) -> frozenset[str]:
    return frozenset(re.findall(r"^ *(?:async )?def (test_\w+)\(", text, re.MULTILINE))


def _has_claim(tree: Tree, name: str) -> bool:
    slug, _, claim = name.partition(": ")
    return any(section.slug == slug and claim in section.claims for section in tree.contract.sections)


def _has_scenario(tree: Tree, name: str) -> bool:
    return name in tree.once(_scenarios)


def _scenarios(tree: Tree) -> frozenset[str]:
    files = [*sorted((tree.root / SCENARIOS).glob("*.py")), tree.root / OF_THIS_MACHINE]
    texts = (path.read_text(encoding="utf-8") for path in files if path.is_file())
    return frozenset(name for text in texts for name in _NAMED.findall(text)) | _at_the_command(tree)


def _at_the_command(tree: Tree) -> frozenset[str]:
    """Entries that are proved by the command under *Check* alone, which is refused."""
    page = tree.text("docs/troubleshooting.md") if tree.exists("docs/troubleshooting.md") else ""
    return frozenset(re.findall(r"^## .+ \{#([a-z0-9-]+)[^}]*\.at-the-command", page, re.MULTILINE))


def _has_property(tree: Tree, name: str) -> bool:
    return name in {each.name for each in tree.contract.properties}


def _has_rule(tree: Tree, name: str) -> bool:
    """The reference of the rules is generated from them."""
    return tree.exists(_REFERENCE) and f"| `{name}` |" in tree.text(_REFERENCE)


_FINDERS: dict[str, Callable[[Tree, str], bool]] = {
    "test": _has_test,
    "claim": _has_claim,
    "scenario": _has_scenario,
    "run": lambda _, name: not name,
    "property": _has_property,
    "rule": _has_rule,
    "outside": lambda tree, name: name in register(tree).sources,
}


def _proved(tree: Tree) -> Iterator[Finding]:
    """A block of commands is bound to what executes it, or says why nothing does."""
    if list(_readable(tree)):
        return
    pages = register(tree).pages
    for path, page in tree.pages.items():
        bound = {sentence.text.partition(" (")[0] for sentence in pages.get(path, ())}
        for block in page.blocks:
            by_hand = block.language == "sh" and page.by_hand(block.line) and path != "CONTRIBUTING.md"
            if by_hand and not manual(block.comment) and block_name(block) not in bound:
                hint = f"Bind it in {RECORD}, or write <!-- manual: REASON; reviewed until YYYY-MM-DD --> before it."
                yield Finding(
                    path, block.line, "block-proved", "nothing executes this block, and it does not say why", hint
                )


def _due(tree: Tree) -> Iterator[Finding]:
    if list(_readable(tree)):
        return
    today = datetime.datetime.now(tz=datetime.UTC).date()
    for name, source in register(tree).sources.items():
        yield from due(name, source, today, _line(tree, f"[source.{name}]"))


def due(name: str, source: Source, today: datetime.date, line: int = 1) -> Iterator[Finding]:
    """An error for a source past its day or with days that cannot be, a note for one that comes due in NOTICE_DAYS."""
    hint = f"Look at {source.url} again, correct what is said, and set looked_up and review_until."
    until = source.review_until
    if source.looked_up > today or until <= source.looked_up:
        yield Finding(RECORD, line, "outside-due", f"the days of {name} cannot be", "Correct them.")
    elif until < today:
        yield Finding(RECORD, line, "outside-due", f"{name} was to be looked up again by {until}", hint)
    elif until - today <= datetime.timedelta(NOTICE_DAYS):
        yield Finding(RECORD, line, "outside-due", f"{name} is to be looked up again by {until}", hint, Severity.NOTE)


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "evidence-said",
        f"A sentence or a block for which `{RECORD}` names what proves it stands on its page word for word, at its place and in its order. "
        "Whoever says something else has to change what proves it.",
        _said,
    ),
    Rule(
        "evidence-there",
        f"What `{RECORD}` names as evidence is there: the test, the claim of the section, the entry's scenario, the property, the rule, "
        "the source.",
        _there,
    ),
    Rule(
        "block-proved",
        f"Each block of commands is executed: by `check --run`, by the proof of its entry, or by a test that `{RECORD}` names; or it has "
        "its reason before it, which the published page shows.",
        _proved,
    ),
    Rule(
        "outside-due",
        "A fact from outside (a menu, a plan, a permission, a price, a limit of a provider) is looked up again before the day that its "
        f"source names; {NOTICE_DAYS} days before that it is noted.",
        _due,
    ),
)
