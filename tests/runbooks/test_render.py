"""The Render runbook from the command line, with a vault as the earlier sections leave it."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from urllib.parse import quote

import httpx
import pytest
from dotenv import dotenv_values
from pydantic import SecretStr
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, Guide
from tests.runbooks.killing import destroy_as_shown, kill_while_held

from deploybook.contract.model import load_contract
from deploybook.state.ledger import Ledger
from deploybook.state.vault import Vault

pytestmark = pytest.mark.xdist_group("render")

CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")
REPOSITORY = ("-p", "git_repository", "example/studio")
CANARY = "c0ffee" * 10 + "abcd"


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("render")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def api(sandbox: RunningSandbox) -> Iterator[httpx.Client]:
    """The operator's own hands: Render's API, as the dashboard would use it."""
    headers = {"Authorization": f"Bearer {sandbox.exports['RENDER_API_KEY']}"}
    with httpx.Client(base_url=sandbox.exports["RENDER_API_URL"], headers=headers) as client:
        yield client


@pytest.fixture
def prepared(guide: Guide) -> Guide:
    """A checkout whose vault has what the sections before Render record."""
    needed = {variable.name: SecretStr(variable.example) for variable in CONTRACT.needed_by("render")}
    secrets = {"INTERNAL_WEBHOOK_SECRET": SecretStr(CANARY), "MODAL_AUTH_TOKEN": SecretStr(CANARY)}
    Vault(guide.root / ".deploybook", "production").put(needed | secrets)
    return guide


def run(guide: Guide, sandbox: RunningSandbox, mode: str, *more: str, **extra: str) -> Finished:
    typed = "production\n" if mode == "destroy" else ""
    arguments = ("--yes",) if mode == "apply" else ()
    return guide.run(
        "run", "render", "--mode", mode, *arguments, *REPOSITORY, *more, env=sandbox.exports | extra, typed=typed
    )


def vault(guide: Guide) -> dict[str, str | None]:
    return dict(dotenv_values(guide.root / ".deploybook" / "production.env"))


def writes(sandbox: RunningSandbox) -> list[str]:
    entries = [f"{entry['method']} {entry['path']}" for entry in sandbox.journal("render") if entry["writes"]]
    sandbox.control.delete("/journal")
    return [re.sub(r"(srv|dep)-[a-z0-9]+", r"\1", entry) for entry in entries]


def told(result: Finished, *steps: str) -> list[str]:
    """What was said of resources (or other steps), without how: ``would create`` and ``create`` are the same here."""
    lines = [line for cell in result.report["sections"][0]["cells"] for line in cell["lines"]]
    wanted = steps or ("resource",)
    return [f"{line['outcome'].removeprefix('would ')} {line['subject']}" for line in lines if line["step"] in wanted]


def details(result: Finished) -> list[str]:
    lines = [line for cell in result.report["sections"][0]["cells"] for line in cell["lines"]]
    return [line["detail"] for line in lines if line["step"] == "resource"]


def worker(api: httpx.Client) -> str:
    return str(api.get("/services").json()[0]["service"]["id"])


def hook(sandbox: RunningSandbox, api: httpx.Client) -> str:
    """Copied from the dashboard, as a person does."""
    origin = sandbox.exports["RENDER_API_URL"].removesuffix("/v1")
    page = api.get(f"{origin}/dashboard/{worker(api)}/settings").text
    match = re.search(r'<code id="deploy-hook">([^<]+)<', page)
    assert match
    return match[1].replace("&amp;", "&")


def test_plan_apply_apply_plan_verify_destroy(prepared: Guide, sandbox: RunningSandbox, api: httpx.Client) -> None:
    planned = run(prepared, sandbox, "plan")
    assert planned.code == 0
    assert set(planned.outcomes("resource")) == {"would create"}
    assert writes(sandbox) == []
    first = run(prepared, sandbox, "apply")
    assert first.code == 0, first.output
    assert writes(sandbox) == ["POST /v1/services"], first.output
    assert told(first) == told(planned)
    assert details(first) == details(planned)
    assert "RENDER_DEPLOY_HOOK_URL" not in vault(prepared)
    for mode in ("apply", "plan", "verify"):
        again = run(prepared, sandbox, mode)
        assert again.code == 0
        assert set(again.outcomes("resource")) == {"unchanged"}
        assert writes(sandbox) == []
    assert "manual" in again.outcomes("manual")

    destroyed = run(prepared, sandbox, "destroy")
    assert destroyed.code == 0
    assert destroyed.outcomes("resource") == ["delete"]
    assert writes(sandbox) == ["DELETE /v1/services/srv"]
    assert api.get("/services").json() == []
    assert "render" not in Ledger(prepared.root / ".deploybook", "production").sections()
    assert "RENDER_SERVICE_ID" not in vault(prepared)
    once_more = run(prepared, sandbox, "destroy")
    assert once_more.code == 0
    assert set(once_more.outcomes("resource")) == {"absent"}
    assert writes(sandbox) == []


def test_the_hook_is_used_once_by_apply_alone_and_then_kept(
    prepared: Guide, sandbox: RunningSandbox, api: httpx.Client
) -> None:
    first = run(prepared.with_kernels, sandbox, "apply")
    copied = hook(sandbox, api)
    parameters = ("-p", "import_from", "HOOK")
    writes(sandbox)
    for mode in ("plan", "verify"):
        before = run(prepared, sandbox, mode, *parameters, HOOK=copied)
        assert before.code == 0
        assert before.outcomes("record") == ["kept", "would record"]
        assert writes(sandbox) == []
    third = run(prepared.with_kernels, sandbox, "apply", *parameters, HOOK=copied)
    assert third.code == 0, third.output
    assert writes(sandbox) == ["POST /deploy/srv"], third.output
    assert "the deploy hook starts this worker's deploy — it started dep-" in third.output
    assert vault(prepared)["RENDER_DEPLOY_HOOK_URL"] == copied
    for mode, more in (("apply", parameters), ("plan", ()), ("verify", ())):
        again = run(prepared, sandbox, mode, *more, HOOK=copied)
        assert again.code == 0, again.output
        assert again.outcomes("record") == ["kept", "kept"], again.output
        assert writes(sandbox) == [], again.output

    wrong = run(prepared.with_kernels, sandbox, "apply", *parameters, HOOK=f"{copied}x")
    assert wrong.code == 4
    assert wrong.failed() == ["the deploy hook starts this worker's deploy"]
    assert "does not accept the deploy hook (401)" in wrong.output
    assert writes(sandbox) == ["POST /deploy/srv"]
    assert vault(prepared)["RENDER_DEPLOY_HOOK_URL"] == copied

    written = prepared.written() | {prepared.root / "terminal": first.output + third.output + wrong.output}
    for secret in (CANARY, copied, copied.partition("key=")[2], sandbox.exports["RENDER_API_KEY"]):
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert [path for path, text in written.items() if form in text] == []


def test_no_resource_is_read_twice_in_a_run(prepared: Guide, sandbox: RunningSandbox) -> None:
    run(prepared, sandbox, "apply")
    sandbox.control.delete("/journal")
    assert run(prepared, sandbox, "apply").code == 0
    paths = [entry["path"] for entry in sandbox.journal("render")]
    assert len(paths) == len(set(paths)) == 5, paths


def test_what_was_changed_by_hand_is_named_and_repaired(
    prepared: Guide, sandbox: RunningSandbox, api: httpx.Client
) -> None:
    assert run(prepared, sandbox, "apply").code == 0
    service = worker(api)
    api.put(f"/services/{service}/env-vars/STORAGE_BACKEND", json={"value": "local"}).raise_for_status()
    api.delete(f"/services/{service}/env-vars/MODAL_AUTH_TOKEN").raise_for_status()
    api.put(f"/services/{service}/env-vars/ADDED_BY_HAND", json={"value": "mine"}).raise_for_status()
    verified = run(prepared, sandbox, "verify")
    assert verified.code == 4
    assert "STORAGE_BACKEND: different" in verified.output
    assert "MODAL_AUTH_TOKEN: missing" in verified.output
    assert verified.failed() == [
        "Render variables studio-production-worker",
        "every variable has the vault's value",
    ]
    planned = run(prepared, sandbox, "plan")
    writes(sandbox)
    repaired = run(prepared, sandbox, "apply")
    assert repaired.code == 0, repaired.output
    assert told(repaired) == told(planned)
    assert details(repaired) == details(planned)
    assert "left: ADDED_BY_HAND" in repaired.output
    puts = ["PUT /v1/services/srv/env-vars/MODAL_AUTH_TOKEN", "PUT /v1/services/srv/env-vars/STORAGE_BACKEND"]
    assert sorted(writes(sandbox)) == ["POST /v1/services/srv/deploys", *puts]
    assert run(prepared, sandbox, "verify").code == 0


def test_a_worker_that_was_suspended_changed_or_deleted_by_hand_is_named_and_repaired(
    prepared: Guide, sandbox: RunningSandbox, api: httpx.Client
) -> None:
    run(prepared, sandbox, "apply")
    service = worker(api)
    api.patch(f"/services/{service}", json={"branch": "other", "autoDeploy": "yes"}).raise_for_status()
    api.post(f"/services/{service}/suspend").raise_for_status()
    verified = run(prepared, sandbox, "verify")
    assert verified.code == 4
    assert "branch: other → main, auto-deploy: on → off, suspended: by user → no" in verified.output
    planned = run(prepared, sandbox, "plan")
    repaired = run(prepared, sandbox, "apply")
    assert repaired.code == 0
    assert told(repaired) == told(planned)
    assert details(repaired) == details(planned)
    api.delete(f"/services/{service}").raise_for_status()
    verified = run(prepared, sandbox, "verify")
    assert verified.code == 4
    assert "Render worker studio-production-worker" in verified.failed()
    planned = run(prepared, sandbox, "plan")
    repaired = run(prepared, sandbox, "apply")
    assert repaired.code == 0, repaired.output
    assert told(repaired) == told(planned), repaired.output
    assert worker(api) != service


def test_a_worker_that_was_made_by_hand_is_known_by_its_id_in_the_vault(
    prepared: Guide, sandbox: RunningSandbox, api: httpx.Client
) -> None:
    run(prepared, sandbox, "apply")
    by_hand = worker(api)
    prepared.lose("made")
    vault_values = Vault(prepared.root / ".deploybook", "production")
    vault_values.forget("RENDER_SERVICE_ID")
    refused = run(prepared, sandbox, "apply")
    assert refused.code == 2
    assert "--adopt 'Render worker/studio-production-worker'" in refused.output
    vault_values.put({"RENDER_SERVICE_ID": SecretStr(by_hand)})
    assert run(prepared, sandbox, "apply").code == 0


def test_destroy_leaves_a_worker_that_it_did_not_make(
    prepared: Guide, sandbox: RunningSandbox, api: httpx.Client
) -> None:
    run(prepared, sandbox, "apply")
    prepared.lose("made")
    destroyed = run(prepared, sandbox, "destroy")
    assert destroyed.code == 0
    assert set(destroyed.outcomes("resource")) == {"left"}
    assert len(api.get("/services").json()) == 1


@pytest.mark.parametrize("path", ["/v1/services", "/v1/services/.*/deploys"])
def test_a_run_that_was_killed_and_run_again_ends_in_the_same_state(
    prepared: Guide, sandbox: RunningSandbox, api: httpx.Client, path: str
) -> None:
    if path != "/v1/services":
        run(prepared, sandbox, "apply")
        api.put(f"/services/{worker(api)}/env-vars/STORAGE_BACKEND", json={"value": "local"}).raise_for_status()
    carried_out = path == "/v1/services"
    fault = {"service": "render", "kind": "slow-answer" if carried_out else "slow", "method": "POST", "path": path}
    command = ("run", "render", "--mode", "apply", "--yes", *REPOSITORY)
    kill_while_held(prepared, sandbox, *command, carried_out=carried_out, fault=fault)
    writes(sandbox)
    again = run(prepared, sandbox, "apply")
    assert again.code == 0, again.output
    assert len(api.get("/services").json()) == 1
    # The variable that the killed run had set is deployed by this one, though it finds nothing different.
    assert writes(sandbox) == ([] if path == "/v1/services" else ["POST /v1/services/srv/deploys"])
    assert run(prepared, sandbox, "verify").code == 0
    assert set(destroy_as_shown(prepared, sandbox, "render", *REPOSITORY)) == {"absent"}


def test_lost_answers_a_restart_and_a_rate_limit_make_nothing_twice(
    prepared: Guide, sandbox: RunningSandbox, api: httpx.Client
) -> None:
    for fault in (
        {"kind": "status", "status": 429, "headers": {"Retry-After": "1"}, "method": "POST"},
        {"kind": "status", "status": 503, "method": "GET"},
        {"kind": "lost-answer", "method": "POST", "path": "/v1/services"},
    ):
        sandbox.control.post("/faults", json={"service": "render", **fault}).raise_for_status()
    result = run(prepared, sandbox, "apply")
    assert result.code == 0, result.output
    assert "its first answer was lost" in result.output, result.output
    assert sandbox.control.get("/faults").json() == []
    assert len(api.get("/services").json()) == len(api.get(f"/services/{worker(api)}/deploys").json()) == 1


def test_a_dry_run_needs_no_credential_and_leaves_no_state(guide: Guide) -> None:
    canaries = {"RENDER_API_KEY": "canary-operator-key", "RENDER_API_URL": "http://127.0.0.1:9"}
    result = guide.run("run", "render", env=canaries)
    assert result.code == 0, result.output
    assert set(result.outcomes("check")) == {"passed"}
    assert result.outcomes("resource") == ["create"] * 3
    assert "variables shared with the web app have the same values on Vercel — " in result.output
    assert "it started dep-" in result.output
    assert not (guide.root / ".deploybook").exists()
    assert [path for path, text in guide.written().items() if "canary" in text] == []


def test_a_failing_build_is_told_with_the_end_of_its_log(prepared: Guide, sandbox: RunningSandbox) -> None:
    result = run(prepared, sandbox, "apply", "-p", "dockerfile_path", "absent/Dockerfile")
    assert result.code == 3
    assert "Render's deploy ended as build_failed. Last lines of the log:" in result.output
    assert "Traceback" not in result.output


@pytest.mark.parametrize(
    ("more", "extra", "code", "sentence"),
    [
        (("-p", "git_repository", ""), {}, 2, "git_repository is not set."),
        (("-p", "region", "moon"), {}, 2, "Parameter region is 'moon'."),
        (("-p", "owner", "Elsewhere"), {}, 3, "The key cannot access the workspace Elsewhere"),
        ((), {"RENDER_API_KEY": "rnd_wrong"}, 3, "Render could not list the workspaces"),
        ((), {"RENDER_API_KEY": ""}, 2, "RENDER_API_KEY is not set."),
    ],
)
def test_bad_input_is_one_sentence_a_hint_and_an_exit_code(
    prepared: Guide, sandbox: RunningSandbox, more: tuple[str, ...], extra: dict[str, str], code: int, sentence: str
) -> None:
    result = run(prepared, sandbox, "apply", *more, **extra)
    assert result.code == code, result.output
    assert sentence in result.output, result.output
    assert "hint: " in result.output, result.output
    assert "Traceback" not in result.output
    assert writes(sandbox) == []


def test_a_vault_without_what_render_needs_is_refused_before_anything_starts(
    guide: Guide, sandbox: RunningSandbox
) -> None:
    result = run(guide, sandbox, "apply")
    assert result.code == 2
    assert "R2_ACCOUNT_ID is not in the vault of production (render). From: the r2 section." in result.output
    assert not guide.reports()
