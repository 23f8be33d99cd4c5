"""``deploybook prove crashes``: a run is killed at each of its writing requests, and an operator goes on.

A point is a writing request of a section's ``apply``, of one that rotates, of its ``verify`` or of its ``destroy``, and what becomes of it
(``Kill``). Then as an operator does: apply → verify → what is there is what an undisturbed run leaves → apply again does nothing → destroy
→ what is there is what was before. After a ``verify``: verify again → all is as before it. Where a command stops and prints the command
that goes on, that is typed as it is printed.
"""

from __future__ import annotations

import re
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from tests.e2e import crashes_run
from tests.e2e.crashes_point import MODES, Kill, Point, Request, writing
from tests.e2e.crashes_world import HOOK, Failed, Snapshot, World, failure, fault, untested
from tests.e2e.journeys import killed_at
from tests.e2e.kept import Kept
from tests.e2e.requests import differences, recorded
from tests.e2e.stacks import provisioned_stack
from tests.e2e.wiring import STEPS
from tests.runbooks.guide import Finished
from tests.runbooks.killing import hold
from tests.sandboxes import CONTRACT, launch_sandbox
from tests.waiting import PATIENCE_SECONDS, until

from deploybook.proving.scenarios import Proof, Scenario

# The options of a printed command, and how many words belong to each.
OPTIONS = {"--mode": 1, "--environment": 1, "-e": 1, "-p": 2, "--adopt": 1, "--release": 1, "--empty-bucket": 0}
COMMANDS = 3
AGAIN = re.compile(r"run this (?:section )?again", re.IGNORECASE)
AGAIN_TYPED = "the same command"
RERUN = "choose Re-run jobs"
REQUESTS, JOURNEYS = "the requests of a run are those that are written down", "end_to_end check"


@dataclass
class Outcome:
    """What came of one point: why it did not converge, or the commands that were printed and typed on the way."""

    point: Point
    problem: str = ""
    typed: tuple[str, ...] = ()
    reached: bool = True
    seconds: float = 0.0

    @property
    def converges(self) -> bool:
        """Whether all is as it should be."""
        return self.reached and not self.problem

    @property
    def result(self) -> str:
        """In a line."""
        result = f"DOES NOT: {self.problem}" if self.problem else "converges" if self.reached else "was not reached"
        return f"{result}, by: {'; '.join(self.typed)}" if self.typed else result


def points(section: str, requests: Mapping[str, Sequence[Request]]) -> list[Point]:
    """Every point of a section, by mode, at the requests that its runs write."""
    return [
        Point(section, mode, request, kill) for mode in MODES for request in requests.get(mode, ()) for kill in Kill
    ]


def try_point(world: World, point: Point) -> Outcome:
    """Kill a run at one point and go on, in a world that is brought back first."""
    outcome, began = Outcome(point), time.monotonic()
    try:
        world.begin(point.mode)
        others = _others(world, world.look())
        outcome.reached = _kill(world, point)
        if outcome.reached:
            if point.mode == "verify":
                outcome.typed = _verify_again(world, point)
                _require(world.present.differences(world.look()), "after verify")
            else:
                outcome.typed = _go_on(world, point)
                outcome.typed += _require_converged(world, others)
    except Failed as problem:
        outcome.problem = str(problem)
    outcome.seconds = time.monotonic() - began
    return outcome


def _others(world: World, now: Snapshot) -> dict[str, str | None]:
    """The vault's lines that the section under test has no part in."""
    own = world.present.vault.keys() - world.absent.vault.keys()
    return {name: value for name, value in now.vault.items() if name not in own}


def _kill(world: World, point: Point) -> bool:
    """Start the run and kill it while the provider has the request; whether it came so far."""
    mode, more = ("apply", world.rotation()) if point.mode == "rotate" else (point.mode, ())
    kind = "slow-answer" if point.kill is Kill.AFTER else "slow"
    hold(world.sandbox, **fault(point.request, kind, "killed"))
    process = crashes_run.start(world.arguments(mode, *more), world.environment(), "production\n")
    control = world.sandbox.control
    until(
        lambda: not control.get("/faults").json() or not process.is_alive(),
        f"the request {point.request} or the end of the run",
    )
    reached = not control.get("/faults").json()
    crashes_run.kill(process)
    world.journal()
    if point.kill in {Kill.BEFORE, Kill.AFTER} or not reached:
        dropped = {"held": "dropped"} if point.kill is not Kill.AFTER else {}
        control.delete("/faults", params=dropped).raise_for_status()
    return reached


