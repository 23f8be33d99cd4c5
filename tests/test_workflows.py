"""The workflows, judged by two programs that know them, and their scripts executed with a stand-in for gh."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
OURS = ROOT / ".github" / "workflows"
WORKFLOWS = [*sorted(OURS.glob("*.yml")), ROOT / "runbooks" / "workflows" / "deploy.yml"]
# Prints the number that it is asked for, and writes down whatever else it is told.
GH = """#!/bin/sh
case "$1 $2" in
  "issue list" | "run list") echo "$THERE" ;;
  *) echo "$1 $2 $3" >> "$TOLD"; exit "${FAILS:-0}" ;;
esac
"""


def script(workflow: str, step: str) -> str:
    """What a step of one of our workflows runs."""
    document: dict[str, Any] = yaml.safe_load((OURS / workflow).read_text(encoding="utf-8"))
    steps = [step for job in document["jobs"].values() for step in job.get("steps", [])]
    (command,) = [candidate["run"] for candidate in steps if candidate["name"] == step and "run" in candidate]
    return str(command)


def actionlint(*paths: Path) -> str:
    return _lint("actionlint", "-no-color", "-oneline", *map(str, paths))


def zizmor(*paths: Path) -> str:
    config = ["--config", str(ROOT / ".github" / "zizmor.yml")]
    return _lint("zizmor", "--offline", "--quiet", "--no-progress", "--persona", "pedantic", *config, *map(str, paths))


def _lint(program: str, *arguments: str) -> str:
    command = [str(Path(sys.executable).with_name(program)), *arguments]
    completed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    output = completed.stdout + completed.stderr
    return output if completed.returncode else ""


def test_actionlint_and_zizmor_find_nothing() -> None:
    assert len(WORKFLOWS) >= 5
    assert actionlint(*WORKFLOWS) == ""
    assert zizmor(*WORKFLOWS) == ""


@pytest.mark.parametrize(
    ("lint", "old", "new", "message"),
    [
        (actionlint, "needs: prove", "needs: proof", "proof"),
        (actionlint, "github.base_ref", "github.base_reference", "base_reference"),
        (zizmor, '"$NUMBER"', '"${{ github.head_ref }}"', "template-injection"),
        (zizmor, "actions: read # the base branch's artifact", "actions: write", "undocumented-permissions"),
        (zizmor, "@3d3c42e5aac5ba805825da76410c181273ba90b1", "@v7", "unpinned-uses"),
    ],
)
def test_both_find_what_is_wrong(tmp_path: Path, lint: Any, old: str, new: str, message: str) -> None:
    text = (OURS / "docs.yml").read_text(encoding="utf-8")
    assert old in text
    folder = tmp_path / ".github" / "workflows"
    shutil.copytree(OURS, folder)
    (folder / "docs.yml").write_text(text.replace(old, new), encoding="utf-8")
    assert message in (lint(folder / "docs.yml") or "nothing")


def test_every_job_says_what_it_may_do_and_how_long_and_leaves_no_credential_behind() -> None:
    for path in WORKFLOWS:
        document: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
        for name, job in document["jobs"].items():
            assert "permissions" in (job if path.parent == OURS else document), f"{path.name}: {name}"
            assert "uses" in job or job["timeout-minutes"] <= 45, f"{path.name}: {name}"
            for step in job.get("steps", []):
                if step.get("uses", "").startswith("actions/checkout@"):
                    assert step["with"]["persist-credentials"] is False, f"{path.name}: {name}"


def test_an_action_is_pinned_to_one_commit_everywhere_with_its_version_beside_it() -> None:
    pins: dict[str, set[str]] = {}
    for path in WORKFLOWS:
        for line in path.read_text(encoding="utf-8").splitlines():
            used = re.search(r"uses: (?!\./)(.+)", line)
            if used:
                pin = re.fullmatch(r"([\w./-]+)@([0-9a-f]{40} # v\d+\.\d+\.\d+)", used[1])
                assert pin, f"{path.name}: {used[1]}"
                pins.setdefault(pin[1], set()).add(pin[2])
    assert len(pins) >= 5
    assert {action: len(commits) for action, commits in pins.items()} == dict.fromkeys(pins, 1)


@pytest.mark.parametrize(
    ("wrong", "number", "gh_commands"),
    [
        ("true", "", ["label create nightly", "issue create --repo"]),
        ("true", "7", ["issue edit 7"]),
        ("false", "7", ["issue close 7"]),
        ("false", "", []),
    ],
)
def test_the_nightly_has_one_issue_while_something_is_wrong(
    tmp_path: Path, wrong: str, number: str, gh_commands: list[str]
) -> None:
    commands = script("nightly.yml", "Open, update or close the issue")
    assert commands_to_gh(tmp_path, commands, THERE=number, WRONG=wrong, GITHUB_REPOSITORY="a/b") == gh_commands


@pytest.mark.parametrize(
    ("last", "fails", "gh_commands"), [("", "0", []), ("7", "0", ["run download 7"]), ("7", "1", ["run download 7"])]
)
def test_reports_of_the_base_branch_that_are_not_there_stop_nothing(
    tmp_path: Path, last: str, fails: str, gh_commands: list[str]
) -> None:
    commands = script("docs.yml", "Get the reports of the base branch")
    assert commands_to_gh(tmp_path, commands, THERE=last, FAILS=fails, BASE="main") == gh_commands


def commands_to_gh(folder: Path, commands: str, **environ: str) -> list[str]:
    """Run a script that must end well, and say what it told gh to do."""
    (folder / "gh").write_text(GH)
    (folder / "gh").chmod(0o755)
    written = folder / "told"
    environment = {"PATH": f"{folder}:{os.environ['PATH']}", "TOLD": str(written), **environ}
    subprocess.run(["bash", "-euo", "pipefail", "-c", commands], env=environment, check=True)
    return written.read_text().splitlines() if written.exists() else []
