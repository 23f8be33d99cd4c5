"""What is compared: each request that a client sends against the operation that the provider describes."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from deploybook.checks.finding import Finding, Rule
from deploybook.checks.specs.comparing import DEPRECATED, GONE, REQUIRED, VALUE, Problem, problems, reachable, values_at
from deploybook.checks.specs.description import Description, Operation
from deploybook.checks.specs.known import KNOWN
from deploybook.checks.specs.modules import Package
from deploybook.checks.specs.requests import Request, default_query
from deploybook.checks.specs.shapes import HOLE, Object, Scalar, Unknown, merged, options
from deploybook.checks.specs.words import Field, words_of

HINT = "Read the provider's change, and change the client and the sandbox alike."
STANDARD_HEADERS = frozenset({"accept", "authorization", "content-type", "user-agent"})
# How a docstring names the operation: `(operation create-service)`, `(createGroup)`.
NAMED = re.compile(r"[Oo]perations? ([a-z][\w-]*)|\(([a-z]+(?:[A-Z][a-zA-Z]*)+)\b")


@dataclass(frozen=True, eq=False)
class Provider:
    """One provider's clients beside its description; None if there is none."""

    name: str
    home: str
    url: str
    package: Package
    requests: tuple[Request, ...]
    description: Description | None

    @cached_property
    def matched(self) -> list[tuple[Request, Operation]]:
        """The requests with their operations, those that have one."""
        found = [(each, self.description.find(each.method, each.path)) for each in self.requests if self.description]
        return [(request, operation) for request, operation in found if operation]


def _finding(request: Request, rule: str, message: str, hint: str = HINT) -> Finding:
    return Finding(request.file, request.line, rule, message, hint)


def _shown(request: Request) -> str:
    return f"{request.method} {request.path.replace(HOLE, '{…}')}"


def missing_descriptions(providers: Iterable[Provider]) -> Iterator[Finding]:
    """A provider whose API is not described in the folder, or at another address.

    An API with an address for each account (Turso's databases) is compared where the folder has a description: none is published.
    """
    for each in providers:
        if each.description is None and each.url:
            message = f"No description in the folder is of {each.url}."
            yield Finding(
                each.home, 1, "spec-absent", message, "Get the provider's description, or change the client's address."
            )


def unknown_operations(providers: Iterable[Provider]) -> Iterator[Finding]:
    """A request whose path or method the description does not have."""
    for provider in providers:
        for request in provider.requests if provider.description else ():
            if not request.known:
                message = "It can't be told from the source what is sent here."
                yield _finding(request, "spec-operation", message, "Write method and path so that they can be read.")
            elif provider.description and provider.description.find(request.method, request.path) is None:
                others = provider.description.methods_at(request.path)
                there = f"there is {', '.join(others)}" if others else "the path is not there"
                yield _finding(
                    request, "spec-operation", f"{provider.description.name} has no {_shown(request)}: {there}."
                )


def changed_names(providers: Iterable[Provider]) -> Iterator[Finding]:
    """An operation that our source names otherwise than the description."""
    for provider in providers:
        for request, operation in provider.matched:
            named = {first or second for first, second in NAMED.findall(request.document)}
            if named and operation.identifier not in named:
                message = f"{_shown(request)} is named {', '.join(sorted(named))} here, and {operation.identifier} in the description."
                yield _finding(request, "spec-operation-name", message, "Name it as the provider does.")


def deprecated_operations(providers: Iterable[Provider]) -> Iterator[Finding]:
    """An operation that will be taken away."""
    for provider in providers:
        for request, operation in provider.matched:
            if operation.content.get("deprecated"):
                yield _finding(request, "spec-deprecated", f"{operation.identifier} ({_shown(request)}) is deprecated.")


def changed_parameters(providers: Iterable[Provider]) -> Iterator[Finding]:
    """A query parameter or header that is gone, newly required, or limited to other values."""
    for provider in providers:
        always = Object({name: Unknown() for name in default_query(provider.package)} if provider.url else {})
        for request, operation in provider.matched:
            sent = {"query": merged(request.query, always), "header": request.headers}
            for place, shape in sent.items():
                found = _of_parameters(provider, operation, shape, place)
                yield from _told(request, operation, found, "spec-parameter")


def _of_parameters(provider: Provider, operation: Operation, shape: object, place: str) -> list[Problem]:
    assert provider.description is not None
    described = {str(each["name"]): each for each in operation.parameters if each.get("in") == place}
    if place == "header":
        described = {name.lower(): each for name, each in described.items() if name.lower() not in STANDARD_HEADERS}
    given = shape if isinstance(shape, Object) else Object(whole=False)
    fields = {name.lower() if place == "header" else name: value for name, value in given.fields.items()}
    fields = {name: value for name, value in fields.items() if place == "query" or name not in STANDARD_HEADERS}
    schema = {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            name: {**provider.description.resolve(each.get("schema", {})), "deprecated": each.get("deprecated", False)}
            for name, each in described.items()
        },
        "required": [name for name, each in described.items() if each.get("required")],
    }
    # A single value stands for a list of one in a query.
    return [
        each for each in problems(provider.description, Object(fields, given.whole), schema) if "no list" not in each[1]
    ]


