"""Shell blocks as bash reads them: the commands, and the quotation marks around a placeholder."""

from __future__ import annotations

import pytest

from deploybook.guide.shell import DOUBLE, NOWHERE, OPEN, PLACEHOLDER, SINGLE, commands, places, unreadable


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("make guide", [["make", "guide"]]),
        ("A=1 env -u B deploybook run", [["deploybook", "run"]]),
        ("npx --yes vercel link", [["vercel", "link"]]),
        ('printf \'a b\' "c\\"d" e\\ f', [["printf", "a b", 'c"d', "e f"]]),
        ("gh secret set X < file 2> /dev/null", [["gh", "secret", "set", "X"]]),
        ("a | b && c; d", [["a"], ["b"], ["c"], ["d"]]),
        ("if a; then b; else c; fi\nfor x in 1 2; do d $x; done", [["a"], ["b"], ["c"], ["d", "$x"]]),
        ('a "$(b <NAME>)"', [["a", "$(b NAME)"], ["b", "NAME"]]),
        ("export A=b\n# make nothing\n$PROGRAM x", [["export", "A=b"]]),
        ("cat <<END\nmake guide\nEND\n", [["cat"]]),
    ],
)
def test_the_commands_of_a_text_are_those_that_bash_would_start(text: str, words: list[list[str]]) -> None:
    assert [list(command.words) for command in commands(text)] == words


def test_a_command_knows_its_line() -> None:
    assert [command.line for command in commands("a\n\nb |\n  c\n")] == [0, 2, 3]


@pytest.mark.parametrize("text", ["run 'x", "if a; then", "a |"])
def test_a_text_that_is_not_whole_is_refused(text: str) -> None:
    assert unreadable(text) == 1
    with pytest.raises(ValueError, match="line 1"):
        commands(text)


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("run <A>", OPEN),
        ('run "x<A>"', DOUBLE),
        ("run '<A>'", SINGLE),
        ('run "$(in <A>)"', OPEN),
        ("run \\' <A>", OPEN),
        ("run # <A>", NOWHERE),
        ('run "it\'s <A>"', DOUBLE),
        ("run 'é' \"<A>\"", DOUBLE),
        ('run "${X:-<A>}"', DOUBLE),
    ],
)
def test_a_place_is_known_by_the_quotation_marks_around_it(text: str, place: str) -> None:
    assert list(places(text, PLACEHOLDER).values()) == [place]
