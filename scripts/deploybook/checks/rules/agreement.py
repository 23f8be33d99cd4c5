"""What a sentence states is what its evidence has: whoever binds another number, mode or name to the same test is told so."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from deploybook.checks.facts.evidence import RECORD, Bound, Register, parse_register
from deploybook.checks.facts.evidence_text import text_of
from deploybook.checks.facts.knowledge import words
from deploybook.checks.facts.said import said
from deploybook.checks.facts.stated import lacking, words_of
from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.sentences import block_name, is_block

# What has a text to compare with: a rule compares by itself, a run has the block.
_COMPARED = frozenset({"test", "claim", "scenario", "property", "outside"})


def _agree(tree: Tree) -> Iterator[Finding]:
    try:
        register = parse_register(tree.text(RECORD))
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return  # evidence-said says so
    if not tree.exists("tests"):  # a copy of the guide without its tests
        return
    for path, bound in register.pages.items():
        lines = {(sentence.place, sentence.text): sentence.line for sentence in said(tree).get(path, ())}
        for sentence, has in words_behind(tree, register, path, bound):
            line = lines.get((sentence.place, sentence.text))
            if line and (missing := sorted(set(lacking(sentence.text, has)))):
                message = f"“{sentence.text}” states {', '.join(missing)}; what it rests on does not: {'; '.join(sentence.evidence)}"
                hint = (
                    f"Correct the sentence, or name in {RECORD} what proves that; without any, take its line out there."
                )
                yield Finding(path, line, "evidence-agrees", message, hint)


def words_behind(
    tree: Tree, register: Register, path: str, bound: Sequence[Bound]
) -> Iterator[tuple[Bound, frozenset[str]]]:
    """Each bound sentence of a page that is compared, with the words of what it rests on, and the providers' own."""
    executed = _executed(tree, path, bound)
    for sentence in filter(compared, bound):
        texts = (
            text
            for evidence in sentence.evidence
            for text in (text_of(tree, register, evidence), *executed.get(evidence, ()))
        )
        yield sentence, tree.once(_providers_words).union(*map(words_of, texts))


def compared(sentence: Bound) -> bool:
    """Whether it is made of words, and rests on something that has a text."""
    return not is_block(sentence.text) and bool(_COMPARED & set(sentence.kinds))


def _executed(tree: Tree, path: str, bound: Sequence[Bound]) -> Mapping[str, list[str]]:
    """The blocks of a page by the evidence that executes them: what it prints and sets stands there, not in the test."""
    page = tree.pages.get(path)
    blocks = {block_name(block): block.text for block in page.blocks} if page else {}
    result: dict[str, list[str]] = {}
    for sentence in bound:
        if text := blocks.get(sentence.text.partition(" (")[0]):
            for evidence in sentence.evidence:
                result.setdefault(evidence, []).append(text)
    return result


def _providers_words(_: Tree) -> frozenset[str]:
    return words_of("\n".join(sorted(words("terms") | words("literals"))))


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "evidence-agrees",
        "What a bound sentence sets as code or in emphasis, and its numbers, are in what it rests on too: in the test with what it calls, "
        "the claim's check, the scenario and its entry, the property, the words of the source. A term of a provider may stand in "
        "words.toml. So another number, mode, variable or menu is found although the sentence was bound anew.",
        _agree,
    ),
)
