"""What a sentence states is compared with what it rests on, and another fact is found after the sentence was bound anew."""

from __future__ import annotations

import pytest
from tests.checks.mutate import Copy
from tests.checks.rebound import figures

from deploybook.checks.facts.evidence import RECORD, parse_register
from deploybook.checks.facts.evidence_text import parts, text_of
from deploybook.checks.facts.stated import Stated, lacking, stated, states_the_same, words_of

MODULE = '''
"""Tests."""
NAMES = ("a", "b")


@fixture
def made():
    return NAMES


@mark(
    "x",
)
def test_one(made):
    assert made == helped(1)


def helped(number):
    return number


class Shell:
    def run(self):
        return 7
'''
TEXT = 'guide.run("run", "r2", "--mode", "apply"); assert len(made) == 4; R2_BUCKET_NAME; 0o600; deploy_hook'
SENTENCE = "It waits for four of these, and `apply` never stops."


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("Use `apply`, never `plan`.", Stated(("apply", "plan"), (), ("never",))),
        ("Choose *Save only*: three of these.", Stated(("Save only",), ("three",), ())),
        # Its own rule compares a quantity, a status, a parameter; a count of what was named before counts nothing.
        ("It waits 15 minutes for `404` with `-p minutes 15`, and both of the two end.", Stated((), (), ())),
        # What a row is about, and where a link leads, is no statement.
        ("`A_NAME` | Opens [the page](x.md#two-of-three) | `b`", Stated(("b",), (), ())),
        ("SHA-256 of 1080p", Stated((), (), ())),
    ],
)
def test_a_sentence_states_what_can_be_compared(sentence: str, expected: Stated) -> None:
    assert stated(sentence) == expected


@pytest.mark.parametrize(
    ("sentence", "missing"),
    [
        ("`deploybook run r2 --mode apply` makes four.", []),
        ("`deploybook run r2 --mode destroy` makes four.", ["deploybook run r2 --mode destroy"]),
        ("`deploybook run r2 --mode apply` makes six.", ["six"]),
        ("It names `R2_BUCKET_NAME` (mode 0600).", []),
        ("It names `R2_ACCOUNT_ID`.", ["R2_ACCOUNT_ID"]),
        ("Choose *Deploy hook*.", []),
        ("Choose *Deploy key*.", ["Deploy key"]),
    ],
)
def test_what_the_text_does_not_have_is_named(sentence: str, missing: list[str]) -> None:
    assert list(lacking(sentence, words_of(TEXT))) == missing


@pytest.mark.parametrize(
    ("other", "same"),
    [
        ("It then waits for four of these, and `apply` never stops.", True),
        ("It waits for 4 of these, and `apply` never stops.", True),
        ("It waits for five of these, and `apply` never stops.", False),
        ("It waits for four of these, and `plan` never stops.", False),
        ("It waits for four of these, and `apply` stops.", False),
        ("It waits for four of these, and `apply` never stops before.", False),
    ],
)
def test_another_wording_states_the_same_and_another_fact_does_not(other: str, *, same: bool) -> None:
    assert states_the_same(SENTENCE, other) is same


def test_a_link_to_another_entry_states_something_else() -> None:
    assert not states_the_same("See [the entry](x.md#cors).", "See [the entry](x.md#playback).")


def test_the_parts_of_a_module_are_known_by_their_names() -> None:
    assert set(parts(MODULE)) >= {"NAMES", "made", "test_one", "helped", "Shell", "run"}
    assert parts(MODULE)["test_one"].startswith("@mark(")
    assert parts(MODULE)["run"] == parts(MODULE)["Shell"]


@pytest.mark.parametrize(
    ("evidence", "words"),
    [
        (
            "test tests/checks/test_agreement.py::test_the_parts_of_a_module_are_known_by_their_names",
            ["def test_the_parts", "def helped("],
        ),
        ("claim r2: a wrong secret is refused", ["def wrong_secret_is_refused", "BAD_SIGNATURE"]),
        ("scenario playback", ["def storage_backend_removed", "STORAGE_BACKEND at vercel"]),
        ("property vercel-live", ["vercel deploy --prod"]),
        ("outside turso-recovery", ["five days"]),
        ("rule link-target", []),
    ],
)
def test_evidence_has_a_text(copy: Copy, evidence: str, words: list[str]) -> None:
    text = text_of(copy.tree, parse_register(copy.tree.text(RECORD)), evidence)
    assert [each for each in words if each not in text] == []
    assert bool(text) is bool(words)


def test_most_facts_that_are_changed_and_bound_anew_are_found_and_one_key_binds_hardly_any(copy: Copy) -> None:
    changed = figures(copy.tree)
    for kind in ("a number", "a mode", "a variable", "a provider's term"):
        assert changed[kind].caught >= 0.6 * changed[kind].tried, kind
    for kind, figure in changed.items():
        assert figure.tried >= 20, kind
        assert figure.unbound >= 0.95 * figure.tried, kind
