"""``deploybook record`` against a sandbox that takes the providers' place, under names and with secrets that must not survive."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from dotenv import dotenv_values
from tests.answers.test_recorded import Player
from tests.conftest import RunningSandbox
from tests.runbooks.conftest import Guide

from deploybook.clouds.api import Api
from deploybook.clouds.r2.client import REFUSALS, Cloudflare, _explain
from deploybook.redact import forms_of

pytestmark = pytest.mark.xdist_group("r2")

NAMES = ("-p", "bucket_name", "kestrel-prod-assets", "-p", "app_origin", "https://kestrel.example.com")


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    running = start_sandbox("r2", "cloudflare")
    running.reset()
    return running


def answers_of(folder: Path) -> dict[str, dict[str, Any]]:
    return {str(path.relative_to(folder)): json.loads(path.read_text()) for path in folder.rglob("*.json")}


def test_a_recording_has_no_secret_id_or_name_and_plays_to_the_client(
    guide: Guide, sandbox: RunningSandbox, tmp_path: Path
) -> None:
    exports, folder = sandbox.exports, tmp_path / "answers"
    made = guide.run("run", "r2", "--mode", "apply", "--yes", *NAMES, env=exports)
    assert made.code == 0, made.output
    # What the operator has not told deploybook of: a token of a colleague, for another bucket.
    headers = {"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"}
    account = f"{exports['CLOUDFLARE_API_URL']}/accounts/{exports['CLOUDFLARE_ACCOUNT_ID']}"
    with httpx.Client(base_url=account, headers=headers, trust_env=False) as client:
        policies = client.get("/tokens").json()["result"][-1]["policies"]
        body = {"name": "Merlin Kestrel's own token", "policies": policies}
        strange = client.post("/tokens", json=body).raise_for_status().json()["result"]
    result = guide.run("record", str(folder), "r2", *NAMES, env=exports)
    assert result.code == 0, result.output
    answers = answers_of(folder)
    assert f"{len(answers)} answers are in {folder}" in result.output

    text = "\n".join(
        json.dumps([answer["case"], answer["exchanges"]], ensure_ascii=False) for answer in answers.values()
    ).lower()
    vault = dotenv_values(guide.root / ".deploybook" / "production.env")
    secrets = (exports["CLOUDFLARE_API_TOKEN"], vault["R2_SECRET_ACCESS_KEY"], strange["value"])
    forms = {form.lower() for secret in secrets for form in forms_of(str(secret))}
    assert [form for form in forms if form in text] == []
    ids = [exports["CLOUDFLARE_ACCOUNT_ID"], vault["R2_ACCESS_KEY_ID"], strange["id"]]
    names = ["kestrel", "merlin", "prod-assets"]
    assert [value for value in (*ids, *names) if str(value).lower() in text] == []

    # botocore sends the requests of S3.
    refused = [answer["exchanges"][0] for path, answer in answers.items() if path.startswith("r2/") and "-403" in path]
    assert refused
    assert all("AccessDenied" in each["text"] or "SignatureDoesNotMatch" in each["text"] for each in refused)
    recorded = answers["cloudflare/get-client-v4-accounts-x-r2-buckets-x-200.json"]
    account_id, bucket = recorded["exchanges"][0]["path"].split("/")[4::3]
    player = Player(recorded["exchanges"])
    api = Api("Cloudflare", player.client("https://api.example.com/client/v4"), _explain, "A", "B", REFUSALS)
    answered = Cloudflare(api, account_id).bucket(bucket)
    assert answered is not None
    assert answered.name == bucket
    assert player.left == []


def test_a_recording_is_compared_with_what_a_sandbox_answers(guide: Guide, tmp_path: Path) -> None:
    path = tmp_path / "answers" / "cloudflare" / "verify.json"
    path.parent.mkdir(parents=True)
    result = {"id": "00000000000000000000000000000001", "status": "active", "expires_in": "name1"}
    body = {"success": True, "errors": [], "messages": [], "result": result}
    path_asked = "/client/v4/accounts/00000000000000000000000000000002/tokens/verify"
    exchange = {"method": "GET", "path": path_asked, "status": 200, "headers": {"cf-ray": "name2"}, "json": body}
    path.write_text(json.dumps({"exchanges": [exchange]}))
    compared = guide.run("record", str(tmp_path / "answers"), "r2", "--compare")
    assert compared.code == 0, compared.output
    assert compared.output.splitlines()[-3:] == [
        "cloudflare: GET client/v4/accounts/x/tokens/verify: 200: the sandbox has no result.expires_in (string)",
        "cloudflare: the sandbox has no header cf-ray",
        "2 differences.",
    ]


def test_a_folder_that_is_not_empty_is_left_alone(guide: Guide, tmp_path: Path) -> None:
    result = guide.run("record", str(tmp_path), "r2")
    assert result.code == 2
    assert "is not empty" in result.output


def test_a_folder_without_answers_is_not_compared(guide: Guide, tmp_path: Path) -> None:
    result = guide.run("record", str(tmp_path / "nowhere"), "r2", "--compare")
    assert result.code == 2
    assert "has no recorded answers" in result.output
