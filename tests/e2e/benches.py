"""A provisioned stack, healthy, on which scenarios are made and mended as an operator would mend them."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import httpx
from tests.e2e import machine
from tests.e2e.kept import Kept
from tests.runbooks.guide import COMMAND, Guide
from tests.sandboxes import CONTRACT, ROOT, RunningSandbox, launch_sandbox
from tests.waiting import PATIENCE_SECONDS

from deploybook.contract.model import load_contract
from deploybook.diagnosis.causes import Cause, causes
from deploybook.diagnosis.observations import Diagnosis, DiagnosisTarget, examine
from deploybook.guide.entries import Entry, read_entries
from deploybook.layout import Layout
from deploybook.runbook.notebook_file import values_of

# Marks of an entry's heading. At the command: the message of the command under *Check* leads to the entry, and there is no state
# of the world to diagnose. By hand: a part of the fix is done at a dashboard.
AT_THE_COMMAND, BY_HAND = "at-the-command", "by-hand"
# What an operator puts in place of a placeholder; a scenario may add its own.
PLACEHOLDERS = {
    "<DATABASE_NAME>": "studio-production",
    "<ENVIRONMENT>": "production",
    "<BUCKET_NAME>": "studio-production",
    "<SERVICE_NAME>": "studio-production-worker",
    "<APP_HOST>": "studio.example.com",
    "<WORKSPACE>": "Studio",
    # It makes nothing, so that nothing of the bench is destroyed.
    "<SECTION>": "end_to_end",
}
# How long a job may take where something is broken, and no worker may ever take it; and where all works, on a machine that has much
# else to do: there it ends as soon as it is done.
BROKEN_JOB_SECONDS, JOB_SECONDS = 8, 50
SECTIONS = CONTRACT.all_predecessors("end_to_end")


class NotMade(AssertionError):
    """A scenario that could not be made, or mended by hand, in the state that the bench is in."""


class Bench:
    """A provisioned stack on which entries are proved one after the other; each leaves it as healthy as it was."""

    def __init__(self, sandbox: RunningSandbox, home: Path) -> None:
        self.sandbox = sandbox
        self.guide = Guide(home)
        for name in ("runbooks", "docs"):
            if not (home / name).is_symlink():
                (home / name).symlink_to(ROOT / name)
        self.entries = read_entries(ROOT / "docs" / "troubleshooting.md")
        self.contract = load_contract(ROOT / "runbooks" / "contract.toml")
        self.parameters = {"git_repository": sandbox.exports["GITHUB_REPOSITORY"]}
        self.placeholders = PLACEHOLDERS | {"<GIT_REPOSITORY>": self.parameters["git_repository"]}
        # How the latest fix ended.
        self.fix_code = 0
        # Commands that are going on in other terminals.
        self.others: list[subprocess.Popen[str]] = []

    def reopened(self) -> Bench:
        """The same stack, in the hands of somebody who has done nothing yet; the commands of others are over."""
        for other in self.others:
            other.kill()
            other.communicate()
        return Bench(self.sandbox, self.guide.root)

    def provision(self) -> None:
        """All sections, as an operator applies them; the deploy hook is copied from Render's dashboard as a person would."""
        self.apply(*SECTIONS)
        self.apply("render", "-p", "import_from", "COPIED_HOOK", COPIED_HOOK=self._copied_hook())
        self.apply("ci_cd")

    def apply(self, *arguments: str, **extra: str) -> None:
        """``deploybook run … --mode apply``, or AssertionError with what it printed."""
        pairs = [word for name, value in self.parameters.items() for word in ("-p", name, value)]
        result = self.guide.run("run", *arguments, "--mode", "apply", "--yes", *pairs, env=self.sandbox.exports | extra)
        assert result.code == 0, result.output

    def make(self, entry: str, scenario: str = "") -> None:
        """Bring the sandbox, or the operator's machine, into the entry's state, or into another ``scenario`` that it explains.

        A refused command needs neither.
        """
        name = scenario or entry
        own, scenarios = machine.scenarios().get(name), self.sandbox.control.get("/scenarios").json()
        assert own or name in scenarios or AT_THE_COMMAND in self.entries[entry].marks, f"{name} has no scenario"
        if own:
            own.make(self)
        if name in scenarios:
            self._control(f"/scenarios/{name}")

    def states(self, entry: str) -> list[str]:
        """The scenarios that an entry explains: its own first, then those that are named after it."""
        every = {*machine.scenarios(), *self.sandbox.control.get("/scenarios").json()}
        return [entry, *sorted(name for name in every if name.startswith(f"{entry}."))]

    def examine(self, job_seconds: int = JOB_SECONDS) -> Diagnosis:
        """What ``deploybook doctor`` examines. The process's environment points at the sandbox."""
        layout = Layout(self.guide.root)
        parameters = {
            slug: values_of(layout.notebook(slug), self.contract, "production") for slug in self.contract.order()
        }
        for values in parameters.values():
            values.update({name: value for name, value in self.parameters.items() if name in values})
        # Mended means that everything works again, the render too.
        parameters["end_to_end"] |= {"job_seconds": job_seconds, "render": True}
        # What Vercel is at work on when somebody looks has had its time.
        parameters["vercel"] |= {"deploy_minutes": 1}
        return examine(DiagnosisTarget(layout, self.contract, "production", parameters))

    def causes(self, examination: Diagnosis) -> list[Cause]:
        """What ``deploybook doctor`` names."""
        return causes(self.contract, self.entries, examination.observations)

    def mend(self, entry: Entry, commands: Sequence[str] | None = None, scenario: str = "") -> str:
        """Do what the entry's fix says, by hand and by its commands as they are written; what they printed.

        By hand comes first, or between two blocks: what the first of them still finds wrong is what the hand mends. Where only a command
        leads to the entry, each of the two is a fix of its own.
        """
        own = machine.scenarios().get(scenario or entry.id)
        stages = (entry.stages or [[]]) if commands is None else [list(commands)]
        typed = self._typed(stages[0]) if len(stages) > 1 else ""
        first_code = self.fix_code if typed and AT_THE_COMMAND in entry.marks else 0
        if BY_HAND in entry.marks:
            if own and own.by_hand:
                own.by_hand(self)
            else:
                self._control(f"/scenarios/{scenario or entry.id}/by-hand")
        typed += self._typed(stages[-1])
        self.fix_code = first_code or self.fix_code
        if own:
            own.tidy(self)
        return typed

    def _typed(self, commands: Sequence[str]) -> str:
        """Type commands of a fix up to the first that fails; what they printed. ``fix_code`` is how they ended."""
        block = "\n".join(commands)
        result = self.shell(f"set -e\n{block}")
        self.fix_code = result.returncode
        return f"$ {block}\n{result.stdout}{result.stderr}"

    def type(self, block: str) -> str:
        """Type a block of commands into a shell; the block and what it printed."""
        result = self.shell(block)
        return f"$ {block}\n{result.stdout}{result.stderr}"

    def shell(self, block: str) -> subprocess.CompletedProcess[str]:
        """Execute a block as the operator would, who stays in one shell: what it exports is there for the next.

        Placeholders are filled in, questions answered, and ``read`` is given what a provider's dashboard shows just now.
        """
        for placeholder, value in self.placeholders.items():
            block = block.replace(placeholder, value)
        block = "\n".join(_answered(line) for line in block.splitlines())
        exported = self.guide.root / "shell.env"
        pasted = {f"PASTED_{name}": value for name, value in self.sandbox.control.get("/exports").json().items()}
        pasted["PASTED_RENDER_DEPLOY_HOOK_URL"] = self._copied_hook()
        home = machine.home(self)
        own = {"HOME": str(home), "XDG_CACHE_HOME": str(home / ".cache"), "COLUMNS": "400"}
        environ = self.guide.environment(self.sandbox.exports | pasted | own)
        environ["PATH"] = f"{Path(COMMAND).parent}{os.pathsep}{environ['PATH']}"
        completed = subprocess.run(
            ["bash", "-c", f"trap 'env -0 >{exported}' EXIT\n{block}"],
            cwd=self.guide.root,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
            timeout=400,
        )
        now = dict(pair.split("=", 1) for pair in exported.read_text().split("\0") if "=" in pair)
        self.sandbox.exports.update({name: now[name] for name in self.sandbox.exports if name in now})
        os.environ.update(self.sandbox.exports)
        return completed

    def _control(self, path: str) -> None:
        answer = self.sandbox.control.post(path, timeout=PATIENCE_SECONDS)
        if answer.status_code != httpx.codes.OK:
            raise NotMade(f"{path}: {answer.text}")

    def _copied_hook(self) -> str:
        return copied_hook(self.sandbox.exports)


