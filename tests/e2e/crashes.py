"""``python -m tests.e2e.crashes``: kill a run at each of its writing requests, and go on. ``--help`` says how to try some only.

A point is a writing request of a section's ``apply``, of one that rotates, or of its ``destroy``, and what becomes of it (``Kill``).
Then as an operator does: apply → verify → what is there is what an undisturbed run leaves → apply again does nothing → destroy → what
is there is what was before. Where a command stops and prints the command that goes on, that is typed as it is printed.
"""

from __future__ import annotations

import argparse
import re
import shlex
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import CONTRACT, RunningSandbox, launch_sandbox
from tests.e2e import crashes_run
from tests.e2e.crashes_point import Kill, Point, first_of_each_kind, sample, writing
from tests.e2e.crashes_world import Failed, Snapshot, World, failure, fault, untested
from tests.runbooks.conftest import Finished
from tests.runbooks.killing import hold
from tests.waiting import PATIENCE_SECONDS, until

MODES = ("apply", "rotate", "destroy")
# The options of a printed command, and how many words belong to each.
OPTIONS = {"--mode": 1, "--environment": 1, "-e": 1, "-p": 2, "--adopt": 1, "--release": 1, "--empty-bucket": 0}
COMMANDS = 3
AGAIN = re.compile(r"run this (?:section )?again", re.IGNORECASE)
AGAIN_TYPED = "the same command"
RERUN = "choose Re-run jobs"
# Of a RateLimited that was not waited for.
LIMITED = "Wait as long as the answer asks"


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

    def __str__(self) -> str:
        result = f"DOES NOT: {self.problem}" if self.problem else "converges" if self.reached else "was not reached"
        by = f", by: {'; '.join(self.typed)}" if self.typed else ""
        return f"{self.point} | {result}{by} | {self.seconds:.1f} s"


def points(world: World, modes: Sequence[str] = MODES) -> list[Point]:
    """Every point of a section."""
    return [
        Point(world.section, mode, request, kill) for mode in modes for request in world.requests[mode] for kill in Kill
    ]


def try_point(world: World, point: Point) -> Outcome:
    """Kill a run at one point and go on; the world is as it was before, or is made anew.

    An hour's limit of a provider, used up by the points before, says nothing about this one: it is tried again in a world made anew.
    """
    outcome = _try_point(world, point)
    return _try_point(world, point) if LIMITED in outcome.problem else outcome


def _try_point(world: World, point: Point) -> Outcome:
    outcome, began = Outcome(point), time.monotonic()
    try:
        _prepare(world, point)
        others = _others(world, world.look())
        outcome.reached = _kill(world, point)
        if outcome.reached:
            outcome.typed = _go_on(world, point)
            _require_converged(world, others)
        else:
            world.start_over()
    except Failed as problem:
        outcome.problem = str(problem)
        world.start_over()
    outcome.seconds = time.monotonic() - began
    return outcome


def _prepare(world: World, point: Point) -> None:
    if point.mode != "apply":
        with untested():
            world.passed("apply")
    if point.mode == "rotate":
        world.rotate_before()


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
    if point.kill is not Kill.DURING:
        typed = _type_until_passed(world, world.run("apply"))
    elif point.mode == "destroy":
        # The run that has the same request.
        with world.released_at(point.request, late="killed"):
            world.run("destroy")
        typed = _type_until_passed(world, world.run("apply"))
    else:
        with world.released_at(point.request, late="killed"):
            finished = world.run("apply")
        typed = _type_until_passed(world, finished)
    if point.kill is Kill.LATER:
        world.journal()
        world.sandbox.control.delete("/faults").raise_for_status()
        until(lambda: point.request.is_in(world.sandbox.journal()), f"the late {point.request}")
        typed += _type_until_passed(world, world.run("apply"))
    return typed


def _type_until_passed(world: World, finished: Finished) -> tuple[str, ...]:
    """Type what a failed command says that is to be typed, as it is printed, and apply again; gives what was typed."""
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


def _require_converged(world: World, others: dict[str, str | None]) -> None:
    """Raise Failed with what is not as after an undisturbed run."""
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
    _destroy(world)
    absent = world.look()
    _require(world.absent.differences(absent, "inventory", "ledger", "pins", "files", "temporary"), "after destroy")
    if absent.vault != others:
        raise Failed("after destroy, the vault is not what it was")


def _destroy(world: World) -> None:
    """Destroy, and then what it leaves because nothing proves it ours, with the command that it prints for each."""
    left = world.passed("destroy")
    for name in re.findall(r"--mode destroy --adopt '([^']+)'", left.output):
        finished = world.passed("destroy", "", "--adopt", name)
        if re.search(rf"--adopt '{re.escape(name)}'", finished.output):
            raise Failed(f"{name} was named, and left: {failure(finished)}")


def _require(differences: Sequence[str], when: str) -> None:
    if differences:
        raise Failed(f"{when}: {'; '.join(differences)}")


def main() -> int:
    """Try the points and print a line for each, and how many converge; 1 unless all do."""
    parser = argparse.ArgumentParser(prog="python -m tests.e2e.crashes")
    parser.add_argument("--only", choices=CONTRACT.order(), help="one section")
    parser.add_argument("--mode", choices=MODES, help="one mode")
    parser.add_argument("--request", default="", help="only points whose line, up to its outcome, holds this")
    parser.add_argument("--kinds", action="store_true", help="only the first of a mode's requests of each kind")
    parser.add_argument(
        "--points", type=int, help="so many of a section's points, its first requests of each kind first"
    )
    options = parser.parse_args()
    sandbox = launch_sandbox()
    try:
        outcomes = [
            outcome
            for slug in CONTRACT.order()
            if options.only in {None, slug}
            for outcome in try_section(sandbox, slug, [options.mode] if options.mode else MODES, options)
        ]
    finally:
        sandbox.close()
    return summarize(outcomes)


def try_section(sandbox: RunningSandbox, slug: str, modes: Sequence[str], options: argparse.Namespace) -> list[Outcome]:
    """Try the points of one section that the options leave, and print a line for each."""
    with tempfile.TemporaryDirectory() as name:
        world = World(sandbox, Path(name), slug)
        every = points(world, modes)
        chosen = [point for point in every if options.request in str(point)]
        chosen = first_of_each_kind(chosen) if options.kinds else chosen
        chosen = chosen if options.points is None else sample(chosen, options.points)
        print(f"{slug}: {len(chosen)} of {len(every)} points", flush=True)
        outcomes = []
        for point in chosen:
            outcomes.append(try_point(world, point))
            print(outcomes[-1], flush=True)
    return outcomes


def summarize(outcomes: Sequence[Outcome]) -> int:
    """Print how many converge, by section and mode; 1 unless all do."""
    totals, converged = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for outcome in outcomes:
        place = (outcome.point.section, outcome.point.mode)
        totals[place] += 1
        converged[place] += outcome.converges
    for (section, mode), total in totals.items():
        print(f"{section} {mode}: converges {converged[section, mode]} of {total}")
    print(f"converges {converged.total()} of {totals.total()}")
    return 0 if converged == totals else 1


if __name__ == "__main__":
    sys.exit(main())
