"""Troubles of the operator's own machine, as the sandbox has those of the providers: a vault edited, a file that others can read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.e2e.proving import Bench

Act = Callable[["Bench"], None]


def _nothing(_: Bench) -> None:
    """Nothing."""


@dataclass
class Trouble:
    """One trouble. ``by_hand`` is what the fix tells in words; ``tidy`` takes away what was there for the proof alone."""

    make: Act
    by_hand: Act | None = None
    tidy: Act = _nothing


_TROUBLES: dict[str, Trouble] = {}


def troubles() -> dict[str, Trouble]:
    """Every trouble by its entry."""
    return _TROUBLES


def home(bench: Bench) -> Path:
    """The home folder of the operator's shell, with its caches."""
    found = bench.guide.root / "home"
    found.mkdir(exist_ok=True)
    return found


def trouble(entry: str) -> Callable[[Act], Act]:
    """The decorated function brings the machine into the state of this entry."""

    def register(make: Act) -> Act:
        _TROUBLES[entry] = Trouble(make)
        return make

    return register


def by_hand(entry: str) -> Callable[[Act], Act]:
    """The decorated function does what the entry's fix tells in words."""

    def register(act: Act) -> Act:
        _TROUBLES[entry].by_hand = act
        return act

    return register


def tidy(entry: str) -> Callable[[Act], Act]:
    """The decorated function is called when the fix was tried."""

    def register(act: Act) -> Act:
        _TROUBLES[entry].tidy = act
        return act

    return register


@trouble("vault-open")
def others_may_read(bench: Bench) -> None:
    """The vault was copied from another machine, and the copy has the usual rights."""
    vault(bench).chmod(0o644)


@trouble("vercel-team")
def another_teams_id(bench: Bench) -> None:
    """The id of a team that the token's scope does not name was exported."""
    bench.placeholders["<VERCEL_TEAM_ID>"] = bench.sandbox.exports["VERCEL_TEAM_ID"]
    bench.sandbox.exports["VERCEL_TEAM_ID"] = os.environ["VERCEL_TEAM_ID"] = "team_" + "another0" * 3


@trouble("modal-deploy")
def app_that_fails(bench: Bench) -> None:
    """The app's file imports what the operator's machine does not have."""
    folder = bench.guide.root / "modal_app"
    shutil.copytree(ROOT / "runbooks" / "modal_app", folder, ignore=shutil.ignore_patterns("__pycache__"))
    app = folder / "app.py"
    app.write_text(app.read_text().replace("import modal\n", "import modal\nimport gpu_studio\n", 1))
    bench.placeholders["<APP_PATH>"] = "modal_app/app.py"


@by_hand("modal-deploy")
def app_corrected(bench: Bench) -> None:
    """Correct the file."""
    app = bench.guide.root / "modal_app" / "app.py"
    app.write_text(app.read_text().replace("import gpu_studio\n", ""))


@tidy("modal-deploy")
def app_removed(bench: Bench) -> None:
    """The guide's own file is the app again."""
    shutil.rmtree(bench.guide.root / "modal_app")


@trouble("render-owner")
def two_workspaces(_: Bench) -> None:
    """The sandbox makes it: the key sees two."""


@tidy("render-owner")
def other_workspace_left(bench: Bench) -> None:
    """The other workspace is left, or every command would have to name the right one from now on."""
    bench.sandbox.control.post("/troubles/render-owner/by-hand").raise_for_status()


def vault(bench: Bench) -> Path:
    """The vault's file."""
    return bench.guide.root / ".deploybook" / "production.env"