def _go_on(world: World, point: Point) -> tuple[str, ...]:
    """``apply`` to its end, with the commands that are printed; the request that is late comes where the point says."""
    if point.kill in {Kill.BEFORE, Kill.AFTER}:
        # Its claims are those of ``verify``, which comes next.
        with untested():
            finished = world.run("apply")
        typed = type_until_passed(world, finished)
    elif point.kill is Kill.LATER:
        typed = type_until_passed(world, world.run("apply"))
    elif point.mode == "destroy":
        # The run that has the same request.
        with world.released_at(point.request, late="killed"):
            world.run("destroy")
        typed = type_until_passed(world, world.run("apply"))
    else:
        with world.released_at(point.request, late="killed"):
            finished = world.run("apply")
        typed = type_until_passed(world, finished)
    if point.kill is Kill.LATER:
        _let_it_come(world, point)
        with untested():
            finished = world.run("apply")
        typed += type_until_passed(world, finished)
    return typed


def _verify_again(world: World, point: Point) -> tuple[str, ...]:
    """``verify`` to its end; the request that is late comes where the point says. A check changes nothing, so nothing is to be typed."""
    if point.kill is Kill.DURING:
        with world.released_at(point.request, late="killed"):
            world.run("verify")
    elif point.kill is Kill.LATER:
        world.passed("verify")
        _let_it_come(world, point)
    world.passed("verify")
    return ()


def _let_it_come(world: World, point: Point) -> None:
    world.journal()
    world.sandbox.control.delete("/faults").raise_for_status()
    until(lambda: point.request.is_in(world.sandbox.journal()), f"the late {point.request}")


def type_until_passed(world: World, finished: Finished) -> tuple[str, ...]:
    """Type the commands that a failed command prints, as printed, and apply again; returns what was typed."""
    typed: list[str] = []
    while finished.code:
        if RERUN in finished.output and RERUN not in typed:
            typed.append(RERUN)
            # What the entry's fix tells a person to do on the page of the run.
            world.sandbox.control.post("/scenarios/ci-render/by-hand", timeout=PATIENCE_SECONDS).raise_for_status()
            finished = world.run("apply")
            continue
        command = printed_command(finished.output)
        again = AGAIN.search(finished.output)
        if len(typed) == COMMANDS or not (command or again):
            raise Failed(f"after {typed} apply ended with {finished.code}: {failure(finished)}")
        if command is None:
            typed.append(AGAIN_TYPED)
            finished = world.run("apply")
            continue
        typed.append(shlex.join(["deploybook", *command]))
        confirmed = ["--yes"] if "apply" in command else []
        # The hint has a person copy the hook's URL again and paste it.
        pasted = dict.fromkeys(re.findall(r"read -rs (\w+)", finished.output), world.environ.get(HOOK, ""))
        with mock.patch.dict(world.environ, pasted):
            finished = world.type(*command, *confirmed)
        if not finished.code:
            finished = world.run("apply")
    return tuple(typed)


def printed_command(output: str) -> list[str] | None:
    """The first ``deploybook run …`` that a hint prints, without the sentence that it stands in."""
    match = re.search(r"hint: .*?\bdeploybook (run .*)", output)
    if match is None:
        return None
    words = re.findall(r"'[^']*'|[^\s']+", match[1])
    command: list[str] = []
    expected, optional = 0, False
    for word in words:
        bare = word if word.startswith("'") else word.rstrip(".;:,")
        if bare in OPTIONS:
            expected, optional = OPTIONS[bare], True
        elif optional and not expected:
            break
        else:
            expected -= optional
        command.append(bare.strip("'"))
        if bare != word:
            break
    return command


