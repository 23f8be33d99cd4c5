"""A sample of ``deploybook prove crashes``: a run is killed at one of its requests, run again, and all is as if it had not been."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from tests.conftest import RunningSandbox
from tests.e2e.crashes import points, printed_command, try_point
from tests.e2e.crashes_point import Kill, Point, writing
from tests.e2e.crashes_world import Failed, World
from tests.e2e.faults import ONCE, cases, failure_told, tried
from tests.e2e.requests import recorded
from tests.runbooks.guide import Finished

pytestmark = pytest.mark.xdist_group("crashes")


@pytest.fixture(scope="module")
def worlds(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], World]]:
    """The world of a section. They share a sandbox: the latest one is the one that is there."""
    sandbox = start_sandbox("r2", "cloudflare", "turso")
    with ExitStack() as stack:
        latest: list[World] = []

        def world(section: str) -> World:
            if not latest or latest[-1].section != section:
                latest.append(stack.enter_context(World(sandbox, tmp_path_factory.mktemp(section), section)))
            return latest[-1]

        yield world


def the_point(section: str, mode: str, request: str, kill: Kill) -> Point:
    """The first point of this mode and kill whose request ends so."""
    return next(
        point
        for point in points(section, {mode: recorded(section)[mode]})
        if point.kill is kill and str(point.request).endswith(request)
    )


@pytest.mark.parametrize(
    ("section", "mode", "request_", "kill"),
    [
        ("r2", "apply", "/tokens", Kill.DURING),
        ("r2", "rotate", "/value", Kill.LATER),
        ("r2", "destroy", "/buckets/studio-production", Kill.AFTER),
        ("turso", "apply", "/databases", Kill.LATER),
        ("turso", "rotate", "/auth/rotate", Kill.BEFORE),
        ("turso", "verify", "/v2/pipeline #10", Kill.AFTER),
        ("turso", "destroy", "/databases/studio-production", Kill.DURING),
    ],
)
def test_a_killed_run_converges(
    worlds: Callable[[str], World], section: str, mode: str, request_: str, kill: Kill
) -> None:
    outcome = try_point(worlds(section), the_point(section, mode, request_, kill))
    assert outcome.converges, outcome


@pytest.mark.parametrize(
    ("request_", "answer", "said"),
    [
        ("GET /client/v4/accounts/*/tokens", "502 with HTML", ""),
        ("POST /client/v4/accounts/*/tokens", "cut after it is carried out", ""),
        ("POST /client/v4/accounts/*/tokens", "200 with HTML", "UnexpectedResponse: "),
    ],
)
def test_a_run_whose_request_is_answered_wrongly_passes_or_says_so_and_the_next_one_converges(
    worlds: Callable[[str], World], request_: str, answer: str, said: str
) -> None:
    """A sample of ``deploybook prove faults``."""
    case = next(one for one in cases("r2") if str(one) == f"r2 | cloudflare {request_} | {answer} | {ONCE}")
    proof = tried(worlds("r2"), case)
    assert proof.holds, proof.detail
    assert proof.detail.startswith(said or "passes")


ERROR = {"type": "UnexpectedResponse", "message": "Turso could not list.", "hint": "Run it again.", "exit_code": 3}


@pytest.mark.parametrize(
    ("code", "output", "error", "wrong"),
    [
        (3, "", {}, "no error in its report"),
        (3, "Traceback (most recent call last):\nKeyError: 'x'", ERROR, "a traceback: KeyError: 'x'"),
        (3, "", ERROR | {"type": "KeyError"}, "no error of ours"),
        (1, "", ERROR, "ended with 1 instead of 3"),
        (3, "", ERROR | {"hint": ""}, "without a sentence on what to do"),
        (3, "", ERROR | {"message": "<html>no</html>"}, "of several lines"),
    ],
)
def test_a_failure_that_is_not_told_as_errors_are_is_noticed(
    code: int, output: str, error: dict[str, object], wrong: str
) -> None:
    with pytest.raises(Failed, match=wrong):
        failure_told(Finished(code, output, {"sections": [{"error": error}]}))


def test_the_requests_of_a_run_are_told_apart_by_kind_and_number() -> None:
    paths = ["/a/0123456789abcdef", "/a/fedcba9876543210", "/b"]
    journal = [{"service": "s", "method": "PUT", "path": path, "writes": path != "/b"} for path in paths]
    first, second = writing(journal)
    assert first.kind == second.kind
    assert first.nth == 0
    assert second.nth == 1
    assert second.is_in(journal[:1])
    assert not second.is_in(journal[2:])


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("/v13/deployments/127.0.0.1:35331", "/v13/deployments/127.0.0.1:40404"),
        ("/actions/runs/1078944218/jobs", "/actions/runs/998877665/jobs"),
        ("/assets/deploybook-check-0a1b2c/tone.wav", "/assets/deploybook-check-3d4e5f/tone.wav"),
    ],
)
def test_what_is_issued_anew_in_each_run_makes_no_other_kind_of_request(one: str, another: str) -> None:
    journal = [{"service": "s", "method": "PUT", "path": path, "writes": True} for path in (one, another)]
    first, second = writing(journal)
    assert first.kind == second.kind


@pytest.mark.parametrize(
    ("hint", "command"),
    [
        (
            "If so, run deploybook run r2 --mode apply -p rotate true; else copy it.",
            "run r2 --mode apply -p rotate true",
        ),
        ("Take it: deploybook run r2 --mode apply --adopt 'R2 token/ab'.", "run r2 --mode apply --adopt R2 token/ab"),
        ("Run deploybook run turso --mode apply first.", "run turso --mode apply"),
    ],
)
def test_a_printed_command_is_read_without_its_sentence(hint: str, command: str) -> None:
    read = printed_command(f"✗ it failed\n  hint: {hint}\n")
    assert read is not None
    assert " ".join(read) == command


def test_a_hint_without_a_command_has_none() -> None:
    assert printed_command("hint: Wait for it to end.") is None
