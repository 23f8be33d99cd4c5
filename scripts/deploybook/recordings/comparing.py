"""Compares two recordings, the providers' and the sandbox's: the statuses, fields and headers that one has and the other has not."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploybook.recordings.recording import fields_of, kind_of


@dataclass
class Operation:
    """What was answered to one method and path: the statuses, the fields of the bodies by status, and the names of the headers."""

    statuses: set[str] = field(default_factory=set)
    fields: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    headers: set[str] = field(default_factory=set)


Operations = Mapping[tuple[str, str, str], Operation]


def compare(providers: Path, sandbox: Path) -> Iterator[str]:
    """One line for each difference, by provider and operation; operations that the sandbox was not asked for come last."""
    real, ours = _read(providers), _read(sandbox)
    for operation in sorted(real.keys() & ours.keys()):
        provider, method, path = operation
        for difference in _differences(real[operation], ours[operation]):
            yield f"{provider}: {method} {path}: {difference}"
    yield from _headers(real, ours)
    for provider, method, path in sorted(real.keys() - ours.keys()):
        yield f"{provider}: {method} {path}: the sandbox was not asked this"


def _read(folder: Path) -> Operations:
    operations: defaultdict[tuple[str, str, str], Operation] = defaultdict(Operation)
    for path in sorted(folder.rglob("*.json")):
        for exchange in json.loads(path.read_text(encoding="utf-8"))["exchanges"]:
            method, template, status = kind_of(exchange)
            operation = operations[path.parent.name, method, template]
            operation.statuses.add(status)
            operation.headers |= {name.lower() for name in exchange["headers"]}
            operation.fields[status] |= _body(exchange)
    return operations


def _body(exchange: Mapping[str, Any]) -> set[str]:
    if "json" in exchange:
        return fields_of(exchange["json"])
    return {"(body) text"} if "text" in exchange else {"(body) none"}


def _differences(real: Operation, ours: Operation) -> Iterator[str]:
    for status in sorted(real.statuses - ours.statuses):
        yield f"{status} is never the sandbox's answer ({_listed(ours.statuses)})"
    for status in sorted(real.statuses & ours.statuses):
        theirs, own = _by_name(real.fields[status]), _by_name(ours.fields[status])
        for name in sorted(theirs.keys() - own.keys()):
            if not _within_absent(name, own):
                yield f"{status}: the sandbox has no {name} ({_listed(theirs[name])})"
        for name in sorted(own.keys() - theirs.keys()):
            if not _within_absent(name, theirs):
                yield f"{status}: only the sandbox has {name} ({_listed(own[name])})"
        for name in sorted(theirs.keys() & own.keys()):
            if theirs[name] - own[name]:
                yield f"{status}: {name} is {_listed(theirs[name])}, in the sandbox {_listed(own[name])}"


def _headers(real: Operations, ours: Operations) -> Iterator[str]:
    """Those of a provider's that none of the sandbox's answers has: most are the same for all of its operations."""
    for provider in sorted({key[0] for key in real.keys() & ours.keys()}):
        in_sandbox, at_provider = (
            set().union(*(operation.headers for key, operation in side.items() if key[0] == provider))
            for side in (ours, real)
        )
        if at_provider - in_sandbox:
            yield f"{provider}: the sandbox has no header {_listed(at_provider - in_sandbox)}"


def _by_name(fields: Iterable[str]) -> dict[str, set[str]]:
    types: defaultdict[str, set[str]] = defaultdict(set)
    for entry in fields:
        name, _, kind = entry.rpartition(" ")
        types[name or "(body)"].add(kind)
    return dict(types)


def _within_absent(name: str, fields: Mapping[str, set[str]]) -> bool:
    """Whether the field's parent is absent as well (then the parent is reported), or is an empty list."""
    parent = name.removesuffix("[]") if name.endswith("[]") else name.rpartition(".")[0]
    return bool(parent) and (parent not in fields or fields[parent] == {"null"} or name.endswith("[]"))


def _listed(values: Iterable[str]) -> str:
    return ", ".join(sorted(values))