def _require_converged(world: World, others: dict[str, str | None]) -> tuple[str, ...]:
    """Raise Failed with what is not as after an undisturbed run; gives the commands that a failed ``verify`` printed."""
    typed = require_present(world)
    _destroy(world)
    absent = world.look()
    _require(world.absent.differences(absent, "inventory", "ledger", "pins", "files", "temporary"), "after destroy")
    if absent.vault != others:
        raise Failed("after destroy, the vault is not what it was")
    return typed


def require_present(world: World) -> tuple[str, ...]:
    """Raise Failed with what is not as after an undisturbed apply; a second one changes nothing.

    Gives the commands that a failed ``verify`` printed, which are typed.
    """
    typed: tuple[str, ...] = ()
    if (verified := world.run("verify")).code:
        typed = type_until_passed(world, verified)
        world.passed("verify")
    present = world.look()
    _require(world.present.differences(present, "inventory", "files", "temporary"), "after apply")
    if present.vault.keys() != world.present.vault.keys():
        raise Failed(f"after apply, the vault: {world.present.vault.keys() ^ present.vault.keys()}")
    world.journal()
    with untested():
        again = world.passed("apply")
    if changed := set(again.outcomes("resource")) - {"unchanged"}:
        raise Failed(f"a second apply: {', '.join(sorted(changed))}")
    if writes := {request.kind for request in writing(world.journal())} - world.at_rest:
        raise Failed(f"a second apply writes: {writes}")
    return typed


def _destroy(world: World) -> None:
    """Destroy, and then what it leaves because nothing proves it ours, with the command that it prints for each."""
    destroyed = world.passed("destroy")
    for name in re.findall(r"--mode destroy --adopt '([^']+)'", destroyed.output):
        finished = world.passed("destroy", "", "--adopt", name)
        if re.search(rf"--adopt '{re.escape(name)}'", finished.output):
            raise Failed(f"{name} was named, and left: {failure(finished)}")


def _require(differences: Sequence[str], when: str) -> None:
    if differences:
        raise Failed(f"{when}: {'; '.join(differences)}")


class Crashes:
    """The points by their lines, such as ``r2 | apply | cloudflare POST /accounts/*/tokens | …``, and the steps of the end-to-end check."""

    def scenarios(self) -> list[Scenario]:
        """Of each section: that the requests that are written down are those of a run, then a point at each; then the steps."""
        every = []
        for section in CONTRACT.order():
            every.append(Scenario(f"{section} | {REQUESTS}", section))
            every += [Scenario(str(point), section) for point in points(section, recorded(section))]
        return [*every, *(Scenario(name, JOURNEYS) for name in _steps())]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """The world of a section, or a stack whose check is walked."""
        with _journeys() if bench == JOURNEYS else _world(bench) as prove:
            yield prove


@contextmanager
def _world(section: str) -> Iterator[Callable[[str], Proof]]:
    requests = recorded(section)
    every = {str(point): point for point in points(section, requests)}
    sandbox = launch_sandbox()
    try:
        with tempfile.TemporaryDirectory() as name, World(sandbox, Path(name), section) as world:

            def prove(name: str) -> Proof:
                if name not in every:
                    other = [
                        f"{mode}: {line}"
                        for mode in MODES
                        for line in differences(requests[mode], world.requests[mode])
                    ]
                    return Proof(not other, "; ".join(other))
                outcome = try_point(world, every[name])
                # A run that had less to wait for has fewer requests of a kind.
                outcome = outcome if outcome.reached else try_point(world, every[name])
                return Proof(outcome.converges, outcome.result, {"typed": outcome.typed})

            yield prove
    finally:
        sandbox.close()


def _steps() -> dict[str, str]:
    """The steps of the end-to-end check by the names of their scenarios."""
    steps = {f"{JOURNEYS} | killed at {step}": step for step in STEPS}
    return {**steps, f"{JOURNEYS} | killed before it cleans up": ""}


@contextmanager
def _journeys() -> Iterator[Callable[[str], Proof]]:
    with provisioned_stack() as (stack, sandbox), Kept(sandbox, stack.home) as kept:

        def prove(name: str) -> Proof:
            kept.restore()
            before, killed, after = killed_at(stack, _steps()[name])
            return Proof(before == after, f"before: {before}; left: {killed}; after: {after}")

        yield prove
