"""Troubles of the operator's own machine, as the sandbox has those of the providers: a vault edited, a file that others can read."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from tests.runbooks.killing import taken
from tests.sandboxes import ROOT
from tests.waiting import PATIENCE_SECONDS

from deploybook.sandbox.turso.backend import sqld
from deploybook.state.vault import Vault

if TYPE_CHECKING:
    from tests.e2e.benches import Bench

Act = Callable[["Bench"], None]


def _nothing(_: Bench) -> None:
    """Nothing."""


@dataclass
class Scenario:
    """One scenario. ``by_hand`` is what the fix tells in words; ``tidy`` takes away what was there for the proof alone."""

    make: Act
    by_hand: Act | None = None
    tidy: Act = _nothing


_TROUBLES: dict[str, Scenario] = {}


def scenarios() -> dict[str, Scenario]:
    """Every scenario by its entry."""
    return _TROUBLES


def home(bench: Bench) -> Path:
    """The home folder of the operator's shell, with its caches."""
    home = bench.guide.root / "home"
    home.mkdir(exist_ok=True)
    return home


def scenario(entry: str) -> Callable[[Act], Act]:
    """The decorated function brings the machine into the state of this entry."""

    def register(make: Act) -> Act:
        _TROUBLES[entry] = Scenario(make)
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


@scenario("vault-open")
def others_may_read(bench: Bench) -> None:
    """The vault was copied from another machine, and the copy has the usual rights."""
    vault(bench).chmod(0o644)


@scenario("vault-open.folder")
def others_may_change_the_folder(bench: Bench) -> None:
    """The folder was made by hand on a machine where new folders are everybody's."""
    vault(bench).parent.chmod(0o777)


@scenario("vault-unreadable.empty")
def vault_emptied(bench: Bench) -> None:
    """A copy broke off before its first byte."""
    _keep_copy(bench)
    vault(bench).write_bytes(b"")


@scenario("vault-unreadable.gone")
def vault_gone(bench: Bench) -> None:
    """It is deleted with other files that begin with a dot."""
    _keep_copy(bench)
    vault(bench).unlink()


@by_hand("vault-unreadable.empty")
@by_hand("vault-unreadable.gone")
def vault_restored(bench: Bench) -> None:
    """Restore it from the backup."""
    bench.guide.root.joinpath("backup.env").replace(vault(bench))


@scenario("vault-unreadable")
def quote_within_quotes(bench: Bench) -> None:
    """A line is added in an editor, with an apostrophe in its value."""
    with vault(bench).open("a") as file:
        file.write("NOTE='it's mine'\n")


@by_hand("vault-unreadable")
def line_corrected(bench: Bench) -> None:
    """Put a backslash before the apostrophe."""
    corrected = vault(bench).read_text().replace("NOTE='it's mine'", "NOTE='it\\'s mine'")
    vault(bench).write_text(corrected)


@tidy("vault-unreadable")
def line_removed(bench: Bench) -> None:
    """The line was there for the proof alone."""
    Vault(vault(bench).parent, "production").forget("NOTE")


@scenario("other-account")
def another_teams_id(bench: Bench) -> None:
    """The id of a team that the token's scope does not name was exported."""
    bench.placeholders["<VERCEL_TEAM_ID>"] = bench.sandbox.exports["VERCEL_TEAM_ID"]
    bench.sandbox.exports["VERCEL_TEAM_ID"] = os.environ["VERCEL_TEAM_ID"] = "team_" + "another0" * 3


@scenario("modal-deploy")
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


@scenario("runbook-failed")
def runbook_with_a_bug(bench: Bench) -> None:
    """A cell of the guide's own names what is not there."""
    runbooks = bench.guide.root / "runbooks"
    runbooks.unlink()
    shutil.copytree(ROOT / "runbooks", runbooks, ignore=shutil.ignore_patterns("__pycache__"))
    notebook = runbooks / "r2.ipynb"
    notebook.write_text(notebook.read_text().replace("r2.presigned_get_works", "r2.presigned_get_work", 1))


@by_hand("runbook-failed")
def guide_corrected(bench: Bench) -> None:
    """It was reported, and the guide is corrected."""
    runbooks = bench.guide.root / "runbooks"
    shutil.rmtree(runbooks)
    runbooks.symlink_to(ROOT / "runbooks")


@scenario("not-in-the-vault")
def token_lost(bench: Bench) -> None:
    """A line of the vault is deleted in an editor."""
    _edit_vault(bench, "TURSO_AUTH_TOKEN", None)


@scenario("turso-url")
def other_databases_url(bench: Bench) -> None:
    """The URL of another database is pasted into the vault."""
    turso = _turso(bench)
    made = turso.post("databases", json={"name": "studio-staging", "group": "default"})
    if made.status_code != httpx.codes.CONFLICT:
        made.raise_for_status()
    # It may be there, of another scenario.
    home = turso.get("databases/studio-staging").raise_for_status()
    _edit_vault(bench, "TURSO_DATABASE_URL", f"libsql://{home.json()['database']['Hostname']}")


@tidy("turso-url")
def other_database_deleted(bench: Bench) -> None:
    """The other database is not needed any more."""
    _turso(bench).delete("databases/studio-staging").raise_for_status()


