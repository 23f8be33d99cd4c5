"""A provider that answers anything its description allows: a transport for a client under test, and the flows that are run against it."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from tests.answers.figures import Figures
from tests.answers.generator import Generator

from deploybook.clouds.resource import StillNeeded
from deploybook.errors import DeploybookError, ServiceError

# More requests than any flow needs: it asks for ever.
MOST_REQUESTS = 400
# Of ten answers one is not of success.
REFUSED = 0.1
FULLNESS = {"full": 1.0, "sparse": 0.0, "mixed": 0.5}

Flow = Callable[[], object]


class Endless(AssertionError):
    """A flow that would never end."""


class Nameless(AssertionError):
    """An error of ours that names no provider or no operation."""


class RandomProvider:
    """Answers every request with random JSON that its description allows for the operation; counts the operations that were asked for."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self._base = urlsplit(document["servers"][0]["url"]).path.rstrip("/")
        self._paths: Mapping[str, Any] = document["paths"]
        self._generator = Generator(document)
        self._requests = 0
        self.operations: Counter[str] = Counter()
        # By fullness.
        self.figures: dict[str, Figures] = defaultdict(Figures)
        self._now = Figures()

    def seed(self, seed: int, kind: str) -> Figures:
        """Begin a series of answers that depends on nothing else; the figures of its fullness."""
        self._generator.random.seed(seed)
        self._generator.fullness = FULLNESS[kind]
        self._requests = 0
        self._now = self.figures[kind]
        return self._now

    def client(self, base_url: str) -> httpx.Client:
        """A client that gets every answer from here."""
        return httpx.Client(base_url=base_url, transport=httpx.MockTransport(self.answer))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """One answer; raises AssertionError for a request that is not described."""
        self._requests += 1
        if self._requests > MOST_REQUESTS:
            raise Endless(f"{self._requests} requests, the last one {request.method} {request.url.path}")
        operation = self._operation(request)
        name = operation.get("operationId", f"{request.method} {request.url.path}")
        self.operations[name] += 1
        self._now.operations.add(name)
        self._now.answers += 1
        status, response = self._chosen(operation["responses"])
        schema = self._schema(self._generator.resolve(response))
        if schema is None:
            return httpx.Response(status)
        body = json.dumps(self._generator.value(schema))
        return httpx.Response(status, text=body, headers={"content-type": "application/json"})

    def _operation(self, request: httpx.Request) -> Mapping[str, Any]:
        parts = request.url.raw_path.decode().partition("?")[0].removeprefix(self._base).split("/")
        fitting = [
            operations[request.method.lower()]
            for template, operations in self._paths.items()
            if request.method.lower() in operations and _fits(template.split("/"), parts)
        ]
        assert fitting, f"{request.method} {request.url.path} is not described"
        operation: Mapping[str, Any] = fitting[0]
        return operation

    def _chosen(self, responses: Mapping[str, Any]) -> tuple[int, Any]:
        described = {
            int(status.upper().replace("X", "0")): response
            for status, response in responses.items()
            if status != "default"
        }
        good = [status for status in described if status < 300]
        bad = [status for status in described if status >= 300]
        refuse = bool(bad) and (not good or self._generator.random.random() < REFUSED)
        status = self._generator.random.choice(bad if refuse else good)
        return status, described[status]

    def _schema(self, response: Mapping[str, Any]) -> Any:
        content = {kind.partition(";")[0]: media for kind, media in response.get("content", {}).items()}
        return content["application/json"].get("schema", {}) if "application/json" in content else None


def _fits(names: list[str], parts: list[str]) -> bool:
    if names[-1] == "{path}":
        # GitHub's name for a whole path.
        parts = [*parts[: len(names) - 1], "/".join(parts[len(names) - 1 :])]
    return len(names) == len(parts) and all(
        name == part or name.startswith("{") for name, part in zip(names, parts, strict=True)
    )


@dataclass
class Tally:
    """What came of a flow's answers: how many were understood, and how many were one error of ours, by its class."""

    understood: int = 0
    refused: Counter[str] = field(default_factory=Counter)


def run(provider: RandomProvider, flow: Flow, times: int, first_seed: int = 0) -> Tally:
    """Run a flow against ``times`` series of answers; lets through any exception that is not ours, with the seed as a note."""
    tally = Tally()
    kinds = list(FULLNESS)
    for seed in range(first_seed, first_seed + times):
        kind = kinds[seed % len(kinds)]
        figures = provider.seed(seed, kind)
        try:
            flow()
        except StillNeeded:
            tally.understood += 1
            figures.accepted += 1
        except DeploybookError as error:
            if isinstance(error, ServiceError) and not (error.service and error.operation and error.message):
                raise Nameless(f"{type(error).__name__}: {error.message} ({kind} answers, seed {seed})") from error
            tally.refused[type(error).__name__] += 1
            figures.refused += 1
        except BaseException as error:
            figures.endless += isinstance(error, Endless)
            figures.crashed += not isinstance(error, Endless)
            error.add_note(f"{kind} answers, seed {seed}")
            raise
        else:
            tally.understood += 1
            figures.accepted += 1
    return tally


def run_through(resource: Any, clouds: Any) -> None:
    """What a run does with a resource, from its first sight to its end: read, create or update, delete."""
    state = resource.read(clouds)
    if state is None:
        state = resource.create(clouds)
    elif changes := resource.differences(state):
        state = resource.update(clouds, state, changes)
    resource.delete(clouds, state)
