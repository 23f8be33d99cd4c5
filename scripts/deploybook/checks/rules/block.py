"""Blocks of code: each names its language and parses; one that is not executed says why, and until when that holds."""

from __future__ import annotations

import ast
import datetime
import io
import json
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from functools import lru_cache

import yaml
from dockerfile_parse import DockerfileParser

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.shell import named, unreadable

LANGUAGES = frozenset({"sh", "python", "json", "toml", "yaml", "text", "dockerfile", "markdown", "mermaid"})
_MANUAL = re.compile(r"manual: (?P<reason>.+?); reviewed until (?P<until>\d{4}-\d{2}-\d{2})", re.DOTALL)
_INSTRUCTIONS = re.compile(
    "ADD|ARG|CMD|COPY|ENTRYPOINT|ENV|EXPOSE|FROM|HEALTHCHECK|LABEL|ONBUILD|RUN|SHELL|STOPSIGNAL|USER|VOLUME|WORKDIR"
)


def manual(comment: str) -> re.Match[str] | None:
    """The mark of a block that is not executed, if the comment before it is one."""
    return _MANUAL.fullmatch(comment)


def _languages(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        for block in page.blocks:
            if block.language not in LANGUAGES:
                languages = (
                    f"{block.language} is no language of the guide's" if block.language else "a block has no language"
                )
                hint = f"Use one of {', '.join(sorted(LANGUAGES))}; text for output."
                yield Finding(page.path, block.line, "block-language", languages, hint)


def _parses(tree: Tree) -> Iterator[Finding]:
    for page in tree.pages.values():
        for block in page.blocks:
            syntax_error = parse_problem(block.language, named(block.text))
            if syntax_error:
                line, problem = syntax_error
                message = f"this {block.language} does not parse: {problem}"
                yield Finding(page.path, block.line + line, "block-parses", message, "Correct the block.")


@lru_cache(maxsize=2048)
def parse_problem(language: str, text: str) -> tuple[int, str] | None:
    """The first thing that a language's own parser does not accept: the line within the text, and what it says."""
    check = _PARSERS.get(language)
    return check(text) if check else None


def _shell(text: str) -> tuple[int, str] | None:
    completed = subprocess.run(["bash", "-n"], input=text, capture_output=True, text=True, check=False)
    if completed.returncode == 0:
        line = unreadable(text)
        return (line, "bash accepts it, and the guide's own reader does not") if line else None
    match = re.search(r"line (\d+): (.*)", completed.stderr)
    return (int(match[1]), match[2]) if match else (1, completed.stderr.strip())


def _python(text: str) -> tuple[int, str] | None:
    try:
        ast.parse(text)
    except SyntaxError as error:
        return error.lineno or 1, str(error.msg)
    return None


def _json(text: str) -> tuple[int, str] | None:
    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        return error.lineno, error.msg
    return None


def _toml(text: str) -> tuple[int, str] | None:
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        return int(place[1]) if place else 1, str(error)
    return None


def _yaml(text: str) -> tuple[int, str] | None:
    try:
        yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        return (error.problem_mark.line + 1 if error.problem_mark else 1), str(error.problem)
    return None


def _dockerfile(text: str) -> tuple[int, str] | None:
    parser = DockerfileParser(fileobj=io.BytesIO(text.encode()))
    instructions = [instruction for instruction in parser.structure if instruction["instruction"] != "COMMENT"]
    wrong = next(
        (instruction for instruction in instructions if not _INSTRUCTIONS.fullmatch(instruction["instruction"])), None
    )
    if wrong:
        return wrong["startline"] + 1, f"{wrong['instruction']} is no instruction"
    first = next((instruction for instruction in instructions if instruction["instruction"] != "ARG"), None)
    return (1, "it does not begin with FROM") if first is None or first["instruction"] != "FROM" else None


_PARSERS: dict[str, Callable[[str], tuple[int, str] | None]] = {
    "sh": _shell,
    "python": _python,
    "json": _json,
    "toml": _toml,
    "yaml": _yaml,
    "dockerfile": _dockerfile,
}


def _manual_marks(tree: Tree) -> Iterator[Finding]:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    for page in tree.pages.values():
        for block in page.blocks:
            if not block.comment.startswith("manual"):
                continue
            mark = manual(block.comment)
            hint = "Write <!-- manual: why it cannot be executed; reviewed until YYYY-MM-DD --> before it."
            if mark is None:
                yield Finding(
                    page.path, block.line, "block-manual", "a block is marked manual without a reason or a date", hint
                )
            elif _date(mark["until"]) is None:
                yield Finding(page.path, block.line, "block-manual", f"{mark['until']} is no date", hint)
            elif (until := _date(mark["until"])) and until < today:
                message = f"this block is not executed, and its review was due on {until}"
                yield Finding(
                    page.path, block.line, "block-manual", message, "Try it by hand, then write the next date."
                )


def _date(text: str) -> datetime.date | None:
    try:
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "block-language",
        "Every fenced block names its language, one of those in docs/STYLE.md: the name decides how it is checked and coloured.",
        _languages,
    ),
    Rule(
        "block-parses",
        "A block of sh, python, json, toml, yaml or dockerfile is accepted by the language's own parser (`bash -n` for sh), with each "
        "placeholder's name in its place.",
        _parses,
    ),
    Rule(
        "block-manual",
        "A block of deploybook, papermill or make commands is executed by `deploybook check --run`, unless the comment before it says "
        "`manual:`, why, and until when somebody has reviewed it. When that day has passed, it is to be tried by hand again.",
        _manual_marks,
    ),
)
