"""The worker's Dockerfile: what the image sets, what it reads, and from which files its program begins."""

from __future__ import annotations

import io
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from dockerfile_parse import DockerfileParser

from deploybook.checks.app.reads import Read, is_name
from deploybook.checks.app.sources import Sources

# `$X`, `${X}`, `${X:-default}`; not `$$X`, nor `\$X`.
USED = re.compile(r"(?<![\\$])\$(?:\{([A-Za-z_]\w*)(?::?-([^}]*))?[^}]*\}|([A-Za-z_]\w*))")
PROGRAM = frozenset({"CMD", "ENTRYPOINT"})


@dataclass(frozen=True)
class Dockerfile:
    """``provided`` are variables that the image sets itself, with values; ``built`` is what its build runs, ``started`` its program."""

    reads: tuple[Read, ...]
    provided: tuple[Read, ...]
    built: tuple[str, ...]
    started: tuple[str, ...]


def scan(sources: Sources, path: str) -> Dockerfile:
    """Read a Dockerfile."""
    parser = DockerfileParser(fileobj=io.BytesIO(sources.content(path)))
    reads: list[Read] = []
    variables: list[Read] = []
    own: set[str] = set()
    built: list[str] = []
    started: list[str] = []
    for step in parser.structure:
        instruction, value, line = step["instruction"], step["value"], step["startline"] + 1
        if instruction == "ARG":
            for name, default in _pairs(value):
                # One with a default is the image's own setting; one without is given by the host when it builds: Render gives variables.
                own.add(name)
                reads += [] if default else [Read(name, path, line)]
        elif instruction == "ENV":
            for name, default in _pairs(value):
                refers = USED.fullmatch(default)
                passes_on = refers and (refers[1] or refers[3]) in own
                variables += [] if passes_on else [Read(name, path, line, default)]
                own.add(name)
        elif instruction in PROGRAM | {"RUN"}:
            (started if instruction in PROGRAM else built).append(value)
            reads += _used(value, path, line, own)
    return Dockerfile(tuple(reads), tuple(variables), tuple(built), tuple(started))


def _split(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return command.split()


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    """`A=1 B="c d"`, and the old form `A the rest of the line`."""
    name, _, rest = value.partition(" ")
    if "=" not in name:
        yield name, rest.strip()
        return
    for word in _split(value):
        name, _, default = word.partition("=")
        yield name, default


def _used(command: str, path: str, line: int, own: set[str]) -> Iterator[Read]:
    for match in USED.finditer(command):
        name = match[1] or match[3]
        if is_name(name) and name not in own:
            yield Read(name, path, line, match[2] or "")
