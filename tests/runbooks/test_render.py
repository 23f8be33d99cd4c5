"""The Render runbook from the command line, with a vault as the earlier sections leave it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
from pydantic import SecretStr
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, Guide

from deploybook.contract import load_contract
from deploybook.vault import Vault

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
    needed = {each.name: SecretStr(each.example) for each in CONTRACT.needed_by("render")}
    secrets = {"INTERNAL_WEBHOOK_SECRET": SecretStr(CANARY), "MODAL_AUTH_TOKEN": SecretStr(CANARY)}
    Vault(guide.root / ".deploybook", "production").put(needed | secrets)
    return guide


def run(guide: Guide, sandbox: RunningSandbox, mode: str, *more: str, **extra: str) -> Finished:
    typed = "production\n" if mode == "destroy" else ""
    arguments = ("--yes",) if mode == "apply" else ()
    return guide.run(
        "run", "render", "--mode", mode, *arguments, *REPOSITORY, *more, env=sandbox.exports | extra, typed=typed
    )


def writes(sandbox: RunningSandbox) -> list[str]:
    entries = [f"{entry['method']} {entry['path']}" for entry in sandbox.journal("render") if entry["writes"]]
    sandbox.control.delete("/journal")
    return [re.sub(r"(srv|dep)-[a-z0-9]+", r"\1", entry) for entry in entries]


def worker(api: httpx.Client) -> str:
    return str(api.get("/services").json()[0]["service"]["id"])


def hook(sandbox: RunningSandbox, api: httpx.Client) -> str:
    """Copied from the dashboard, as a person does."""
    origin = sandbox.exports["RENDER_API_URL"].removesuffix("/v1")
    page = api.get(f"{origin}/dashboard/{worker(api)}/settings").text
    found = re.search(r'<code id="deploy-hook">([^<]+)<', page)
    assert found
    return found[1].replace("&amp;", "&")


def test_plan_apply_apply_verify_destroy(prepared: Guide, sandbox: RunningSandbox, api: httpx.Client) -> None:
    planned = run(prepared, sandbox, "plan")
    assert (planned.code, set(planned.outcomes("resource")), writes(sandbox)) == (0, {"would create"}, [])
    first = run(prepared, sandbox, "apply")
    assert (first.code, writes(sandbox)) == (0, ["POST /v1/services"]), first.output
    second = run(prepared, sandbox, "apply")
    assert (second.code, set(second.outcomes("resource")), writes(sandbox)) == (0, {"unchanged"}, [])

    copied = hook(sandbox, api)
    third = run(prepared, sandbox, "apply", "-p", "import_from", "HOOK", HOOK=copied)
    assert (third.code, writes(sandbox)) == (0, ["POST /deploy/srv"]), third.output
    assert "the deploy hook starts this worker's deploy — it started dep-" in third.output
    verified = run(prepared, sandbox, "verify")
    assert (verified.code, set(verified.outcomes("resource")), writes(sandbox)) == (0, {"unchanged"}, []), (
        verified.output
    )

    destroyed = run(prepared, sandbox, "destroy")
    assert (destroyed.code, writes(sandbox)) == (0, ["DELETE /v1/services/srv"])
    assert api.get("/services").json() == []
    written = prepared.written() | {prepared.root / "x": first.output + third.output + verified.output}
    for secret in (CANARY, copied.partition("key=")[2], sandbox.exports["RENDER_API_KEY"]):
        assert [path for path, text in written.items() if secret in text] == []


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
    writes(sandbox)
    repaired = run(prepared, sandbox, "apply")
    assert repaired.code == 0, repaired.output
    assert "left: ADDED_BY_HAND" in repaired.output
    puts = ["PUT /v1/services/srv/env-vars/MODAL_AUTH_TOKEN", "PUT /v1/services/srv/env-vars/STORAGE_BACKEND"]
    assert sorted(writes(sandbox)) == ["POST /v1/services/srv/deploys", *puts]
    assert run(prepared, sandbox, "verify").code == 0


def test_a_failing_build_is_told_with_the_end_of_its_log(prepared: Guide, sandbox: RunningSandbox) -> None:
    done = run(prepared, sandbox, "apply", "-p", "dockerfile_path", "absent/Dockerfile")
    assert done.code == 3
    assert "Render's deploy ended as build_failed. Last lines of the log:" in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(
    ("more", "extra", "code", "sentence"),
    [
        (("-p", "git_repository", ""), {}, 2, "The parameter git_repository is empty."),
        (("-p", "region", "moon"), {}, 2, "Parameter region is 'moon'."),
        (("-p", "owner", "Elsewhere"), {}, 3, "The key sees no workspace Elsewhere"),
        ((), {"RENDER_API_KEY": "rnd_wrong"}, 3, "Render could not list the workspaces"),
        ((), {"RENDER_API_KEY": ""}, 2, "RENDER_API_KEY is not set."),
    ],
)
def test_bad_input_is_one_sentence_a_hint_and_an_exit_code(
    prepared: Guide, sandbox: RunningSandbox, more: tuple[str, ...], extra: dict[str, str], code: int, sentence: str
) -> None:
    done = run(prepared, sandbox, "apply", *more, **extra)
    assert (done.code, sentence in done.output, "hint: " in done.output) == (code, True, True), done.output
    assert "Traceback" not in done.output
    assert writes(sandbox) == []


def test_a_vault_without_what_render_needs_is_refused_before_anything_starts(
    guide: Guide, sandbox: RunningSandbox
) -> None:
    done = run(guide, sandbox, "apply")
    assert done.code == 2
    assert "render needs R2_ACCOUNT_ID, which is not in the vault of production." in done.output
    assert not guide.reports()
