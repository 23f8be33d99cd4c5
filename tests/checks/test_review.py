"""What nobody has read since it was changed is found, and one key for each part records that somebody has."""

from __future__ import annotations

import os
import subprocess
import termios
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.checks.mutate import Copy, copied
from tests.checks.trees import tree_at
from tests.commands.terminal import at_a_terminal
from tests.conftest import without_operator
from tests.runbooks.conftest import COMMAND
from tests.waiting import until

from deploybook.checks.facts.evidence import RECORD, parse_register
from deploybook.checks.finding import Finding
from deploybook.checks.review import Reviewing
from deploybook.checks.rules.review import REVIEWED

PAGE = "docs/sections/turso.md"
# Nothing is bound to it (docs/.evidence.toml): one key settles it.
SENTENCE, CHANGED = "in place of `<DATABASE_HOST>`:\n", "in place of `<APP_HOST>`:\n"
PARAGRAPH = "    Keep it as `TURSO_AUTH_TOKEN`."


@pytest.fixture
def copy() -> Iterator[Copy]:
    with copied() as copy:
        yield copy


def edit(copy: Copy, old: str, new: str, path: str = PAGE) -> None:
    file = copy.root / path
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def findings(root: Path) -> list[Finding]:
    return list(REVIEWED.find(tree_at(root)))


def test_a_text_that_only_breaks_its_lines_elsewhere_was_read(copy: Copy) -> None:
    edit(copy, "Check that the organization", "Check that\n    the organization")
    assert findings(copy.root) == []


def test_what_was_changed_is_found_at_its_line_and_is_no_more_once_it_was_read(copy: Copy) -> None:
    edit(copy, SENTENCE, CHANGED)
    [finding] = findings(copy.root)
    line = (copy.root / PAGE).read_text().splitlines()[finding.line - 1]
    assert line.endswith(CHANGED.strip())
    session = Reviewing(
        lambda place, text: "y" if place == f"{PAGE}:{finding.line}" and CHANGED.strip() in text else "q", "me"
    )
    session.go_through(tree_at(copy.root))
    assert session.read == 1
    assert findings(copy.root) == []
    assert '"me"' in (copy.root / "docs/.reviewed.json").read_text()


def test_what_was_taken_out_is_found_until_somebody_agrees(copy: Copy) -> None:
    text = (copy.root / PAGE).read_text()
    start = text.index(PARAGRAPH)
    paragraph = text[start : text.index("\n\n", start) + 2]
    edit(copy, paragraph, "")
    assert [finding.message for finding in findings(copy.root)] == [
        "what stood before this was read, and is not there any more"
    ]
    for key, count in (("n", 1), ("y", 0)):
        Reviewing(lambda _, __, key=key: key, "me").go_through(tree_at(copy.root))  # type: ignore[misc]
        assert len(findings(copy.root)) == count


def test_two_parts_in_another_order_are_found(copy: Copy) -> None:
    text = (copy.root / PAGE).read_text()
    start = text.index(PARAGRAPH)
    paragraph = text[start : text.index("\n\n", start) + 2]
    following = text[text.index("\n\n", start) + 2 :]
    behind = following[: following.index("\n\n") + 2]
    edit(copy, paragraph + behind, behind + paragraph)
    assert findings(copy.root) != []


def test_what_is_not_agreed_to_stays_a_finding_and_nothing_else_is_lost(copy: Copy) -> None:
    edit(copy, SENTENCE, CHANGED)
    before = findings(copy.root)
    Reviewing(lambda _, __: "n", "me").go_through(tree_at(copy.root))
    assert findings(copy.root) == before


@pytest.mark.parametrize(
    ("path", "old", "new", "still"),
    [
        (PAGE, "The old token stays valid.", "The old token is still valid.", True),
        (PAGE, "The old token stays valid.", "The old token never stays valid.", False),
        ("docs/sections/modal.md", "the first with six keys", "the first with two keys", False),
    ],
)
def test_a_key_binds_another_wording_anew_and_nothing_that_states_something_else(
    copy: Copy, path: str, old: str, new: str, *, still: bool
) -> None:
    edit(copy, old, new, path)
    bound = len(parse_register(copy.tree.text(RECORD)).pages[path])
    printed: list[str] = []

    def agree(_: str, text: str) -> str:
        printed.append(text)
        return "y"

    Reviewing(agree, "me").go_through(tree_at(copy.root))
    assert len(parse_register(tree_at(copy.root).text(RECORD)).pages[path]) == bound - (not still)
    assert any("will rest on nothing" in text for text in printed) is not still


def test_a_key_is_asked_for_at_a_terminal_and_nowhere_else(copy: Copy) -> None:
    edit(copy, SENTENCE, CHANGED)
    environ = without_operator(os.environ) | {"DEPLOYBOOK_HOME": str(copy.root)}
    piped = subprocess.run(
        [COMMAND, "check", "--review"], env=environ, stdin=subprocess.DEVNULL, capture_output=True, check=False
    )
    assert piped.returncode == 2
    assert b"needs a terminal" in piped.stderr
    with at_a_terminal([COMMAND, "check", "--review"], environ) as terminal:
        terminal.wait_for("y: it is true")
        # What is typed before the keys are read one by one is thrown away.
        until(lambda: not termios.tcgetattr(terminal.side)[3] & termios.ICANON, "keys that are read one by one")
        terminal.type("y")
        terminal.wait_for("1 read")
    assert findings(copy.root) == []
