"""Dockerfiles as stages of steps (Dockerfile reference, docs.docker.com/reference/dockerfile)."""

from __future__ import annotations

import io
import json
import posixpath
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field

from dockerfile_parse import DockerfileParser

_VARIABLE = re.compile(r"(?<!\\)\$(?:\{(?P<braced>\w+)(?P<operator>:?[-+])?(?P<word>[^}]*)\}|(?P<name>\w+))")


@dataclass(frozen=True)
class Step:
    """One instruction, in capitals, with its text as written and its line from 1."""

    instruction: str
    value: str
    line: int


@dataclass
class Stage:
    """What stands between one FROM and the next; ``base`` is an image or an earlier stage."""

    base: str
    name: str
    line: int
    steps: list[Step] = field(default_factory=list)


@dataclass(frozen=True)
class Copy:
    """A COPY or ADD: from the build's context, or from another stage or image."""

    sources: tuple[str, ...]
    target: str
    origin: str = ""


def stages(content: bytes) -> list[Stage]:
    """The stages of a Dockerfile; an ARG before the first FROM is left out."""
    result: list[Stage] = []
    for step in DockerfileParser(fileobj=io.BytesIO(content)).structure:
        instruction, line = step["instruction"].upper(), step["startline"] + 1
        if instruction == "FROM":
            words = [word for word in step["value"].split() if not word.startswith("--")]
            name = words[2] if len(words) > 2 and words[1].lower() == "as" else ""
            result.append(Stage(words[0] if words else "", name, line))
        elif result and instruction != "COMMENT":
            result[-1].steps.append(Step(instruction, step["value"], line))
    return result


def copy_of(step: Step) -> Copy:
    """The parts of a COPY or ADD, in either of its forms."""
    options, rest = _options(step.value)
    words = _listed(rest)
    words = words if words is not None else rest.split()
    return Copy(tuple(words[:-1]), words[-1] if words else "", options.get("from", ""))


def run_text(step: Step) -> str:
    """The command of a RUN, CMD or ENTRYPOINT without BuildKit's options (`--mount=…`)."""
    return _options(step.value)[1]


def exec_form(text: str) -> list[str] | None:
    """The words of a command in the form of JSON, or None."""
    return _listed(text)


def pairs(step: Step) -> dict[str, str]:
    """What an ENV or ARG sets: `A=1 B="c d"`, the old `A the rest`, and `ARG A` (empty)."""
    name, _, rest = step.value.partition(" ")
    if "=" not in name:
        return {name: rest.strip()} if name else {}
    try:
        words = shlex.split(step.value)
    except ValueError:
        words = step.value.split()
    return {name: value for name, _, value in (word.partition("=") for word in words)}


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its variables filled in, as Docker does for WORKDIR, COPY, ENV and FROM."""

    def value(match: re.Match[str]) -> str:
        name = match["braced"] or match["name"]
        value_of_name, operator = values.get(name, ""), match["operator"] or ""
        if operator.endswith("-"):
            return value_of_name or match["word"]
        return (match["word"] if value_of_name else "") if operator.endswith("+") else value_of_name

    return _VARIABLE.sub(value, text)


def placed(source: str, target: str, folder: str, *, is_folder: bool, several: bool) -> str:
    """Where in the image a file or a folder's content lands, seen from the working directory ``folder``."""
    path = posixpath.normpath(posixpath.join(folder, target))
    if is_folder or not (target.endswith("/") or target in {".", ".."} or several):
        return path
    return posixpath.join(path, posixpath.basename(source))


def _options(value: str) -> tuple[dict[str, str], str]:
    options, rest = {}, value.strip()
    while match := re.match(r"--(\w+)(?:=(\S+))?\s+", rest):
        options[match[1]] = match[2] or ""
        rest = rest[match.end() :]
    return options, rest


def _listed(text: str) -> list[str] | None:
    try:
        words = json.loads(text)
    except ValueError:
        return None
    return [str(word) for word in words] if isinstance(words, list) else None
