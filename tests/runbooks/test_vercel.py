"""The Vercel runbook from the command line: every mode, hand-made drift, lost answers, failing builds, canaries, bad input."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest
from tests.conftest import CONTRACT, ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, FirstApply, Guide
from tests.runbooks.web_at_vercel import EARLIER, MAKING, PROJECT, SECRETS, Web
from tests.waiting import PATIENCE_SECONDS

from deploybook.state.ledger import Ledger

pytestmark = pytest.mark.xdist_group("vercel")


@pytest.fixture(scope="module")
def earlier(
    start_sandbox: Callable[..., RunningSandbox], tmp_path_factory: pytest.TempPathFactory
) -> tuple[RunningSandbox, Path]:
    """A sandbox with the bucket made, and the state of a guide that knows it."""
    sandbox = start_sandbox("vercel", "r2", "cloudflare", "studio")
    root = tmp_path_factory.mktemp("earlier")
    (root / "runbooks").symlink_to(ROOT / "runbooks")
    result = Guide(root).run("run", "r2", "webhook_secret", "--mode", "apply", "--yes", env=sandbox.exports)
    assert result.code == 0, result.output
    with (root / ".deploybook" / "production.env").open("a") as vault:
        vault.writelines(f"{name}='{value}'\n" for name, value in EARLIER.items())
    return sandbox, root / ".deploybook"


@pytest.fixture
def web(guide: Guide, earlier: tuple[RunningSandbox, Path], tmp_path: Path) -> Iterator[Web]:
    sandbox, state = earlier
    shutil.copytree(state, guide.root / ".deploybook")
    source = shutil.copytree(ROOT / "runbooks" / "web_stub", tmp_path / "web")
    exports = sandbox.exports
    headers = {"Authorization": f"Bearer {exports['VERCEL_TOKEN']}"}
    team = {"teamId": exports["VERCEL_TEAM_ID"]}
    with httpx.Client(base_url=exports["VERCEL_API_URL"], headers=headers, params=team, trust_env=False) as api:
        made = Web(guide, sandbox, api, source)
        made.clean()
        yield made


@pytest.fixture
def deployed(web: Web, first_apply: FirstApply) -> Web:
    """The web app after its first ``apply``."""
    first_apply(web.guide, web.sandbox, web.apply)
    return web


def resources(result: Finished) -> list[str]:
    lines = [line for cell in result.report["sections"][0]["cells"] for line in cell["lines"]]
    return [f"{line['subject']}: {line['detail']}" for line in lines if line["step"] == "resource"]


def no_secret_is_written(web: Web, *runs: Finished) -> None:
    """Neither on the terminal nor in any file but the vault, nor where Vercel shows values."""
    secrets = [str(web.vault()[name]) for name in SECRETS] + [web.sandbox.exports["VERCEL_TOKEN"]]
    written = web.guide.written() | {web.guide.root / "terminal": "".join(run.output for run in runs)}
    assert len(written) > 5
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert [path for path, text in written.items() if form in text] == []
    assert not {variable.get("value") for variable in web.variables()} & set(secrets)


def test_plan_apply_apply_plan_verify_destroy(web: Web) -> None:
    plan = web.run("plan")
    assert plan.code == 0
    assert plan.outcomes("resource") == ["would create"] * 4
    assert web.calls() == []

    first = web.apply()
    assert first.outcomes("resource") == ["create"] * 4
    assert resources(first)[:3] == resources(plan)[:3] == [f"{name}: " for name in MAKING]
    writes = [call for call in web.calls() if call != "POST /v2/files"]
    project_id = web.vault()["VERCEL_PROJECT_ID"]
    assert writes == ["POST /v11/projects", f"POST /v10/projects/{project_id}/env", "POST /v13/deployments"]

    entries = web.variables()
    assert {entry["key"]: entry["type"] for entry in entries if entry["type"] == "sensitive"} == dict.fromkeys(
        SECRETS, "sensitive"
    )
    assert {tuple(entry["target"]) for entry in entries} == {("production",)}
    kept = web.vault()
    assert web.variable("NEXT_PUBLIC_APP_URL")["value"] == kept["NEXT_PUBLIC_APP_URL"]
    assert kept["VERCEL_ORG_ID"] == web.sandbox.exports["VERCEL_TEAM_ID"]
    web.calls()

    for mode in ("apply", "plan", "verify"):
        again = web.run(mode)
        assert again.code == 0, again.output
        assert again.outcomes("resource") == ["unchanged"] * 4, again.output
        reads = web.calls(writes=False)
        assert {call.partition(" ")[0] for call in reads} == {"GET"}
        assert len(reads) == len(set(reads))
        assert set(again.outcomes("record")) == {"kept"}
        assert web.vault() == kept

    destroyed = web.run("destroy", typed="production\n")
    assert destroyed.code == 0, destroyed.output
    assert destroyed.outcomes("resource") == ["delete", "delete"], destroyed.output
    assert web.calls() == [f"DELETE /v9/projects/{project_id}"]
    assert web.api.get("/v10/projects").json()["projects"] == []
    assert not {"VERCEL_PROJECT_ID", "VERCEL_ORG_ID", "NEXT_PUBLIC_APP_URL"} & web.vault().keys()
    assert Ledger(web.guide.root / ".deploybook", "production").sections() == {"r2", "webhook_secret"}
    assert json.loads((web.guide.root / ".deploybook" / "production.last_writes.json").read_text())["writes"] == {}
    once_more = web.run("destroy", typed="production\n")
    assert once_more.code == 0
    assert set(once_more.outcomes("resource")) == {"absent"}


def test_variables_changed_by_hand_are_named_by_verify_and_repaired_by_apply(deployed: Web) -> None:
    deployed.edit("INTERNAL_WEBHOOK_SECRET", value="00" * 32)  # as the dashboard does: the comment stays
    deployed.edit("STORAGE_BACKEND", value="local")
    deployed.edit("R2_BUCKET_NAME", target=["preview"])
    deployed.edit("DEPLOY_ENV", target=["production", "preview"])
    deployed.api.delete(f"{PROJECT}/env/{deployed.variable('TURSO_AUTH_TOKEN')['id']}").raise_for_status()
    extra_variable = {"key": "OLD_FLAG", "value": "1", "type": "plain", "target": ["production"]}
    deployed.api.post("/v10/projects/studio-production/env", json=extra_variable).raise_for_status()
    deployed.calls()

    verified = deployed.with_kernels.run("verify")
    assert verified.code == 4
    assert deployed.calls() == []
    named = {
        "INTERNAL_WEBHOOK_SECRET edited elsewhere since it was set",
        "STORAGE_BACKEND different",
        "R2_BUCKET_NAME set for preview only",
        "DEPLOY_ENV set for preview, production",
        "TURSO_AUTH_TOKEN missing",
    }
    assert [entry for entry in named if entry not in verified.output] == []
    assert verified.failed()[0] == MAKING[1]
    assert "the live deployment has every variable" in verified.failed()

    plan = deployed.run("plan")
    assert plan.outcomes("resource") == ["unchanged", "would update", "would update", "unchanged"], plan.output
    before = {deployment["uid"] for deployment in deployed.deployments()}
    repaired = deployed.with_kernels.apply()
    assert repaired.outcomes("resource") == ["unchanged", "update", "update", "unchanged"]
    assert resources(repaired)[:3] == resources(plan)[:3]
    assert len({deployment["uid"] for deployment in deployed.deployments()} - before) == 1
    targets = sorted(
        (variable["key"], tuple(variable["target"]))
        for variable in deployed.variables()
        if variable["key"] in {"R2_BUCKET_NAME", "DEPLOY_ENV"}
    )
    # What was set for other targets by hand is left there.
    assert targets == [
        (name, (target,)) for name in ("DEPLOY_ENV", "R2_BUCKET_NAME") for target in ("preview", "production")
    ]
    assert deployed.variable("OLD_FLAG")["value"] == "1"
    deployed.calls()
    again = deployed.apply()
    assert again.outcomes("resource") == ["unchanged"] * 4
    assert deployed.calls() == []
    assert "not in the contract, and left: OLD_FLAG" in again.output
    no_secret_is_written(deployed, verified, plan, repaired, again)


def test_plan_tells_what_follows_from_a_new_value_or_address(deployed: Web) -> None:
    path = deployed.guide.root / ".deploybook" / "production.env"
    path.write_text(path.read_text().replace(EARLIER["MODAL_AUTH_TOKEN"], "ad" * 32))
    plan = deployed.run("plan")
    assert plan.outcomes("resource") == ["unchanged", "would update", "would update", "unchanged"]
    assert resources(deployed.apply()) == resources(plan)

    domain = {"name": "studio.example.com"}
    deployed.api.post("/v10/projects/studio-production/domains", json=domain).raise_for_status()
    deployed.calls()
    moved = deployed.run("plan", "-p", "domain", "studio.example.com")
    assert moved.code == 0, moved.output
    assert moved.outcomes("resource") == ["unchanged"] + ["would update"] * 3, moved.output
    assert "NEXT_PUBLIC_APP_URL: different → set for production" in moved.output
    assert "→ https://studio.example.com" in moved.output
    assert deployed.calls() == []


def test_a_change_of_variables_alone_is_served_after_apply(web: Web) -> None:
    """Vercel gives the earlier deployment of the same files back unless a new one is forced."""
    web.apply()
    before = web.deployments()[0]["uid"]
    web.calls()
    web.edit("STORAGE_BACKEND", value="local")
    result = web.apply()
    assert "POST /v13/deployments" in web.calls()
    newest = web.deployments()[0]
    assert newest["uid"] != before
    host = str(web.vault()["NEXT_PUBLIC_APP_URL"]).removeprefix("https://")
    serving = web.api.get(f"/v13/deployments/{host}").json()
    assert serving["id"] == newest["uid"], result.output
    assert serving["createdAt"] > web.variable("STORAGE_BACKEND")["updatedAt"]


def test_an_address_that_comes_with_the_first_deployment_is_set_and_deployed_once(web: Web) -> None:
    none = json.dumps({"domains": [], "pagination": {"count": 0, "next": None, "prev": None}})
    web.fault(kind="status", method="GET", path=".*/domains", status=200, body=none)
    first = web.apply()
    assert first.outcomes("resource") == ["create", "create", "create", "update", "update", "create"], first.output
    assert "NEXT_PUBLIC_APP_URL: missing → set for production" in first.output
    assert web.variable("NEXT_PUBLIC_APP_URL")["value"] == web.vault()["NEXT_PUBLIC_APP_URL"]
    assert len(web.deployments()) == 2
    web.calls()
    again = web.apply()
    assert again.outcomes("resource") == ["unchanged"] * 4
    assert web.calls() == []


def test_lost_answers_make_nothing_twice(web: Web) -> None:
    web.fault(kind="lost-answer", method="POST", path="/v11/projects")
    web.fault(kind="lost-answer", method="POST", path="/v10/projects/.*/env")
    web.fault(kind="lost-answer", method="POST", path="/v2/files")
    web.fault(kind="lost-answer", method="POST", path="/v13/deployments")
    web.apply()
    assert web.sandbox.control.get("/faults").json() == []
    required = [variable for variable in CONTRACT.consumed_by("vercel") if not variable.optional]
    assert len(web.deployments()) == 1
    assert len(web.variables()) == len(required)
    # The second deployment is an update, where no create is looked up by name.
    web.fault(kind="lost-answer", method="POST", path="/v13/deployments")
    web.apply("-p", "redeploy", "true")
    assert web.sandbox.control.get("/faults").json() == []
    assert len(web.deployments()) == 2
    web.calls()
    assert web.apply().outcomes("resource") == ["unchanged"] * 4
    assert web.calls() == []


def test_a_failing_build_shows_its_error_and_its_last_lines(web: Web) -> None:
    manifest = web.source / "package.json"
    sound = manifest.read_text()
    manifest.write_text(json.dumps({"name": "web", "scripts": {"build": "exit 3"}}))
    failed = web.run("apply")
    assert failed.code == 3, failed.output
    assert 'Command "npm run build" exited with 3' in failed.output, failed.output
    assert "Last lines of the build:" in failed.output
    assert "Running" in failed.output
    assert "docs/troubleshooting.md#vercel-build-failed" in failed.output
    assert "Traceback" not in failed.output
    manifest.write_text(sound)
    mended = web.apply()
    assert mended.outcomes("resource") == ["unchanged", "unchanged", "create", "create"]


def test_a_project_that_is_gone_passes_no_check_and_is_made_anew(web: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploybook.clouds.vercel.checks.RETRY_SECONDS", 0.0)
    web.apply()
    web.api.delete(PROJECT).raise_for_status()
    verified = web.run("verify")
    assert verified.code == 4
    assert {*MAKING, "the live deployment has every variable", "the production domain answers"} <= set(
        verified.failed()
    )
    assert web.apply().outcomes("resource") == ["create", "create", "create", "update"]


def test_destroy_leaves_a_project_that_it_did_not_make(web: Web) -> None:
    web.api.post("/v11/projects", json={"name": "studio-production", "framework": "nextjs"}).raise_for_status()
    body = {"key": "OLD_FLAG", "value": "1", "type": "plain", "target": ["production"]}
    web.api.post("/v10/projects/studio-production/env", json=body).raise_for_status()
    adopted = ("--adopt", "Vercel project/studio-production")
    assert web.apply(*adopted).outcomes("resource") == ["unchanged", "create", "create", "create"]
    destroyed = web.run("destroy", typed="production\n")
    assert destroyed.code == 0
    assert sorted(destroyed.outcomes("resource")) == ["delete", "delete", "left", "left"]
    assert [variable["key"] for variable in web.variables()] == ["OLD_FLAG"]


@pytest.mark.parametrize(
    ("arguments", "changed", "code", "sentence"),
    [
        (("-p", "project_name", "Studio"), {}, 2, "Parameter project_name is 'Studio'."),
        (("-p", "web_source", "/nowhere"), {}, 2, "web_source is not a folder"),
        ((), {"VERCEL_TOKEN": ""}, 2, "VERCEL_TOKEN is not set."),
        ((), {"VERCEL_TEAM_ID": "studio-team"}, 2, "VERCEL_TEAM_ID is not a team's id."),
        ((), {"VERCEL_TEAM_ID": "team_elsewhere"}, 3, "#vercel-team"),
        ((), {"VERCEL_TOKEN": "wrong"}, 3, "#credential-refused"),
        (("-p", "domain", "other.example.com"), {}, 3, "#vercel-domain"),
    ],
)
def test_bad_input_is_one_sentence_a_hint_and_an_exit_code(
    web: Web, arguments: tuple[str, ...], changed: dict[str, str], code: int, sentence: str
) -> None:
    result = web.run("apply", *arguments, **changed)
    assert result.code == code, result.output
    assert sentence in result.output, result.output
    assert "hint: " in result.output
    assert "Traceback" not in result.output
    assert web.calls() in ([], ["POST /v11/projects"])


@pytest.mark.parametrize("pinned", [True, False])
def test_a_shell_without_the_team_keeps_to_the_team_of_the_first_apply(deployed: Web, *, pinned: bool) -> None:
    if not pinned:
        deployed.guide.lose("pins")
    before = deployed.vault()
    deployed.calls()
    for mode in ("plan", "verify", "apply"):
        again = deployed.run(mode, VERCEL_TEAM_ID="")
        assert again.code == 0, again.output
        assert set(again.outcomes("resource")) == {"unchanged"}, again.output
    assert deployed.calls() == []
    assert deployed.vault() == before


@pytest.mark.parametrize("mode", ["plan", "verify", "apply", "destroy"])
def test_credentials_of_another_team_are_refused_with_both_names_and_nothing_but_the_name_is_asked(
    deployed: Web, mode: str
) -> None:
    team = deployed.sandbox.exports["VERCEL_TEAM_ID"]
    deployed.calls()
    refused = deployed.run(mode, VERCEL_TEAM_ID="team_elsewhere", typed="production\n")
    assert refused.code == 2
    assert f"production is in Vercel's account studio-team ({team})" in refused.output
    assert "belong to team_elsewhere" in refused.output
    assert "#other-account" in refused.output
    assert deployed.calls(writes=False) == ["GET /v2/teams/team_elsewhere"]


def clone_of(web: Web, root: Path, *files: str) -> Web:
    """A second clone of the guide, with these files of the first one's state."""
    root.mkdir()
    (root / "runbooks").symlink_to(ROOT / "runbooks")
    (root / ".deploybook").mkdir(mode=0o700)
    for name in files:
        shutil.copy2(web.guide.root / ".deploybook" / name, root / ".deploybook" / name)
    return replace(web, guide=Guide(root))


