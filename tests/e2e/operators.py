"""``deploybook prove operators``: two clones apply one section at once, in every interleaving of their writes up to two switches.

The first clone's run is held at one of its writing requests, the second's goes to its end, then the first goes on: for each of the first's
writing requests, and for one run after the other. The clones have made nothing yet, or have the same vault and the same change to make.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from pydantic import SecretStr
from tests.e2e import crashes_run
from tests.e2e.crashes_inventory import Inventory, inventory
from tests.e2e.crashes_point import Request, writing
from tests.e2e.crashes_world import failure, fault, untested
from tests.e2e.kept import Kept
from tests.e2e.requests import CLONES, differences, recorded
from tests.runbooks.guide import Finished, Guide
from tests.runbooks.killing import hold, release, taken
from tests.sandboxes import CONTRACT, ROOT, RunningSandbox, launch_sandbox
from tests.waiting import PATIENCE_SECONDS

from deploybook.clouds.connections import Connections
from deploybook.clouds.r2.token import BucketToken
from deploybook.errors import DeploybookError
from deploybook.proving.scenarios import Proof, Scenario
from deploybook.state.vault import Vault

# What the clones begin with. With one vault they have something to change in two sections without a secret being replaced.
MADE, VAULT = "nothing made", "one vault"
BENCHES = (f"r2 | {MADE}", f"r2 | {VAULT}", f"turso | {MADE}", f"vercel | {MADE}", f"vercel | {VAULT}")
ORIGIN = "https://app.example.com"


@dataclass(frozen=True)
class Interleaving:
    """The first clone is held at ``request`` (None: it ends before the second begins)."""

    bench: str
    request: Request | None

    def __str__(self) -> str:
        return f"{self.bench} | {f'the other at {self.request}' if self.request else 'one after the other'}"


class Clone:
    """One operator's checkout."""

    def __init__(self, root: Path, sandbox: RunningSandbox) -> None:
        root.mkdir()
        (root / "runbooks").symlink_to(ROOT / "runbooks")
        self.guide = Guide(root)
        self.state = root / ".deploybook"
        self.sandbox = sandbox
        self.temporary = root / "tmp"
        self.temporary.mkdir()

    def environment(self) -> dict[str, str]:
        """Of its commands."""
        return self.guide.environment({**self.sandbox.exports, "TMPDIR": str(self.temporary)})

    def apply(self, slug: str, *more: str) -> Finished:
        """Apply one section to its end, whatever that is."""
        with (
            crashes_run.temporary_files(self.environment()),
            mock.patch.object(BucketToken, "settle_seconds", 0.0),
        ):
            return self.guide.run(*words(slug, self.sandbox, *more), env=self.environment())

    def applied(self, slug: str, *more: str) -> None:
        """The same; it must pass."""
        finished = self.apply(slug, *more)
        assert finished.code == 0, failure(finished)

    def refused(self) -> list[str]:
        """Which of the credentials in its vault are not accepted."""
        vault = Vault(self.state, "production").all()
        connections = Connections(self.sandbox.exports)
        refused = []
        with mock.patch.dict("os.environ", self.sandbox.exports):
            try:
                if store := connections.objects(vault):
                    store.call("list_objects_v2", MaxKeys=1)
                if database := connections.libsql(vault):
                    database.query("SELECT 1")
            except DeploybookError as error:
                refused.append(str(error))
            finally:
                connections.close()
        return refused


