"""``python -m tests.e2e.own_app``: a small application through `deploybook run --app`, whole, then with each of its parts broken once.

It prints a line for each: which section failed, and whether it named the breakage. Not a part of `make test`: each line is a dry run.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT
from tests.sandbox.own_app.conftest import FILES, write

SECTIONS = ("r2", "turso", "webhook_secret", "modal", "vercel", "render")
STARTED = '"[Worker] Started as '


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
    "the web app's build": Breakage(
        "build.js", "require(", "throw new Error('Type error'); require(", "vercel", "exited with 1"
    ),
    "a file of the image": Breakage(
        "worker/Dockerfile", "COPY . .", "COPY worker/package.json worker/", "render", "worker/package.json"
    ),
    "the worker's program": Breakage(
        "worker/Dockerfile", 'dist/index.js"]', 'dist/main.js"]', "render", "MODULE_NOT_FOUND"
    ),
    "the render app": Breakage(
        "modal_app/app.py",
        "import modal\n",
        "import modal\nimport nothing_of_this_name\n",
        "modal",
        "nothing_of_this_name",
    ),
}


def main() -> None:
    """Run every line, or those whose names the arguments give."""
    for name, breakage in BREAKAGES.items():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name:22} {outcome(_application(Path(folder), breakage), breakage)}", flush=True)


def outcome(app: Path, breakage: Breakage | None) -> str:
    """One dry run, in a sentence."""
    began = time.monotonic()
    sections = SECTIONS if breakage is None else SECTIONS[: SECTIONS.index(breakage.section) + 1]
    chosen = [slug for slug in sections if breakage is None or slug != "modal" or breakage.section == "modal"]
    command = [str(Path(sys.executable).with_name("deploybook")), "run", *chosen, "--app", str(app)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    seconds = f"{time.monotonic() - began:.0f} s"
    if breakage is None:
        return f"{'passed' if done.returncode == 0 else 'FAILED'}, {seconds}"
    output = done.stdout + done.stderr
    failed = any(line.startswith(breakage.section) and "✗ failed" in line for line in output.splitlines())
    named = breakage.says in " ".join(output.split())
    return f"{breakage.section} {'failed' if failed else 'PASSED'}, {'named' if named else 'NOT NAMED'}: {breakage.says}, {seconds}"


def _application(folder: Path, breakage: Breakage | None) -> Path:
    app = write(folder / "app", FILES)
    worker = app / "worker/index.js"
    worker.write_text(worker.read_text().replace(STARTED, '"[Worker] Started, polling every 3000ms as '))
    shutil.copytree(ROOT / "runbooks/modal_app", app / "modal_app", ignore=shutil.ignore_patterns("__pycache__"))
    if breakage:
        file = app / breakage.path
        before = file.read_text()
        assert breakage.old in before, f"{breakage.path} does not hold {breakage.old!r}"
        file.write_text(before.replace(breakage.old, breakage.new, 1))
    return app


if __name__ == "__main__":
    main()