def changed_bodies(providers: Iterable[Provider]) -> Iterator[Finding]:
    """A field of a body that is gone, newly required, or limited to other values."""
    for provider in providers:
        assert provider.description or not provider.matched
        for request, operation in provider.matched:
            assert provider.description
            schema, needed = provider.description.body(operation)
            sends = request.body != Scalar(None)
            if sends and not operation.content.get("requestBody"):
                found: list[Problem] = [(GONE, "there is no body")] if _has_fields(request) else []
            elif not sends:
                found = [(REQUIRED, "a body must be given")] if needed else []
            else:
                found = problems(provider.description, request.body, schema) if schema else []
            yield from _told(request, operation, found, "spec-body")


def _has_fields(request: Request) -> bool:
    return any(isinstance(each, Object) and each.fields for each in options(request.body))


def _told(request: Request, operation: Operation, found: Iterable[Problem], rule: str) -> Iterator[Finding]:
    for kind, what in found:
        if (operation.identifier, what) not in KNOWN:
            rule_of_kind = "spec-deprecated" if kind == DEPRECATED else rule
            yield _finding(request, rule_of_kind, f"{operation.identifier} ({_shown(request)}): {what}.")


def changed_answers(providers: Iterable[Provider]) -> Iterator[Finding]:
    """A part of an answer that the code reads and the description has no more, or a status of success that it does not take."""
    for provider in providers:
        for request, operation in provider.matched:
            assert provider.description
            answers = provider.description.answers(operation)
            found = [
                (VALUE, f"success is {status} too, which is not expected")
                for status in answers
                if status not in request.expect
            ]
            schemas = [schema for schema in answers.values() if schema]
            for way in dict.fromkeys(request.reads):
                if schemas and not any(reachable(provider.description, schema, way) for schema in schemas):
                    found.append((GONE, f"the answer has no {'.'.join(str(key) for key in way)}"))
            yield from _told(request, operation, found, "spec-answer")


def changed_words(providers: Iterable[Provider]) -> Iterator[Finding]:
    """A value of an answer on which the code acts and which the description has no more."""
    for provider in providers:
        for word in words_of(provider.package, provider.name):
            values = _values(provider, word.field)
            if values and word.value not in values and (word.field.name, word.value) not in KNOWN:
                allowed = ", ".join(sorted(values))
                message = f"{word.field.name} is never {word.value} any more; it can be {allowed}."
                yield Finding(word.file, word.line, "spec-word", message, HINT)


def _values(provider: Provider, field: Field) -> set[str]:
    """The values that a field can have in any of its answers; none if one of them is not limited, or not described."""
    description, found = provider.description, set[str]()
    for path, way in field.answers if description else ():
        assert description is not None
        operation = description.find("GET", path)
        answers = description.answers(operation).values() if operation else []
        values = {value for schema in answers if schema for value in values_at(description, schema, way)}
        if not values:
            return set()
        found |= values
    return found


Found = Iterable[Provider]
RULES: tuple[Rule[Found], ...] = (
    Rule(
        "spec-absent",
        "Each API that the clients speak to is held against the provider's own description of it, found by the API's address. Without it "
        "nothing would be compared, so its absence is told. GitHub's is not among them; Turso publishes none of its databases' protocol.",
        missing_descriptions,
    ),
    Rule(
        "spec-operation",
        "Every request of the clients (scripts/deploybook/clouds) is found in their source, with its method and path. The description must "
        "have it: what a provider takes out of it is about to stop working.",
        unknown_operations,
    ),
    Rule(
        "spec-operation-name",
        "A client's docstring names the provider's operation, for whoever looks it up. The name must be the description's.",
        changed_names,
    ),
    Rule(
        "spec-deprecated",
        "An operation, parameter or field that a provider deprecates goes away one day.",
        deprecated_operations,
    ),
    Rule(
        "spec-parameter",
        "Each parameter of a query and each header that we send must be described, none that is required may be missing, and a value that "
        "stands in the source must be allowed.",
        changed_parameters,
    ),
    Rule(
        "spec-body",
        "Each field of a body that we send must be described, none that is required may be missing, and a value that stands in the source "
        "must be allowed. What can't be told from the source is not compared: the tests hold real requests against the description.",
        changed_bodies,
    ),
    Rule(
        "spec-answer",
        "What the code takes out of an answer must be in the described answer, and each described status of success must be expected.",
        changed_answers,
    ),
    Rule(
        "spec-word",
        "A run waits for words such as READY or live, and gives up at others. Each must be among the described values of its field.",
        changed_words,
    ),
)
