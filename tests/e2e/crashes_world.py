"""A checkout and the sandbox's accounts: what is in both, the commands that an operator types there, and what is undisturbed.

It is provisioned once; the states from which a run of each mode begins are kept, and brought back before each of them.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from unittest import mock

import httpx
from dotenv import dotenv_values
from tests.e2e import crashes_run
from tests.e2e.crashes_inventory import Inventory, contents, inventory
from tests.e2e.crashes_point import MODES, Request, first_of_each_kind, writing
from tests.e2e.kept import Kept
from tests.runbooks.guide import Finished, Guide
from tests.runbooks.killing import hold
from tests.sandboxes import CONTRACT, ROOT, RunningSandbox

from deploybook.clouds.r2.token import BucketToken
from deploybook.runbook.claims import Claims

ENVIRONMENT = "production"
ROTATING = frozenset({"r2", "turso", "modal", "webhook_secret"})
WITH_REPOSITORY = frozenset({"vercel", "render", "ci_cd"})
HOOK = "COPIED_HOOK"
# What the application, its worker and its render app send of themselves while a run goes on: no kill of the run ends that.
OF_THE_APPLICATION = re.compile(
    r"turso-sql POST /v3/pipeline.*|r2 PUT /assets/\*/(?!tone\.wav).*|r2 PUT (/studio-production)?/renders/.*"
)
# Of the callbacks the check sends five; then the render's own comes.
OF_A_JOB = re.compile(r"modal POST .*-submit\.modal\.run.*|vercel-site POST /api/webhooks/worker #6")


class Failed(AssertionError):
    """A command that should have passed did not."""


@dataclass(frozen=True)
class Snapshot:
    """What an operator has: at the providers, and on this machine."""

    inventory: Inventory
    vault: Mapping[str, str | None]
    ledger: Any
    pins: Any
    files: tuple[str, ...]
    temporary: tuple[str, ...]

    def differences(self, other: Snapshot, *names: str) -> list[str]:
        """How ``other`` differs from this one, in the named parts only if any are named; no value of a secret."""
        return [
            f"{part.name}: {_difference(getattr(self, part.name), getattr(other, part.name))}"
            for part in fields(self)
            if (not names or part.name in names) and getattr(self, part.name) != getattr(other, part.name)
        ]


@dataclass
class World:
    """One section under test, with all that it needs in place; ``absent`` and ``present`` are what is there without it and with it."""

    sandbox: RunningSandbox
    root: Path
    section: str
    environ: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.guide = Guide(self.root / "checkout")
        self.temporary = self.root / "tmp"
        # What a run of each mode makes; for ``at_rest`` only their kinds.
        self.journals: dict[str, list[dict[str, Any]]] = {}
        self._kept: dict[str, Kept] = {}
        self._copies = ExitStack()
        self._provision()

    @property
    def requests(self) -> dict[str, list[Request]]:
        """The writing requests of a run of each mode, without those that the application sends of itself meanwhile.

        A section that only checks has those of ``verify`` alone: its other modes send the same.
        """
        modes = {mode: self._own(writing(self.journals[mode])) for mode in MODES}
        if all(request.kind in self.at_rest for mode in MODES for request in modes[mode]):
            modes |= {mode: [] for mode in MODES if mode != "verify"}
        return modes

    def __enter__(self) -> World:
        return self

    def __exit__(self, *_: object) -> None:
        self._copies.close()

    def every_request(self) -> list[Request]:
        """The first request of each kind of an ``apply``, reading ones too."""
        return self._own(first_of_each_kind(self.journals["apply"]))

    def _own(self, requests: list[Request]) -> list[Request]:
        """Those that the run itself sends."""
        others = [OF_THE_APPLICATION, *([OF_A_JOB] if self.section == "end_to_end" else [])]
        return [request for request in requests if not any(pattern.fullmatch(str(request)) for pattern in others)]

    def begin(self, mode: str) -> None:
        """Bring back what a run of this mode begins with."""
        self._kept["destroy" if mode == "verify" else mode].restore()

    def _provision(self) -> None:
        """A checkout and accounts in which the sections before this one were applied, and this one was once and is no more."""
        self.sandbox.reset()
        self.temporary.mkdir()
        self.guide.root.mkdir()
        (self.guide.root / "runbooks").symlink_to(ROOT / "runbooks")
        with untested():
            for slug in self.earlier():
                if slug == "render":
                    self.guide.quicken_the_worker(self.environment())
                self.passed("apply", slug)
                if slug == "render":
                    self.environ[HOOK] = self._copied_hook()
                    self.passed("apply", slug, "-p", "import_from", HOOK)
            # What is only ever made once, such as the environment's pins, is there from now on.
            self.passed("apply")
            self.passed("destroy")
        self.absent = self.look()
        self._keep("apply")
        self.journal()
        self.passed("apply")
        self.journals["apply"] = self.journal()
        self.present = self.look()
        self._keep("destroy")
        self.journal()
        self.passed("verify")
        self.journals["verify"] = self.journal()
        # What the checks write and remove again whenever they run.
        self.at_rest = {request.kind for request in writing(self.journals["verify"])}
        self.rotate_before()
        self._keep("rotate")
        self.journal()
        self.passed("apply", *self.rotation())
        self.journals["rotate"] = self.journal()
        self.begin("destroy")
        self.passed("destroy")
        self.journals["destroy"] = self.journal()

    def _keep(self, mode: str) -> None:
        self._kept[mode] = self._copies.enter_context(Kept(self.sandbox, self.root))

    def earlier(self) -> list[str]:
        """The sections that have to be there before this one."""
        before = {*CONTRACT.all_predecessors(self.section)} - {self.section}
        return [slug for slug in CONTRACT.order() if slug in before]

    def rotation(self) -> tuple[str, ...]:
        """What replaces the section's own secret; a section without one gets a secret of an earlier section, that was replaced."""
        rotated = ("-p", "rotate", "true") if self.section in ROTATING else ()
        return rotated and (self.section, *rotated)

    def rotate_before(self) -> None:
        """Replace a secret of an earlier section, for one that has none of its own; what is between them gets it first."""
        if self.section not in ROTATING and "webhook_secret" in self.earlier():
            with untested():
                self.passed("apply", "webhook_secret", "-p", "rotate", "true")
                for slug in self.earlier():
                    if "webhook_secret" in CONTRACT.comes_after(slug):
                        self.passed("apply", slug)

    def arguments(self, mode: str, slug: str = "", *more: str) -> list[str]:
        """The command line of one section in one mode."""
        slug = slug or self.section
        words = ["run", slug, "--mode", mode, *more]
        words += ["--yes"] if mode == "apply" else []
        if mode != "destroy":
            if slug == "r2":
                words += ["-p", "app_origin", "https://app.example.com"] if self.section == "r2" else []
            if slug in WITH_REPOSITORY:
                words += ["-p", "git_repository", self.sandbox.exports["GITHUB_REPOSITORY"]]
        return words

    def environment(self) -> dict[str, str]:
        """Of every command: the sandbox's credentials, and a TMPDIR of its own."""
        return self.guide.environment({**self.sandbox.exports, **self.environ, "TMPDIR": str(self.temporary)})

    def run(self, mode: str, slug: str = "", *more: str) -> Finished:
        """Run one section to its end."""
        return self.type(*self.arguments(mode, slug, *more))

    def type(self, *words: str) -> Finished:
        """Run ``deploybook`` with these words; Failed if it ends in a traceback, which is nothing that an operator can go on from."""
        environ = self.environment()
        # A token's secret is judged only when R2 has had the time to know it everywhere, which the sandbox's does at once.
        with crashes_run.temporary_files(environ), mock.patch.object(BucketToken, "settle_seconds", 0.0):
            finished = self.guide.run(*words, env=environ, typed=f"{ENVIRONMENT}\n")
        if "Traceback" in finished.output:
            raise Failed(f"a traceback: {finished.output.splitlines()[-1]}")
        return finished

    def run_apart(self, mode: str, within: crashes_run.Setting) -> Finished:
        """The same in a process of its own, which has ended then: what its checks have left belongs to no check that goes on."""
        before = self.guide.reports()
        code, output = crashes_run.to_end(self.arguments(mode), self.environment(), f"{ENVIRONMENT}\n", within)
        return self.guide.finished(code, output, before)

    def passed(self, mode: str, slug: str = "", *more: str) -> Finished:
        """The same, or Failed with what it printed."""
        finished = self.run(mode, slug, *more)
        if finished.code:
            raise Failed(f"{mode} ended with {finished.code}: {failure(finished)}")
        return finished

    def journal(self) -> list[dict[str, Any]]:
        """The requests since the last call."""
        entries = self.sandbox.journal()
        self.sandbox.control.delete("/journal")
        return entries

    def look(self) -> Snapshot:
        """What there is now."""
        state = self.guide.root / ".deploybook"
        vault = dict(dotenv_values(state / f"{ENVIRONMENT}.env"))
        return Snapshot(
            inventory(self.sandbox.exports) | contents(self.sandbox.exports, vault),
            vault,
            _record(state / f"{ENVIRONMENT}.made.json"),
            _record(state / f"{ENVIRONMENT}.pins.json"),
            tuple(sorted(path.name for path in state.iterdir() if not path.name.endswith((".bak", ".lock")))),
            tuple(sorted(str(path.relative_to(self.temporary)) for path in self.temporary.rglob("*"))),
        )

    @contextmanager
    def released_at(self, request: Request, *, late: str) -> Iterator[None]:
        """While a run goes on: hold its request of this kind, let the late one go, and then this one."""
        hold(self.sandbox, **fault(request, "slow", "next"))
        ended = threading.Event()
        thread = threading.Thread(target=self._release, args=(request, late, ended))
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()
            self.sandbox.control.delete("/faults").raise_for_status()

    def _release(self, request: Request, late: str, ended: threading.Event) -> None:
        with httpx.Client(
            base_url=self.sandbox.control.base_url, headers=self.sandbox.control.headers, trust_env=False
        ) as control:
            while not ended.wait(0.02):
                if any(armed["scenario"] == "next" for armed in control.get("/faults").json()):
                    continue
                control.delete("/journal")
                control.delete("/faults", params={"scenario": late})
                while not request.is_in(control.get("/journal").json()) and not ended.wait(0.02):
                    pass
                control.delete("/faults")
                return

    def _copied_hook(self) -> str:
        """The deploy hook, read off the settings page of Render's dashboard as a person would."""
        exports = self.sandbox.exports
        api, headers = exports["RENDER_API_URL"], {"Authorization": f"Bearer {exports['RENDER_API_KEY']}"}
        [listed] = httpx.get(f"{api}/services", headers=headers, trust_env=False).json()
        page = f"{api.removesuffix('/v1')}/dashboard/{listed['service']['id']}/settings"
        text = httpx.get(page, headers=headers, trust_env=False).text
        match = re.search(r'id="deploy-hook">([^<]+)<', text)
        assert match
        return match[1].replace("&amp;", "&")