def test_two_clones_with_one_vault_are_both_at_rest(deployed: Web, tmp_path: Path) -> None:
    other = clone_of(deployed, tmp_path / "clone", "production.env")
    # The other one has written the same values since, as its record says: under a mark of its own.
    first = json.loads((deployed.guide.root / ".deploybook" / "production.last_writes.json").read_text())
    (deployed.guide.root / ".deploybook" / "production.last_writes.json").write_text(
        json.dumps({**first, "writes": {key: {"comment": "x", "updatedAt": "1"} for key in first["writes"]}})
    )
    deployed.calls()
    for entry in (other, deployed, other, deployed):
        assert entry.apply().outcomes("resource") == ["unchanged"] * 4
    assert deployed.calls() == []


def test_a_clone_with_another_vault_is_told_who_wrote_last_and_overwrites_nothing(
    deployed: Web, tmp_path: Path
) -> None:
    other = clone_of(deployed, tmp_path / "clone", "production.env")
    changed = (other.guide.root / ".deploybook" / "production.env").read_text().replace("ca" * 32, "db" * 32)
    (other.guide.root / ".deploybook" / "production.env").write_text(changed)
    deployed.calls()
    refused = other.run("apply")
    assert refused.code == 2
    assert "MODAL_AUTH_TOKEN: another vault's, written " in refused.output
    assert "--adopt 'Vercel variables/studio-production'" in refused.output
    assert deployed.calls() == []
    assert deployed.apply().outcomes("resource") == ["unchanged"] * 4


def test_nothing_to_deploy_is_refused_before_any_request(web: Web) -> None:
    result = web.guide.run("run", "vercel", "--mode", "apply", "--yes", env=web.sandbox.exports)
    assert result.code == 2
    assert "#vercel-source" in result.output
    assert web.calls(writes=False) == []


def test_the_notebook_runs_alone_by_papermill(guide: Guide, tmp_path: Path) -> None:
    out = tmp_path / "out.ipynb"
    command = [str(Path(sys.executable).parent / "papermill"), str(guide.root / "runbooks" / "vercel.ipynb"), str(out)]
    env = guide.environment({"VERCEL_TOKEN": "canary-operator-token", "VERCEL_API_URL": "http://127.0.0.1:9"})
    completed = subprocess.run(command, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert completed.returncode == 0, completed.stderr
    text = out.read_text()
    assert "the production domain answers" in text
    assert "canary" not in text
    assert "execute_result" not in text