def copied_hook(exports: Mapping[str, str]) -> str:
    """The hook, read off the settings page of Render's dashboard; empty where there is no worker."""
    api, headers = exports["RENDER_API_URL"], {"Authorization": f"Bearer {exports['RENDER_API_KEY']}"}
    listed = httpx.get(f"{api}/services", headers=headers, trust_env=False).json()
    if not listed:
        return ""
    base = api.removesuffix("/v1")
    page = httpx.get(f"{base}/dashboard/{listed[0]['service']['id']}/settings", headers=headers, trust_env=False)
    match = re.search(r'id="deploy-hook">([^<]+)<', page.text)
    return match[1].replace("&amp;", "&") if match else ""


def _answered(line: str) -> str:
    """A command with what it asks for: apply's yes, the environment's name, a pasted secret; not where its input is redirected."""
    if "<" in line:
        return line
    if re.search(r"--mode apply\b", line) and "--yes" not in line:
        return line.replace("--mode apply", "--mode apply --yes")
    if re.search(r"--mode destroy\b", line):
        named = re.search(r"--environment (\S+)", line)
        return f"{line} <<< {named[1] if named else 'production'}"
    if variable := re.fullmatch(r"deploybook env set (\w+)", line):
        return f'{line} <<< "$PASTED_{variable[1]}"'
    return re.sub(r"\bread -rs (\w+)", r'read -rs \1 <<< "$PASTED_\1"', line)


@contextmanager
def healthy_bench() -> Iterator[Bench]:
    """A stack of its own, provisioned, in which nothing fails; this process's environment points at it meanwhile."""
    sandbox = launch_sandbox()
    try:
        with (
            tempfile.TemporaryDirectory() as name,
            mock.patch.dict(os.environ, {**sandbox.exports, "DEPLOYBOOK_HOME": name}),
        ):
            bench = Bench(sandbox, Path(name))
            bench.provision()
            failing = [str(observation) for observation in bench.examine().observations if observation.failed]
            assert not failing, failing
            yield bench
    finally:
        sandbox.close()


@contextmanager
def kept_bench() -> Iterator[Callable[[], Bench]]:
    """A healthy bench that is provisioned once; each call brings it back, whatever was done to it."""
    with healthy_bench() as bench, Kept(bench.sandbox, bench.guide.root) as kept:
        environ = dict(os.environ)

        def anew() -> Bench:
            kept.restore()
            os.environ.clear()
            os.environ.update(environ)
            return bench.reopened()

        yield anew
