"""The end-to-end check of an application behind an edge, of one that refuses everything, and of one that accepts everything."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import SecretStr
from tests.clouds.answering import Said, answering

from deploybook.clouds import studio
from deploybook.clouds.edges import EdgeAnswered
from deploybook.clouds.studio import Journey
from deploybook.clouds.studio.client import Studio
from deploybook.errors import NotTested, VerificationFailed

JSON = {"content-type": "application/json"}
ASKED_OF_THE_APP = (
    studio.page,
    studio.upload_from_a_page,
    studio.playback,
    studio.bad_keys_are_refused,
    studio.ingest,
    studio.callbacks_are_accepted,
    studio.callbacks_are_refused,
    studio.api_answers,
    studio.render_reads_no_files,
)
NEGATIVE = (studio.bad_keys_are_refused, studio.callbacks_are_refused)


def journey(url: str, job: str = "") -> Journey:
    unused: Any = SimpleNamespace()
    return Journey(Studio(url), unused, unused, SecretStr("the right one"), 1, job=job)


@pytest.mark.parametrize("check", ASKED_OF_THE_APP)
def test_an_edge_in_front_of_every_path_is_what_each_check_meets(check: Callable[[Journey], str]) -> None:
    challenge = Said(429, "<title>Vercel Security Checkpoint</title>", {"x-vercel-mitigated": "challenge"})
    with answering(lambda *_: challenge) as url, pytest.raises(EdgeAnswered) as caught:
        check(journey(url))
    assert caught.value.obstacle == f"{url} Vercel's firewall"


@pytest.mark.parametrize("reply", [Said(401, '{"error": "Unauthorized"}', JSON), Said(403), Said(500), Said(429)])
@pytest.mark.parametrize("check", NEGATIVE)
def test_an_app_that_refuses_everything_proves_no_refusal(check: Callable[[Journey], str], reply: Said) -> None:
    with answering(lambda *_: reply) as url, pytest.raises(NotTested, match="is not accepted either"):
        check(journey(url, "job"))


def test_a_callback_that_is_answered_as_the_right_one_is_the_fault() -> None:
    unknown = Said(404, '{"error": "Job not found"}', JSON)
    with (
        answering(lambda *_: unknown) as url,
        pytest.raises(VerificationFailed, match="accepts a callback with no secret"),
    ):
        studio.callbacks_are_refused(journey(url))


def test_a_callback_that_only_the_rate_limit_stops_is_not_tested() -> None:
    def answer(_method: str, _path: str, headers: Mapping[str, str]) -> Said:
        right = headers.get("Authorization") == "Bearer the right one"
        return Said(404, '{"error": "Job not found"}', JSON) if right else Said(429, '{"error": "slow down"}', JSON)

    with answering(answer) as url, pytest.raises(NotTested, match="neither by success nor by 401 JSON: 429"):
        studio.callbacks_are_refused(journey(url))


def test_what_follows_from_a_job_that_was_not_made_is_not_tested() -> None:
    for check in (
        studio.ingested,
        studio.one_asset,
        studio.asset_plays,
        studio.preview,
        studio.preview_plays,
        studio.render,
    ):
        with pytest.raises(NotTested):
            check(journey("http://127.0.0.1:9"))


@pytest.mark.parametrize("status", [401, 403, 413, 429])
def test_a_render_that_is_refused_for_another_reason_says_nothing_of_files(status: int) -> None:
    reply = Said(status, '{"error": "no"}', JSON)
    with answering(lambda *_: reply) as url, pytest.raises(NotTested, match="a path of its own is answered neither"):
        studio.render_reads_no_files(journey(url))


@pytest.mark.parametrize("status", [200, 404, 500])
def test_a_render_that_looks_for_the_file_is_the_fault(status: int) -> None:
    reply = Said(status, '{"error": "ENOENT"}', JSON)
    with answering(lambda *_: reply) as url, pytest.raises(VerificationFailed, match="accepts a path in its own"):
        studio.render_reads_no_files(journey(url))
