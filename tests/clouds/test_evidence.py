"""Which answers make a resource replace a credential: those that its class declares, and no others."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from typing import Any

import pytest

import deploybook.clouds
from deploybook.clouds.resource import Resource
from deploybook.errors import PermissionDenied, RateLimited, ServiceError, Unauthorized, UnexpectedResponse, Unreachable

DEAD = {
    "R2 token": ServiceError(
        "R2", "list_objects_v2", "the signature does not match", status=403, code="SignatureDoesNotMatch"
    ),
    "Turso database token": ServiceError("Turso", "select", "Unauthorized: `the token is invalid`", status=401),
}
OTHERS = [
    Unauthorized("S", "ask", "no such token", status=401),
    Unauthorized("S", "ask", "<html>sign in</html>", status=401),
    UnexpectedResponse("S", "ask", "the bill is not paid", status=402),
    PermissionDenied("S", "ask", "the account is suspended", status=403, code="AccessDenied"),
    PermissionDenied("S", "ask", "the key is not known", status=403, code="InvalidAccessKeyId"),
    PermissionDenied("S", "ask", "the quota is used up", status=403, code="BLOCKED"),
    UnexpectedResponse("S", "ask", "not there", status=404),
    UnexpectedResponse("S", "ask", "a proxy wants a login", status=407),
    RateLimited("S", "ask", "slow down", status=429),
    UnexpectedResponse("S", "ask", "an internal error", status=500),
    UnexpectedResponse("S", "ask", "<html>bad gateway</html>", status=502),
    Unreachable("S", "ask", "no answer in time"),
]


def _classes(parent: type[Resource[Any]] = Resource) -> Iterator[type[Resource[Any]]]:
    for child in parent.__subclasses__():
        if child.__module__.startswith(deploybook.clouds.__name__):
            yield child
            yield from _classes(child)


for module in pkgutil.walk_packages(deploybook.clouds.__path__, f"{deploybook.clouds.__name__}."):
    if not module.name.endswith(".tied"):
        importlib.import_module(module.name)
CLASSES = sorted(_classes(), key=lambda resource: resource.kind)


def test_every_declared_evidence_has_an_answer_here() -> None:
    assert {resource.kind for resource in CLASSES if resource.evidence} == DEAD.keys()


@pytest.mark.parametrize("resource", CLASSES, ids=lambda resource: resource.kind)
def test_a_resource_replaces_its_credential_on_no_answer_but_its_evidence(resource: type[Resource[Any]]) -> None:
    answers = [*OTHERS, *(answer for kind, answer in DEAD.items() if kind != resource.kind)]
    assert not [str(answer) for answer in answers if any(proof.matches(answer) for proof in resource.evidence)]


@pytest.mark.parametrize(
    "resource", [class_ for class_ in CLASSES if class_.evidence], ids=lambda resource: resource.kind
)
def test_the_evidence_of_a_resource_is_its_providers_own_words(resource: type[Resource[Any]]) -> None:
    assert any(proof.matches(DEAD[resource.kind]) for proof in resource.evidence)
