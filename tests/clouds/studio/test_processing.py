"""A step that fails: which part is at fault, by the answers of the web app and R2."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from deploybook.clouds import studio
from deploybook.clouds.studio.client import Answer
from deploybook.errors import NotTested, VerificationFailed

Step = Callable[[studio.Journey], str]
FAILED = {"status": "failed", "stage": "analyzing"}


def journey(answer: Answer, **state: str) -> studio.Journey:
    """One whose every call is answered so."""
    app: Any = SimpleNamespace(call=lambda *_, **__: answer, url="https://studio.example")
    unused: Any = SimpleNamespace(query=lambda *_: [])
    walk = studio.Journey(app, unused, unused, SecretStr("x"), 60)
    for name, value in state.items():
        setattr(walk, name, value)
    return walk


def entry_of(step: Step, walk: studio.Journey) -> str:
    """The entry that a step which fails leads to."""
    with pytest.raises(VerificationFailed) as caught:
        step(walk)
    return caught.value.entry


@pytest.mark.parametrize(
    ("error", "entry"),
    [
        ("a is not a constructor", "job-routes"),
        ("SQLITE_UNKNOWN: SQLite error: no such table: audio_prep_jobs", "database-schema"),
        ("SERVER_ERROR: Server returned HTTP status 401", "app-errors"),
    ],
)
def test_job_routes_that_fail_lead_to_what_they_say(error: str, entry: str) -> None:
    assert entry_of(studio.api_answers, journey(Answer(500, {"error": error}))) == entry
    shaped = Answer(500, {"success": False, "error": {"code": "INTERNAL_ERROR", "message": error}})
    assert entry_of(studio.ingest, journey(shaped)) == entry
    assert entry_of(studio.callbacks_are_accepted, journey(Answer(500, {"error": error}))) == entry


def test_a_job_that_never_was_and_is_answered_is_the_applications_own_fault() -> None:
    assert entry_of(studio.api_answers, journey(Answer(200, {}))) == "end-to-end"
    assert studio.api_answers(journey(Answer(404, {"error": "Job not found"})))


def test_a_job_that_is_in_another_database_is_named() -> None:
    assert entry_of(studio.ingest, journey(Answer(200, {"data": {"jobId": "job"}}))) == "other-database"


@pytest.mark.parametrize(
    ("error", "entry"),
    [
        ("R2 refused PUT assets/x/metadata.json: 429 TooManyRequests", "object-rate"),
        ("R2 refused PUT assets/x/original.wav: 403 AccessDenied", "storage-errors"),
    ],
)
def test_an_upload_that_fails_leads_to_what_its_job_says(error: str, entry: str) -> None:
    answer = Answer(200, FAILED | {"error": error})
    assert entry_of(studio.ingested, journey(answer, job="job")) == entry


NOT_HERE = (
    "ffmpeg exited with code 127: Not run here: ffmpeg, which the image installs and this machine does not have\n"
)


def after(*bodies: dict[str, Any]) -> studio.Journey:
    """One whose preview job was taken, and ended so."""
    answers = iter([Answer(200, {"data": {"jobId": "job"}}), *(Answer(200, FAILED | body) for body in bodies)])
    walk = journey(Answer(200, {}), asset="asset")
    walk.studio = SimpleNamespace(call=lambda *_, **__: next(answers))  # type: ignore[assignment]
    return walk


def test_a_program_that_only_the_image_has_is_not_tested_and_nobody_s_fault() -> None:
    with pytest.raises(NotTested, match=r"a program that is not here \(ffmpeg, which the image installs"):
        studio.preview(after({"error": NOT_HERE}))


def test_a_program_that_the_worker_s_image_lacks_is_named_as_what_to_install() -> None:
    with pytest.raises(VerificationFailed) as caught:
        studio.preview(after({"error": "Failed to run ffmpeg: spawn ffmpeg ENOENT"}))
    assert caught.value.hint == "Install ffmpeg in the worker's Dockerfile, and deploy it again."


def test_a_preview_whose_job_could_not_run_here_is_not_looked_for() -> None:
    answers = iter([Answer(409, {}), Answer(200, FAILED | {"error": NOT_HERE})])
    walk = journey(Answer(200, {}), preview_job="job")
    walk.studio = SimpleNamespace(call=lambda *_, **__: next(answers))  # type: ignore[assignment]
    with pytest.raises(NotTested, match="there is no preview to play"):
        studio.preview_plays(walk)


def test_a_length_that_is_not_the_files_is_not_taken() -> None:
    result = {"assetId": "a", "metadata": {"duration": 0}}
    answer = Answer(200, {"status": "complete", "result": result})
    assert entry_of(studio.ingested, journey(answer, job="job")) == "end-to-end"


@pytest.mark.parametrize("number", [0, 2])
def test_one_upload_is_one_asset(number: int) -> None:
    walk = journey(Answer(200, {}), asset="a")
    assets = [{"assetId": f"a{place}", "originalFilename": walk.filename} for place in range(number)]
    walk.studio = journey(Answer(200, {"data": {"assets": assets}})).studio
    assert entry_of(studio.one_asset, walk) == "two-assets"


@pytest.mark.parametrize(
    ("error", "entry"),
    [
        ("Modal submit error: audio_url or audio_base64 is required", "modal-fields"),
        ("Modal submit error: Unauthorized", "modal-dispatch"),
        ("Timeout: job exceeded processing time limit", "render-timeout"),
    ],
)
def test_a_render_that_fails_leads_to_what_its_job_says(error: str, entry: str) -> None:
    answers = iter([Answer(200, {"data": {"jobId": "job"}}), Answer(200, FAILED | {"error": error})])
    walk = journey(Answer(200, {}), playback_url="https://r2.example/tone.wav")
    walk.studio = SimpleNamespace(call=lambda *_, **__: next(answers))  # type: ignore[assignment]
    assert entry_of(studio.render, walk) == entry


def test_a_render_that_takes_a_path_is_named_as_what_it_is() -> None:
    assert entry_of(studio.render_reads_no_files, journey(Answer(500, {"error": "ENOENT"}))) == "render-reads-files"
    assert entry_of(studio.render_reads_no_files, journey(Answer(200, {"success": True}))) == "render-reads-files"
    assert studio.render_reads_no_files(journey(Answer(400, {"error": "Validation failed"}))) == "400"


@pytest.mark.parametrize(
    ("put", "allowed", "entry"),
    [
        (httpx.Response(400, text="<Code>BadDigest</Code>"), "https://studio.example", "upload-checksum"),
        (httpx.Response(403, text="<Code>AccessDenied</Code>"), "https://studio.example", "storage-errors"),
        (httpx.Response(200), "https://other.example", "cors"),
    ],
)
def test_an_upload_that_r2_refuses_leads_to_its_reason(put: httpx.Response, allowed: str, entry: str) -> None:
    walk = journey(Answer(200, {"data": {"uploadUrl": "https://r2.example/signed"}}))
    preflight = httpx.Response(200, headers={"access-control-allow-origin": allowed})
    urls: list[str] = []

    def storage(_: str, method: str, url: str, **__: object) -> httpx.Response:
        urls.append(url)
        return preflight if method == "OPTIONS" else put

    setattr(walk.studio, "storage", storage)  # noqa: B010 - it stands in for a method
    assert entry_of(studio.upload_from_a_page, walk) == entry
    assert set(urls) == {"https://r2.example/signed"}, "the URL as the application signed it"
