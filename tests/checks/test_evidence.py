"""What a sentence rests on: it is said where it is bound, in its order, and a new wording is bound when somebody agrees."""

from __future__ import annotations

import datetime

import pytest

from deploybook.checks.facts.evidence import (
    Bound,
    Register,
    Source,
    changes,
    parse_register,
    rebound,
    register_text,
)
from deploybook.checks.finding import Severity
from deploybook.checks.rules.evidence import due
from deploybook.guide.page import parse_page
from deploybook.guide.sentences import Sentence, sentences

PAGE = """\
# Turso

## Steps

1. [ ] **Create the group.** Use `a. b` if it is there. Else
   make one.

    > [!WARNING]
    > It can never be moved.

    ```sh
    turso group create NAME
    ```

## Undo

| What | Way |
| --- | --- |
| group | [destroy](x.md#a.b) |

<!-- generated: claims turso -->

- a claim

<!-- /generated -->

Gone <!-- = words: 4 minutes -->for good. Gone for good.
"""
BOUND = (Bound("step 1", "One.", ("test a::b",)), Bound("step 1", "Two.", ("claim r2: it works", "rule c")))
SENTENCES = (Sentence(3, "step 1", "One."), Sentence(4, "step 1", "Other."), Sentence(5, "step 1", "Two."))


@pytest.fixture
def said() -> list[tuple[str, str]]:
    return [(sentence.place, sentence.text) for sentence in sentences(parse_page("docs/sections/turso.md", PAGE))]


def test_a_sentence_ends_at_its_full_stop_and_not_in_code_or_a_link(said: list[tuple[str, str]]) -> None:
    assert ("step 1", "Use `a. b` if it is there.") in said
    assert ("step 1", "Else make one.") in said
    assert ("undo", "group | [destroy](x.md#a.b)") in said


def test_a_warning_is_another_place_than_its_step(said: list[tuple[str, str]]) -> None:
    assert ("step 1, warning", "It can never be moved.") in said


def test_what_is_generated_and_the_name_of_a_step_are_no_sentences(said: list[tuple[str, str]]) -> None:
    assert not any("claim" in text or "Create the group" in text for _, text in said)


def test_what_stands_twice_at_a_place_is_numbered(said: list[tuple[str, str]]) -> None:
    assert said[-2:] == [("undo", "Gone for good."), ("undo", "Gone for good. (2)")]


def test_a_block_is_known_by_its_text(said: list[tuple[str, str]]) -> None:
    other = sentences(parse_page("docs/other.md", PAGE.replace("group create NAME", "group destroy NAME")))
    [block] = [text for _, text in said if text.startswith("[sh ")]
    assert block not in [sentence.text for sentence in other]


def test_what_is_said_in_its_order_has_not_changed() -> None:
    assert list(changes(BOUND, SENTENCES)) == []


def test_another_wording_is_a_change_with_what_stands_there_now() -> None:
    [change] = changes(BOUND, (SENTENCES[0], Sentence(5, "step 1", "Two!")))
    assert (change.bound.text, change.now) == ("Two.", Sentence(5, "step 1", "Two!"))


def test_two_sentences_in_another_order_are_a_change() -> None:
    [change] = changes(BOUND, (SENTENCES[2], SENTENCES[0]))
    assert change.now is not None


def test_what_stands_under_another_step_is_gone() -> None:
    [change] = changes(BOUND, (SENTENCES[0], Sentence(9, "step 2", "Two.")))
    assert change.now is None


def test_a_new_wording_that_is_agreed_to_rests_on_the_same() -> None:
    now = Sentence(2, "step 1", "Two!")
    assert rebound(BOUND, (now, SENTENCES[0]), {BOUND[1]: now}) == [BOUND[1]._replace(text="Two!"), BOUND[0]]


def test_two_sentences_that_become_one_are_bound_once_to_what_both_rest_on() -> None:
    merged = BOUND[0]._replace(evidence=BOUND[0].evidence + BOUND[1].evidence)
    assert rebound(BOUND, SENTENCES[:1], {BOUND[1]: SENTENCES[0]}) == [merged]


def test_what_is_gone_rests_on_nothing_once_that_is_agreed_to() -> None:
    assert rebound(BOUND, SENTENCES[:2], {BOUND[1]: None}) == [BOUND[0]]


@pytest.mark.parametrize(
    ("until", "severities"),
    [
        (datetime.date(2027, 5, 31), []),
        (datetime.date(2026, 12, 28), [Severity.NOTE]),
        (datetime.date(2026, 11, 27), [Severity.ERROR]),
    ],
)
def test_a_source_is_noted_before_its_day_and_an_error_after_it(
    until: datetime.date, severities: list[Severity]
) -> None:
    source = Source("https://example.com/", datetime.date(2026, 11, 1), until)
    assert [finding.severity for finding in due("a", source, datetime.date(2026, 11, 28))] == severities


def test_the_register_comes_back_as_it_was_written() -> None:
    day = datetime.date(2026, 11, 28)
    quoted = Bound("undo", 'It says "no\\yes": [x](y.md).', ("run",))
    register = Register({"a": Source("https://example.com/", day, day)}, {"docs/a.md": (*BOUND, quoted)})
    assert parse_register(register_text(register)) == register
