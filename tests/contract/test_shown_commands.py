"""Commands in hints: where they end, what is added to them, and that every hint of the code names commands that exist."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace

import click
import pytest
from tests.conftest import CONTRACT, ROOT

from deploybook.cli import cli
from deploybook.contract.shown_commands import OF_ONE_ENVIRONMENT, OTHERS, TAKES, Typed, commands_in, completed
from deploybook.errors import DeploybookError

TYPED = Typed(
    {"bucket_name": "acme", "git_repository": "acme/studio", "rotate": True, "owner": "a b"},
    {"r2.yaml": {"bucket_name"}, "all.yaml": {"bucket_name", "owner"}},
    {"r2": {"bucket_name", "rotate"}, "turso": {"rotate"}, "vercel": {"git_repository"}, "render": {"owner"}},
)
PAIRS = replace(TYPED, files={})


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (
            "Run deploybook run r2 --mode apply first.",
            "Run deploybook run r2 --mode apply --environment staging first.",
        ),
        (
            "Run deploybook run modal vercel --mode apply, then deploybook doctor.",
            "Run deploybook run modal vercel --mode apply --environment staging, then deploybook doctor --environment staging.",
        ),
        (
            "Run deploybook run vercel --mode apply -p redeploy true: it deploys again.",
            "Run deploybook run vercel --mode apply -p redeploy true --environment staging: it deploys again.",
        ),
        ("Run deploybook run --mode plan.", "Run deploybook run --mode plan --environment staging."),
        (
            "Run deploybook env set A_B && deploybook env set C.",
            "Run deploybook env set A_B --environment staging && deploybook env set C --environment staging.",
        ),
        (
            "Run deploybook env set A_B --environment staging.",
            "Run deploybook env set A_B --environment staging.",
        ),
        ("Run deploybook init: it asks.", "Run deploybook init staging: it asks."),
        ("Run deploybook init staging: it asks.", "Run deploybook init staging: it asks."),
        ("deploybook explain cors says why.", "deploybook explain cors --environment staging says why."),
        ("Run deploybook sandbox to see why.", "Run deploybook sandbox to see why."),
        ("It is not what deploybook wrote.", "It is not what deploybook wrote."),
        ("Run deploybook in a checkout.", "Run deploybook in a checkout."),
    ],
)
def test_a_hints_commands_name_the_environment_that_they_are_about(hint: str, expected: str) -> None:
    assert completed(hint, CONTRACT, "staging") == expected
    assert completed(hint, CONTRACT, "production") == hint
    assert completed(expected, CONTRACT, "staging") == expected


@pytest.mark.parametrize(
    ("typed", "command", "added"),
    [
        (PAIRS, "run r2 --mode apply", " -p bucket_name acme"),
        (PAIRS, "run vercel render --mode apply", " -p git_repository acme/studio -p owner 'a b'"),
        (PAIRS, "run r2 -p bucket_name other", ""),
        (PAIRS, "run r2 -p bucket_name=other", ""),
        (PAIRS, "run r2 -p bucket_name=other --mode plan", ""),
        (PAIRS, "run --mode apply --plan plan.json", ""),
        (PAIRS, "env set R2_BUCKET_NAME", ""),
        (PAIRS, "doctor", " -p bucket_name acme -p git_repository acme/studio -p owner 'a b'"),
        (TYPED, "run r2 --mode apply", " -f r2.yaml"),
        (TYPED, "run render --mode apply", " -p owner 'a b'"),
        (TYPED, "run r2 render --mode apply", " -f r2.yaml -f all.yaml"),
    ],
)
def test_a_command_repeats_what_was_typed_as_far_as_its_sections_take_it(
    typed: Typed, command: str, added: str
) -> None:
    assert completed(f"Run deploybook {command}.", CONTRACT, "production", typed) == f"Run deploybook {command}{added}."


def commands(group: click.Command, before: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command of the command line, by its words."""
    if isinstance(group, click.Group):
        for name, command in group.commands.items():
            yield from commands(command, f"{before} {name}".strip())
    else:
        yield before, group


def test_the_table_of_commands_is_the_command_lines() -> None:
    by_name = dict(commands(cli))
    assert set(by_name) == {*OF_ONE_ENVIRONMENT, *OTHERS}
    for name, takes_parameters in OF_ONE_ENVIRONMENT.items():
        declared = {parameter.name for parameter in by_name[name].params}
        assert "environment" in declared, name
        assert ("files" in declared) is takes_parameters, name


