"""``deploybook prove faults``: one request of an ``apply`` is answered wrongly, or not at all, once or until the run has ended.

The run passes, or ends with one error of ours: a sentence, what to do, the exit code of its class. Then, as an operator does: apply again →
what is there is what an undisturbed run leaves → apply again does nothing.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from tests.e2e.crashes import require_present, type_until_passed
from tests.e2e.crashes_point import Request
from tests.e2e.crashes_world import Failed, World, failure, fault, untested
from tests.e2e.requests import EVERY, differences, recorded
from tests.runbooks.guide import Finished
from tests.sandboxes import CONTRACT, launch_sandbox

from deploybook import errors, http
from deploybook.clouds.r2.token import BucketToken
from deploybook.proving.scenarios import Proof, Scenario

REQUESTS = "the requests of a run are those that are written down"
ONCE, WHILE = "once", "until the run has ended"
# More requests than a run sends.
ALL = 10_000
# How long the run goes on asking, and how long it waits for an answer: a minute and half a minute for an operator.
BUDGET_SECONDS, READ_SECONDS = 4.0, 3.0
HTML = {"content-type": "text/html; charset=UTF-8"}
JSON = {"content-type": "application/json"}
PAGE = "<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"

ANSWERS: dict[str, dict[str, Any]] = {
    "429 with Retry-After": {"kind": "status", "status": 429, "headers": JSON | {"retry-after": "1"}, "body": "{}"},
    "500": {"kind": "status", "status": 500, "headers": JSON, "body": "{}"},
    "502 with HTML": {"kind": "status", "status": 502, "headers": HTML, "body": PAGE},
    "503": {"kind": "status", "status": 503, "headers": JSON, "body": '{"error": "unavailable"}'},
    "cut before it is carried out": {"kind": "reset"},
    "cut after it is carried out": {"kind": "lost-answer"},
    "no answer": {"kind": "slow", "seconds": 600},
    "truncated JSON": {
        "kind": "status",
        "status": 200,
        "headers": JSON,
        "body": '{"success": true, "result": [{"id": "',
    },
    "200 with an empty body": {"kind": "status", "status": 200, "headers": JSON, "body": ""},
    "200 with HTML": {"kind": "status", "status": 200, "headers": HTML, "body": PAGE},
}
# What Modal's gRPC has of these: an error of its transport, an answer that is lost, and none.
OF_GRPC = ("503", "cut after it is carried out", "no answer")


@dataclass(frozen=True)
class Case:
    """A request of a section's ``apply`` that is answered so."""

    section: str
    request: Request
    answer: str
    times: str

    def __str__(self) -> str:
        return f"{self.section} | {self.request} | {self.answer} | {self.times}"


def cases(section: str) -> list[Case]:
    """Every answer to the first request of each kind, reading ones too."""
    return [
        Case(section, request, answer, times)
        for request in recorded(section).get(EVERY, [])
        for answer in (OF_GRPC if request.service == "modal" else ANSWERS)
        for times in (ONCE, WHILE)
    ]


class Faults:
    """The cases by their lines, such as ``r2 | cloudflare GET /accounts/*/tokens | 502 with HTML | once``."""

    def scenarios(self) -> list[Scenario]:
        """Of each section: that the requests that are written down are those of a run, then every answer to each."""
        every = []
        for section in CONTRACT.order():
            every.append(Scenario(f"{section} | {REQUESTS}", section))
            every += [Scenario(str(case), section) for case in cases(section)]
        return every

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """The world of a section."""
        every = {str(case): case for case in cases(bench)}
        sandbox = launch_sandbox()
        try:
            with tempfile.TemporaryDirectory() as folder, World(sandbox, Path(folder), bench) as world:

                def prove(name: str) -> Proof:
                    if name in every:
                        return tried(world, every[name])
                    other = differences(recorded(bench).get(EVERY, ()), world.every_request())
                    return Proof(not other, "; ".join(other))

                yield prove
        finally:
            sandbox.close()


def tried(world: World, case: Case) -> Proof:
    """Run with the fault, and go on without it."""
    world.begin("apply")
    armed = fault(case.request, "", "fault") | ANSWERS[case.answer] | {"times": 1 if case.times == ONCE else ALL}
    world.sandbox.control.post("/faults", json=armed).raise_for_status()
    try:
        finished = world.run_apart("apply", impatient)
        reached = _reached(world)
        world.sandbox.control.delete("/faults", params={"held": "dropped"}).raise_for_status()
        if not reached:
            return Proof(False, "was not reached")
        said = failure_told(finished)
        # Its claims are those of ``verify``, which comes next.
        with untested():
            finished = world.run("apply")
        type_until_passed(world, finished)
        require_present(world)
    except Failed as problem:
        return Proof(False, str(problem))
    return Proof(True, said or "passes")


@contextmanager
def impatient() -> Iterator[None]:
    """The run waits seconds where an operator's waits a minute; it does the same."""
    limits: Mapping[str, Any] = {"read_seconds": READ_SECONDS}
    with ExitStack() as stack:
        stack.enter_context(http.patience(BUDGET_SECONDS))
        stack.enter_context(mock.patch.dict(http.open_client.__kwdefaults__, limits))
        stack.enter_context(mock.patch.object(http, "READ_SECONDS", READ_SECONDS))
        stack.enter_context(mock.patch.object(BucketToken, "settle_seconds", 0.0))
        yield


def _reached(world: World) -> bool:
    armed = world.sandbox.control.get("/faults").json()
    return all(one["times"] < ALL for one in armed) if armed else True


def failure_told(finished: Finished) -> str:
    """The error of a run that failed, empty of one that passed; Failed if it is none of ours, or not told as errors are."""
    if "Traceback" in finished.output:
        raise Failed(f"a traceback: {finished.output.splitlines()[-1]}")
    if not finished.code:
        return ""
    problems = [section["error"] for section in finished.report.get("sections", []) if section["error"]]
    if not problems:
        raise Failed(f"ended with {finished.code} and no error in its report: {failure(finished)}")
    problem = problems[0]
    kind = getattr(errors, problem["type"], None)
    if kind is None or not issubclass(kind, errors.DeploybookError):
        raise Failed(f"a {problem['type']}, which is no error of ours: {problem['message']}")
    if finished.code != kind.exit_code:
        raise Failed(f"{problem['type']} ended with {finished.code} instead of {kind.exit_code}")
    if not problem["hint"] or re.search(r"[\n\r]|<html", json.dumps(problem["message"])):
        raise Failed(f"{problem['type']} without a sentence on what to do, or of several lines: {problem}")
    return f"{problem['type']}: {problem['message']}"
