"""What a recording keeps, and what it replaces: secrets, ids and names wherever they stand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import SecretStr

from deploybook.recordings.replacing import REPLACED, Replacer
from deploybook.redact import Redactor

SECRET = "s3cr3t-Canary/0f+value=="
# Names of which two consist of words of our own sources, and ids of each provider's form.
CHOSEN = ("kestrel-prod-assets", "deploy-token", "render", "https://kestrel.example.com")
IDS = (
    "prj_Zq8s1kestrelkestrelkes7trel1",
    "srv-dc4sdpnkestrelovs03aag",
    "7f3c9a1be2d8450f9c6ab8d1e4f70213",
    "6f9619ff-8b86-4d01-b42d-00cf4fc964ff",
    "730145551234",
)


def replacer() -> Replacer:
    return Replacer(CHOSEN, Redactor([SecretStr(SECRET)]))


@pytest.mark.parametrize("canary", [SECRET, *CHOSEN[:2], CHOSEN[3], *IDS, "Kestrel", "kestrel@example.com"])
@pytest.mark.parametrize(
    "place",
    [
        lambda canary: {"message": f"The thing {canary} is not there."},
        lambda canary: {"name": canary},
        lambda canary: {"result": [{"url": f"https://api.example.com/v1/{canary}/x"}]},
        lambda canary: {f"com.example.{canary}": "*"},
        lambda canary: canary,
    ],
    ids=["message", "name", "url", "key", "bare"],
)
def test_no_secret_id_or_name_is_left(canary: str, place: Any) -> None:
    kept = json.dumps(replacer().body(place(canary)), ensure_ascii=False)
    assert canary not in kept
    assert "estrel" not in kept


def test_a_name_that_is_a_word_of_a_provider_is_replaced_where_a_name_stands() -> None:
    replaced = replacer().body({"name": "render", "type": "render"})
    assert REPLACED.fullmatch(replaced["name"])
    assert replaced["type"] == "render"


def test_somebody_elses_name_is_replaced_though_its_words_are_common() -> None:
    assert "deploy" not in replacer().body({"name": "deploy production"})["name"]


def test_numbers_are_replaced_where_they_are_ids() -> None:
    body = replacer().body(
        {"id": 730145551234, "owner_id": 99, "per_page": 100, "createdAt": 1795802848553, "total": True}
    )
    assert body == {"id": 900000000001, "owner_id": 900002, "per_page": 100, "createdAt": 1795802848553, "total": True}


def test_what_the_provider_says_of_its_own_is_kept() -> None:
    body = {
        "status": "active",
        "readyState": "READY",
        "aFieldOfTomorrow": None,
        "created_at": "2026-11-27T18:07:01.123Z",
        "errors": [{"code": 10006, "message": "The specified bucket does not exist."}],
        "permission_groups": [{"name": "Workers R2 Storage Bucket Item Write"}],
    }
    assert replacer().body(body) == body


def test_equal_values_are_replaced_by_equal_ones_of_the_same_kind() -> None:
    once = replacer()
    path = once.path(f"/accounts/{IDS[2]}/r2/buckets/{CHOSEN[0]}")
    body = once.body({"account": IDS[2], "name": CHOSEN[0], "project": IDS[0]})
    assert path == f"/accounts/{body['account']}/r2/buckets/{body['name']}"
    assert len(body["account"]) == 32
    assert body["project"][:4] == "prj_"
    assert len(body["project"]) == len(IDS[0])


def test_a_key_in_base64_stays_as_long_as_it_is() -> None:
    key = "Qm9/tC+kVw3xZ0aB1dE2fG4hI5jK6lM7nO8pQ9rSTUV="
    replaced = replacer().body({"key": key})["key"]
    assert len(replaced) == len(key)
    assert replaced[-1] == "="
    assert key[:8] not in replaced