def test_the_table_of_options_is_the_command_lines() -> None:
    options = [
        parameter for _, command in commands(cli) for parameter in command.params if isinstance(parameter, click.Option)
    ]
    taking = {name: option.nargs for option in options for name in option.opts if not option.is_flag}
    assert taking == TAKES


def texts() -> Iterator[tuple[str, str]]:
    """Every text of the code that an operator may read, with its place; a value in it is written as its expression."""
    # These speak of the guide's own files, or are the clouds.
    others = ("checks", "site", "sandbox", "sample_app")
    for path in sorted((ROOT / "scripts" / "deploybook").rglob("*.py")):
        source = path.read_text(encoding="utf-8")
        if path.relative_to(ROOT / "scripts" / "deploybook").parts[0] in others or "deploybook " not in source:
            continue
        tree = ast.parse(source)
        inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
        docstrings = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
        }
        for node in ast.walk(tree):
            if id(node) in inside | docstrings:
                continue
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                yield f"{path.name}:{node.lineno}", node.value
            elif isinstance(node, ast.JoinedStr):
                yield f"{path.name}:{node.lineno}", "".join(_part(part) for part in node.values)


def _part(part: ast.expr) -> str:
    if isinstance(part, ast.Constant):
        return str(part.value)
    expression = ast.unparse(part.value) if isinstance(part, ast.FormattedValue) else ""
    if expression in EXAMPLES:
        return EXAMPLES[expression]
    return "r2" if re.search(r"slug|section|' '.join", expression) else "A_NAME"


# What stands for an expression in a text; for one of sections it is ``r2``, for any other a name.
EXAMPLES = {
    "mode": "apply",
    "option": "--adopt",
    "sections": " r2",
    "'verify' if every else 'apply'": "verify",
    "_once(plan)": " -p rotate true",
} | dict.fromkeys(
    (
        *("chosen", "given", "live", "named", "where", "' --check' * check"),
        *("in_environment(environment)", "in_environment(plan.environment)", "in_environment(self.environment)"),
        "self._own_parameters(run['rest'], ordered)",
    ),
    "",
)
# What stands in a file, for whoever reads that.
NO_HINT = ("# Written by", "deploybook record, ")
# Words of a command outside of one.
ASTRAY = re.compile(r"(?<!-) (--mode|-p|--environment \S)|\brun (r2|turso|modal|vercel|render|ci_cd)\b")


def problems_of(text: str) -> Iterator[str]:
    """Why the commands in a text cannot be pasted as they are shown."""
    around = text
    for command in commands_in(text, CONTRACT):
        words = shlex.split(" ".join(command.words))
        group, words = (cli.commands["env"], words[1:]) if words[0] == "env" else (cli, words)
        assert isinstance(group, click.Group)
        try:
            group.commands[words[0]].make_context(words[0], words[1:]).close()
        except (click.UsageError, DeploybookError) as refusal:
            yield f"{' '.join(words)}: {refusal}"
        around = around.replace(text[command.start : command.end], "", 1)
    if match := ASTRAY.search(around):
        yield f"{match[0]} stands outside of a command"
    for command in commands_in(completed(text, CONTRACT, "staging"), CONTRACT, "staging"):
        if command.name in OF_ONE_ENVIRONMENT and not {"staging", "--environment"} & set(command.words):
            yield f"{' '.join(command.words)} does not name the environment"


def test_every_command_in_a_hint_can_be_pasted() -> None:
    hints = {
        place: text for place, text in texts() if any(commands_in(text, CONTRACT)) and not text.startswith(NO_HINT)
    }
    assert len(hints) > 50
    problems = {f"{place} {text}": [*problems_of(text)] for place, text in hints.items()}
    assert {text: node for text, node in problems.items() if node} == {}


@pytest.mark.parametrize(
    "hint",
    [
        "Run deploybook run vercel --mode apply with -p redeploy true.",
        "Run deploybook run r2 --mode verify; if it stays, run r2 --mode apply.",
        "Run deploybook run r2 --mode aply.",
        "Run deploybook env set.",
        "Run deploybook run r2 --dry.",
    ],
)
def test_a_hint_that_cannot_be_pasted_is_seen(hint: str) -> None:
    assert [*problems_of(hint)] != []