@contextmanager
def untested() -> Iterator[None]:
    """Runs make and compare what is there, but test no claim.

    Tests cost most of a run, and a run before or after these has them: of each point the one that is killed, the ``apply`` after it, and
    ``verify``.
    """
    with mock.patch.object(Claims, "_settled", return_value=None):
        yield


def fault(request: Request, kind: str, scenario: str) -> dict[str, Any]:
    """The fault that holds a request."""
    return {
        "service": request.service,
        "method": request.method,
        "path": request.path,
        "skip": request.nth,
        "kind": kind,
        "scenario": scenario,
    }


def failure(finished: Finished) -> str:
    """What a command said of its failure, in one line."""
    lines = [line.strip() for line in finished.output.splitlines() if re.search(r"✗|rror|hint:|failed|held", line)]
    return " / ".join(lines or finished.output.splitlines()[-4:])[:1200]


def _record(path: Path) -> Any:
    return json.loads(path.read_text()) if path.exists() else None


def _difference(one: Any, other: Any) -> str:
    if isinstance(one, dict) and isinstance(other, dict):
        parts = [f"{name} gone" for name in one if name not in other]
        parts += [f"{name} is new" for name in other if name not in one]
        parts += [f"{name} is another" for name in one if name in other and one[name] != other[name]]
        return ", ".join(parts)
    return f"{one!r} → {other!r}"[:600]