@scenario("bucket-not-empty")
def trial_made(bench: Bench) -> None:
    """There is an environment for trials, with a bucket of its own; the sandbox's part of the scenario fills it."""
    arguments = ["-p", "bucket_name", "studio-trial", "-p", "token_name", "studio-trial-r2", "--environment", "trial"]
    result = bench.guide.run("run", "r2", "--mode", "apply", "--yes", *arguments, env=bench.sandbox.exports)
    assert result.code == 0, result.output
    bench.placeholders |= {"<ENVIRONMENT>": "trial", "<BUCKET_NAME>": "studio-trial", "<TOKEN_NAME>": "studio-trial-r2"}


@tidy("bucket-not-empty")
def trial_over(bench: Bench) -> None:
    """The placeholders mean the environment of before."""
    bench.placeholders |= {"<ENVIRONMENT>": "production", "<BUCKET_NAME>": "studio-production"}


@scenario("vault-locked")
def another_run(bench: Bench) -> None:
    """A run is going on in another terminal; Turso is slow to answer it."""
    slow = {"service": "turso", "kind": "slow", "seconds": 8}
    bench.sandbox.control.post("/faults", json=slow).raise_for_status()
    environ = bench.sandbox.exports
    bench.others.append(bench.guide.start("run", "turso", "--mode", "apply", "--yes", env=environ))
    taken(bench.sandbox)


@by_hand("vault-locked")
def other_run_ended(bench: Bench) -> None:
    """Wait for it to end."""
    with bench.others.pop() as other:
        output, _ = other.communicate(timeout=PATIENCE_SECONDS)
    assert other.returncode == 0, output


@scenario("token-name-ambiguous")
def state_lost(bench: Bench) -> None:
    """There was an environment for trials, and the machine that had its ledger and its vault is gone; the sandbox makes a second token."""
    result = bench.guide.run(
        "run", "r2", "--mode", "apply", "--yes", "--environment", "lost", env=bench.sandbox.exports
    )
    assert result.code == 0, result.output
    for path in vault(bench).parent.glob("lost.*"):
        path.unlink()
    bench.placeholders |= {"<ENVIRONMENT>": "lost"}


@tidy("token-name-ambiguous")
def lost_no_more(bench: Bench) -> None:
    """The placeholder means the environment of before."""
    bench.placeholders |= {"<ENVIRONMENT>": "production"}


@scenario("sandbox-does-not-start")
def server_damaged(bench: Bench) -> None:
    """The disk was full, or failed: the database server's file in the cache is not what it was."""
    damaged = sqld.obtain(home(bench) / ".cache" / "deploybook")
    damaged.chmod(0o700)
    with damaged.open("r+b") as file:
        file.truncate(4096)


@scenario("invalid-value")
def hook_cut_off(bench: Bench) -> None:
    """The vault was edited, and the deploy hook lost its key."""
    name = "RENDER_DEPLOY_HOOK_URL"
    stored = Vault(vault(bench).parent, "production").all()[name].get_secret_value()
    _edit_vault(bench, name, stored.partition("?")[0])


@scenario("needs-decision")
def secret_lost(bench: Bench) -> None:
    """A line of the vault is deleted in an editor: what it held was shown only once."""
    _edit_vault(bench, "R2_SECRET_ACCESS_KEY", None)


@scenario("state-damaged")
def ledger_cut_off(bench: Bench) -> None:
    """The disk was full when the ledger was copied from another machine."""
    ledger = _ledger(bench)
    bench.guide.root.joinpath("whole.json").write_bytes(ledger.read_bytes())
    ledger.write_bytes(b"")


@tidy("state-damaged")
def ledger_whole(bench: Bench) -> None:
    """The ledger has everything again, as the file had it that was copied."""
    bench.guide.root.joinpath("whole.json").replace(_ledger(bench))


@scenario("vercel-team")
def the_teams_id(bench: Bench) -> None:
    """What is exported is the slug in place of the id."""
    bench.placeholders["<VERCEL_TEAM_ID>"] = bench.sandbox.exports["VERCEL_TEAM_ID"]


def vault(bench: Bench) -> Path:
    """The vault's file."""
    return bench.guide.root / ".deploybook" / "production.env"


def _keep_copy(bench: Bench) -> None:
    shutil.copy2(vault(bench), bench.guide.root / "backup.env")


def _edit_vault(bench: Bench, name: str, value: str | None) -> None:
    kept = [line for line in vault(bench).read_text().splitlines() if not line.startswith(f"{name}=")]
    added = [] if value is None else [f"{name}='{value}'"]
    vault(bench).write_text("\n".join([*kept, *added]) + "\n")


def _ledger(bench: Bench) -> Path:
    return bench.guide.root / ".deploybook" / "production.made.json"


def _turso(bench: Bench) -> httpx.Client:
    exports = bench.sandbox.exports
    base = f"{exports['TURSO_API_URL']}/v1/organizations/{exports['TURSO_ORGANIZATION']}/"
    return httpx.Client(
        base_url=base, headers={"Authorization": f"Bearer {exports['TURSO_API_TOKEN']}"}, trust_env=False, timeout=30
    )