class Clones:
    """Two clones in the sandbox's accounts; they are brought back before each interleaving."""

    def __init__(self, sandbox: RunningSandbox, root: Path, bench: str) -> None:
        self.sandbox = sandbox
        self.section, _, begun = bench.partition(" | ")
        self.shared = begun == VAULT
        section = self.section
        self._provision(root)
        self._kept = Kept(sandbox, root)
        self._journal()
        self.first.applied(section, *self._change())
        self.requests = writing(self._journal())
        self.undisturbed: Inventory = inventory(sandbox.exports)
        self.first.applied(section, *self._change())
        self.at_rest = {request.kind for request in writing(self._journal())}

    def own_requests(self) -> list[Request]:
        """The requests of a run, without those at a check's scratch things, which no two runs share."""
        return [request for request in self.requests if request.kind not in self.at_rest]

    def __enter__(self) -> Clones:
        return self

    def __exit__(self, *_: object) -> None:
        self._kept.__exit__()

    def _provision(self, root: Path) -> None:
        """Two checkouts, before their runs."""
        self.sandbox.reset()
        self.first, self.second = Clone(root / "first", self.sandbox), Clone(root / "second", self.sandbox)
        with untested():
            self._prepare()
        if self.first.state.exists() and (self.section == "vercel" or self.shared):
            self.second.state.mkdir(mode=0o700)
            shutil.copy2(self.first.state / "production.env", self.second.state / "production.env")

    def _prepare(self) -> None:
        if self.section == "vercel":
            for slug in ("r2", "turso", "webhook_secret"):
                self.first.applied(slug)
            self._fill()
        if self.shared:
            self.first.applied(self.section)
        if self.section == "vercel" and self.shared:
            self.first.applied("webhook_secret", "-p", "rotate", "true")

    def try_one(self, interleaving: Interleaving) -> list[str]:
        """Interleave, and give what is not as it should be."""
        self._kept.restore()
        ends = self._interleave(interleaving.request)
        problems = self._harmed("after both")
        for clone in (self.first, self.second):
            clone.apply(self.section, *self._change())
        problems += self._harmed("after one apply each")
        self._journal()
        codes = []
        for name, clone in (("first", self.first), ("second", self.second)):
            finished = clone.apply(self.section, *self._change())
            codes.append(finished.code)
            if finished.code and "hint: " not in finished.output:
                problems.append(f"the {name} clone is told nothing: {failure(finished)}")
            if writes := {request.kind for request in writing(self._journal())} - self.at_rest:
                problems.append(f"the {name} clone is not at rest: {writes}")
        if all(codes):
            problems.append(f"neither clone passes: {failure(finished)}; before: {ends}")
        return problems

    def _interleave(self, request: Request | None) -> tuple[int | None, int]:
        if request is None:
            return self.first.apply(self.section, *self._change()).code, self._second()
        hold(self.sandbox, **fault(request, "slow", "first"))
        run = crashes_run.start(words(self.section, self.sandbox, *self._change()), self.first.environment(), "")
        taken(self.sandbox)
        code = self._second()
        release(self.sandbox)
        run.join(PATIENCE_SECONDS)
        return run.exitcode, code

    def _second(self) -> int:
        return self.second.apply(self.section, *self._change()).code

    def _harmed(self, when: str) -> list[str]:
        problems = [
            f"{when}, a clone is cut off: {refusal}"
            for clone in (self.first, self.second)
            for refusal in clone.refused()
        ]
        present = inventory(self.sandbox.exports)
        if present != self.undisturbed:
            names = {name for name, _ in present.items() ^ self.undisturbed.items()}
            problems.append(f"{when}, there is {', '.join(f'{present.get(name, 0)} × {name}' for name in names)}")
        return problems

    def _change(self) -> tuple[str, ...]:
        if self.section == "r2":
            return ("-p", "app_origin", "https://moved.example.com" if self.shared else ORIGIN)
        return ()

    def _fill(self) -> None:
        """What sections between here and there record, as the contract's examples: nothing of it is asked of a provider."""
        vault = Vault(self.first.state, "production")
        needed = {variable.name: variable.example for variable in CONTRACT.needed_by("vercel")}
        vault.put({name: SecretStr(example) for name, example in needed.items() if name not in vault.all()})

    def _journal(self) -> Sequence[dict[str, object]]:
        entries = self.sandbox.journal()
        self.sandbox.control.delete("/journal")
        return entries


def words(slug: str, sandbox: RunningSandbox, *more: str) -> list[str]:
    """The command line that applies a section."""
    repository = ["-p", "git_repository", sandbox.exports["GITHUB_REPOSITORY"]] if slug == "vercel" else []
    return ["run", slug, "--mode", "apply", "--yes", *repository, *more]


class Operators:
    """The interleavings by their lines, such as ``r2 | one vault | the other at cloudflare PUT /accounts/*/tokens/*``."""

    def scenarios(self) -> list[Scenario]:
        """By the requests that are written down; the last of a bench finds out whether a run has others."""
        return [Scenario(str(one), bench) for bench in BENCHES for one in interleavings(bench)]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """Two clones."""
        by_name = {str(one): one for one in interleavings(bench)}
        sandbox = launch_sandbox()
        try:
            with tempfile.TemporaryDirectory() as folder, Clones(sandbox, Path(folder), bench) as clones:
                other = differences(recorded(CLONES)[bench], clones.own_requests())

                def prove(name: str) -> Proof:
                    problems = clones.try_one(by_name[name])
                    problems += other if by_name[name].request is None else []
                    return Proof(not problems, "; ".join(problems) or "holds")

                yield prove
        finally:
            sandbox.close()


def interleavings(bench: str) -> list[Interleaving]:
    """One for each request, and one run after the other."""
    return [Interleaving(bench, request) for request in (*recorded(CLONES).get(bench, ()), None)]
