"""``deploybook prove applications``: a small application through `deploybook run --app`, whole, and with each of its parts broken once.

It is `small_app/`: a web app of Next.js, a worker with a Dockerfile, a render app of Modal. The section that is concerned must fail and
name the breakage. The nightly workflow runs it; the first run installs and builds.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.sandboxes import ROOT

from deploybook.proving.scenarios import Proof, Scenario

APP = Path(__file__).with_name("small_app")
SECTIONS = ("r2", "turso", "webhook_secret", "modal", "vercel", "render")


@dataclass(frozen=True)
class Breakage:
    """A change in one file, the section that must fail, and what it must say."""

    path: str
    old: str
    new: str
    section: str
    says: str


BREAKAGES = {
    "nothing": None,
    "the web app's code": Breakage(
        "app/page.js", "Small studio</h1>", "Small studio<h1>", "vercel", 'Command "npm run build" exited with 1'
    ),
    "the web app's lock file": Breakage(
        "package-lock.json", '"lockfileVersion": 3', '"lockfileVersion": ', "vercel", 'Command "npm ci'
    ),
    "a file of the worker's image": Breakage(
        "worker/Dockerfile", "COPY worker worker", "COPY services/worker worker", "render", "/services/worker"
    ),
    "a workspace of the worker's image": Breakage(
        "worker/Dockerfile", "npm ci --ignore-scripts", "npm ci --workspace=worker", "render", "No workspaces found"
    ),
    "the worker's program": Breakage(
        "worker/Dockerfile", '"worker/index.js"]', '"worker/dist/index.js"]', "render", "MODULE_NOT_FOUND"
    ),
    "a package of the render app": Breakage(
        "modal_app/app.py",
        "import modal\n",
        "import modal\nimport nothing_of_this_name\n",
        "modal",
        "nothing_of_this_name",
    ),
    "a file of the render app's image": Breakage(
        "modal_app/app.py",
        "--check worker/index.js",
        "--check render/index.js",
        "modal",
        "node --check render/index.js",
    ),
}


class Applications:
    """The breakages by what is broken."""

    def scenarios(self) -> list[Scenario]:
        """One for each, and one without any."""
        return [Scenario(name) for name in BREAKAGES]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """Nothing has to be there."""

        def prove(name: str) -> Proof:
            with tempfile.TemporaryDirectory() as folder:
                return Proof(*outcome(broken(Path(folder), BREAKAGES[name]), BREAKAGES[name]))

        yield prove


def outcome(app: Path, breakage: Breakage | None) -> tuple[bool, str]:
    """One dry run: whether it ended as it must, and how in a sentence."""
    began = time.monotonic()
    sections = SECTIONS if breakage is None else SECTIONS[: SECTIONS.index(breakage.section) + 1]
    # What the broken part needs is made by its section's run alone.
    chosen = [slug for slug in sections if breakage is None or slug != "modal" or breakage.section == "modal"]
    command = [str(Path(sys.executable).with_name("deploybook")), "run", *chosen, "--app", str(app)]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds, output = f"{time.monotonic() - began:.0f} s", completed.stdout + completed.stderr
    if breakage is None:
        return completed.returncode == 0, f"passed, {seconds}" if completed.returncode == 0 else output[-2000:]
    failed = any(line.startswith(breakage.section) and "✗ failed" in line for line in output.splitlines())
    named = breakage.says in " ".join(output.split())
    words = (
        f"{breakage.section} {'failed' if failed else 'PASSED'}, {'named' if named else 'NOT NAMED'}: {breakage.says}"
    )
    return failed and named, f"{words}, {seconds}" + ("" if failed and named else f"\n{output[-2000:]}")


def broken(folder: Path, breakage: Breakage | None) -> Path:
    """A copy of the application with one change."""
    app = shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("node_modules", ".next", "__pycache__"))
    if breakage:
        file = app / breakage.path
        before = file.read_text()
        assert breakage.old in before, f"{breakage.path} does not hold {breakage.old!r}"
        file.write_text(before.replace(breakage.old, breakage.new, 1))
    return app
