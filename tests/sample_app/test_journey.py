"""The application does its whole work when every variable is right."""

from __future__ import annotations

import base64
import json
import re
import struct
import uuid
from typing import Any

import httpx
import pytest
from tests.clients.render_app import two_seconds_of_silence
from tests.sample_app.stack import BUCKET, Stack
from tests.waiting import until

pytestmark = pytest.mark.xdist_group("studio-web")

WAV = two_seconds_of_silence()
UNKNOWN = "00000000-0000-4000-8000-000000000000"
FLAT = {"outputFormat": "flat-1080p-landscape", "fps": 30}


@pytest.fixture
def stack(stack: Stack) -> Stack:
    """With the right variables."""
    stack.use()
    return stack


def boxes(content: bytes) -> list[str]:
    """The top-level boxes of an MP4 file."""
    names, offset = [], 0
    while offset < len(content):
        size, name = struct.unpack(">I4s", content[offset : offset + 8])
        assert size >= 8
        names.append(name.decode())
        offset += size
    assert offset == len(content)
    return names


def test_page_holds_nothing_of_the_variables(stack: Stack) -> None:
    answer = stack.call("GET", "/")
    assert answer.status_code == 200
    assert stack.url not in answer.text
    assert stack.call("GET", "/absent").status_code == 404


def test_two_step_upload_plays_back_in_part_and_whole(stack: Stack) -> None:
    key = "assets/check/a voice (1).wav"
    body = {"key": key, "contentType": "audio/wav", "size": len(WAV)}
    data = stack.ask("POST", "/api/storage/upload", json=body)
    assert data["method"] == "PUT"
    assert data["key"] == key
    url = httpx.URL(data["uploadUrl"])
    assert url.host == f"{BUCKET}.{stack.web_variables['R2_ACCOUNT_ID']}.r2.cloudflarestorage.com"
    assert url.params["X-Amz-SignedHeaders"] == "host", "neither size nor content type is signed"
    put = stack.browser.put(url, content=WAV, headers={"Content-Type": "audio/wav", "Origin": stack.url})
    assert put.status_code == 200
    assert put.headers["access-control-allow-origin"] == stack.url
    download = stack.ask("GET", "/api/storage/download", params={"key": key})
    assert download["expiresAt"].endswith("Z")
    part = stack.browser.get(download["downloadUrl"], headers={"Range": "bytes=0-1023"})
    assert part.status_code == 206
    assert part.content == WAV[:1024]
    assert stack.browser.get(download["downloadUrl"]).content == WAV
    assert stack.call("PUT", "/api/storage/upload", params={"key": key}, content=b"x").json()["data"] == {"key": key}


@pytest.mark.parametrize(
    ("change", "field", "message"),
    [
        ({"key": "secrets/a"}, "key", 'must start with "assets/"'),
        ({"key": "assets/../a"}, "key", 'must not contain ".."'),
        ({"key": None}, "key", "string"),
        ({"size": 500 * 1024 * 1024 + 1}, "size", "less than or equal"),
        ({"size": 0}, "size", "greater than 0"),
        ({"contentType": 7}, "contentType", "string"),
    ],
)
def test_unfit_uploads_get_no_url(stack: Stack, change: dict[str, object], field: str, message: str) -> None:
    body = {"key": "assets/a.wav", "contentType": "audio/wav", "size": 500 * 1024 * 1024} | change
    answer = stack.call("POST", "/api/storage/upload", json=body)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["message"] == "Validation failed"
    assert list(error["details"]) == [field]
    assert message in error["details"][field][0]


def test_body_that_is_no_json_is_the_applications_own_error(stack: Stack) -> None:
    answer = stack.call("POST", "/api/storage/upload", content=b"{")
    assert answer.status_code == 500
    assert answer.json()["error"] == {"message": "Failed to generate upload URL"}
    answer = stack.call("POST", "/api/render", content=b"{", headers={"Content-Type": "application/json"})
    assert answer.status_code == 500
    assert answer.json()["error"]["code"] == "INTERNAL_ERROR"


def test_download_of_what_is_not_there_gives_an_address_all_the_same(stack: Stack) -> None:
    url = stack.ask("GET", "/api/storage/download", params={"key": "assets/absent"})["downloadUrl"]
    assert stack.browser.get(url).status_code == 404
    assert stack.call("GET", "/api/storage/download", params={"key": "ingest-uploads/a"}).status_code == 400


def test_uploaded_file_becomes_one_asset_in_the_web_app(stack: Stack) -> None:
    job = stack.ingest(WAV, "my voice.wav")
    ended = stack.ended(job)
    assert ended["status"] == "complete"
    assert ended["stage"] == "finalizing"
    assert ended["progress"] == 100
    assert ended["type"] == "ingest"
    asset, metadata = ended["result"]["assetId"], ended["result"]["metadata"]
    assert metadata["duration"] == 2
    assert metadata["sampleRate"] == 8000
    assert metadata["channels"] == 1
    assert metadata["originalFilename"] == "my voice.wav"
    assert ended["queuePosition"] is None
    assert ended["downloadUrl"] == f"/api/audio/assets/{asset}/stream"
    redirect = stack.call("GET", ended["downloadUrl"])
    assert redirect.status_code == 302
    assert stack.browser.get(redirect.headers["location"]).content == WAV
    listed = stack.ask("GET", "/api/audio/assets")
    assert [row["assetId"] for row in listed["assets"] if row["assetId"] == asset] == [asset]
    assert listed["diskUsage"]["quotaGB"] == 5
    assert not any(job in line for line in stack.worker_log())
    assert stack.ask("GET", f"/api/audio/assets/{asset}")["peaks"] == []
    assert stack.ask("DELETE", f"/api/audio/assets/{asset}") == {"deleted": asset}
    assert stack.call("GET", f"/api/audio/assets/{asset}").status_code == 404


def test_worker_makes_a_preview_and_a_prepared_file(stack: Stack) -> None:
    job = stack.preview()
    ended = stack.ended(job)
    assert ended["status"] == "complete"
    assert ended["type"] == "preview"
    assert ended["stage"] == "uploading"
    assert ended["result"]["previewKey"].endswith(".mp3")
    url = stack.ask("GET", f"/api/audio/edit/preview/{job}/audio")["downloadUrl"]
    part = stack.browser.get(url, headers={"Range": "bytes=0-1"})
    assert part.status_code == 206
    assert part.content[0] == 0xFF
    log = stack.worker_log(until=f"Finished job {job}")
    assert f"[Worker] Claimed job {job} (preview)" in log
    again = stack.ask("POST", "/api/audio/edit/preview", json=stack.recipe(stack.latest_end))
    assert again["status"] == "complete"
    assert again["cached"] is True
    saved = stack.ask("POST", "/api/audio/edit/save", json=stack.recipe(0.5))["jobId"]
    assert stack.ended(saved)["result"]["preparedKey"] == f"assets/{stack.asset}/prepared.wav"
    assert stack.ask("GET", f"/api/audio/assets/{stack.asset}")["edits"]["assetId"] == stack.asset
    assert stack.ask("GET", f"/api/audio/edit/save/{saved}")["status"] == "complete"


def test_what_is_no_audio_is_taken_all_the_same(stack: Stack) -> None:
    ended = stack.ended(stack.ingest(b"these are words"))
    assert ended["status"] == "complete"
    assert ended["result"]["metadata"]["duration"] == 0


def test_clip_that_its_source_cannot_give_fails_at_the_worker(stack: Stack) -> None:
    job = stack.ask("POST", "/api/audio/edit/preview", json=stack.recipe(7.0))["jobId"]
    assert stack.ended(job)["error"] == "Clip c1: endTime (7) exceeds source duration (2)"
    assert any(f"[Worker] Finished job {job}" in line for line in stack.worker_log(until=f"Finished job {job}"))


def test_waiting_jobs_have_a_place_and_can_be_cancelled(stack: Stack) -> None:
    stack.use(worker={"WORKER_POLL_INTERVAL_MS": "600000"})
    log = len([line for line in stack.worker_log() if "Started, polling every 600000ms" in line])
    until(
        lambda: len([line for line in stack.worker_log() if "every 600000ms" in line]) >= log > 0, "the worker's start"
    )
    first, second = stack.preview(), stack.preview()
    states = [stack.call("GET", f"/api/audio/jobs/{job}").json() for job in (first, second)]
    if [state["status"] for state in states] == ["pending", "pending"]:
        assert states[1]["queuePosition"] == states[0]["queuePosition"] + 1
    assert stack.call("GET", f"/api/audio/edit/preview/{second}/audio").json()["error"]["code"] == "NOT_READY"
    assert stack.call("POST", f"/api/audio/jobs/{second}/cancel").json()["status"] == "cancelled"
    again = stack.call("DELETE", f"/api/audio/edit/preview/{second}")
    assert again.status_code == 409
    assert again.json()["status"] == "cancelled"
    stack.use()


def test_unfit_forms_are_refused(stack: Stack) -> None:
    file = ("a.wav", WAV, "audio/wav")
    for form in (
        {"files": {"file": file}, "data": {"type": "picture"}},
        {"files": {"file": file}},
        {"files": {"other": file}, "data": {"type": "audio_file"}},
    ):
        answer = stack.call("POST", "/api/audio/ingest", **form)
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] == "VALIDATION_ERROR"
    for body in ({"type": "storage", "key": "assets/a"}, {"type": "youtube", "url": "https://example.com"}):
        assert stack.call("POST", "/api/audio/ingest", json=body).json()["error"]["code"] == "VALIDATION_ERROR"
    large = {"file": ("a.wav", bytes(4_500_001), "audio/wav")}
    answer = stack.call("POST", "/api/audio/ingest", files=large, data={"type": "audio_file"})
    assert answer.status_code == 413
    assert answer.headers["x-vercel-error"] == "FUNCTION_PAYLOAD_TOO_LARGE"


@pytest.mark.parametrize(
    ("path", "error"),
    [
        (f"/api/audio/jobs/{UNKNOWN}", "Job not found"),
        (f"/api/audio/edit/preview/{UNKNOWN}/audio", {"code": "NOT_FOUND", "message": f"Job {UNKNOWN} not found"}),
        (f"/api/audio/ingest/{UNKNOWN}", {"code": "NOT_FOUND", "message": f"Job {UNKNOWN} not found"}),
        (f"/api/audio/assets/{UNKNOWN}", {"code": "NOT_FOUND", "message": f"Asset {UNKNOWN} not found"}),
        (f"/api/render/{UNKNOWN}", {"code": "NOT_FOUND", "message": f"Job not found: {UNKNOWN}"}),
    ],
)
def test_unknown_things_are_404_in_the_shape_of_their_route(stack: Stack, path: str, error: object) -> None:
    answer = stack.call("GET", path)
    assert answer.status_code == 404
    assert answer.json()["error"] == error


def test_table_has_the_contract_s_columns_and_indexes(stack: Stack) -> None:
    stack.preview()
    columns = [row[0] for row in stack.rows("SELECT name FROM pragma_table_info('audio_prep_jobs')")]
    assert columns == [
        *("jobId", "type", "status", "progress", "stage", "metadata", "result", "error"),
        *("retryCount", "createdAt", "updatedAt"),
    ]
    indexed = stack.rows(
        "SELECT i.name FROM pragma_index_list('audio_prep_jobs') l, pragma_index_info(l.name) i WHERE l.origin = 'c'"
    )
    assert sorted(row[0] for row in indexed) == ["createdAt", "status", "updatedAt"]


def test_times_are_text_of_one_form_that_sorts_as_time_does(stack: Stack) -> None:
    first, second = stack.preview(), stack.preview()
    sql = f"SELECT createdAt, typeof(createdAt) FROM audio_prep_jobs WHERE jobId IN ('{first}', '{second}') ORDER BY createdAt"  # noqa: S608
    rows = stack.rows(sql)
    assert {kind for _, kind in rows} == {"text"}
    assert [moment for moment, _ in rows] == [
        stack.call("GET", f"/api/audio/jobs/{job}").json()["createdAt"] for job in (first, second)
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment) for moment, _ in rows)


def test_render_comes_back_as_a_video(stack: Stack) -> None:
    audio = stack.address_of_asset()
    data = stack.ask("POST", "/api/render", json={"audio": audio, **FLAT})
    assert data["status"] == "pending"
    assert data["outputFormat"] == FLAT["outputFormat"]
    assert data["estimatedDuration"] == 162
    job = data["jobId"]
    ended = stack.ended(job, 60)
    assert ended["status"] == "complete", ended
    assert ended["result"] == {
        "videoKey": f"renders/{job}/output.mp4",
        "format": FLAT["outputFormat"],
        "durationSeconds": 2,
    }
    assert "X-Amz-Expires=604800" in ended["downloadUrl"]
    video = stack.browser.get(ended["downloadUrl"])
    assert video.status_code == 200
    assert video.headers["content-type"] == "video/mp4"
    assert {"ftyp", "moov", "mdat"} <= set(boxes(video.content))
    [line] = [line for line in stack.worker_log(until="dispatched") if f"[Render] Job {job}" in line]
    assert line.startswith(f"[Render] Job {job} dispatched to Modal (call_id=fc-")
    assert line.endswith(", gpu=false)")
    assert f"[Webhook] Render complete for job {job}, video at renders/{job}/output.mp4" in stack.web_log()
    [listed] = [row for row in stack.ask("GET", "/api/render")["jobs"] if row["id"] == job]
    assert listed["status"] == "completed"
    assert listed["audioName"] == "tone.wav"
    metadata = json.loads(dict(stack.rows("SELECT jobId, metadata FROM audio_prep_jobs"))[job])
    assert metadata["audioUrl"] == audio["url"]


def test_render_of_a_format_of_4k_takes_a_gpu_and_of_base64_its_own_object(stack: Stack) -> None:
    audio = {"type": "base64", "data": base64.b64encode(WAV).decode(), "filename": "a.wav", "mimeType": "audio/wav"}
    body = {"audio": audio, "outputFormat": "flat-4k-landscape", "fps": "60"}
    job = stack.ask("POST", "/api/render", json=body)["jobId"]
    ended = stack.ended(job, 60)
    # A quick worker takes the row before its audio is stored: the application's own race.
    race = "Render job has neither audioStorageKey nor audioUrl in metadata"
    assert ended["status"] == "complete" or ended["error"] == race, ended
    if ended["status"] == "complete":
        assert any(f"[Render] Job {job} dispatched" in line and "gpu=true" in line for line in stack.worker_log())


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"audio": None}, "audio"),
        ({"audio": {"type": "tape"}}, "audio.type"),
        ({"audio": {"type": "url", "url": "no address"}}, "audio.url"),
        ({"audio": {"type": "base64", "data": "x"}}, "audio.filename"),
        ({"audio": {"type": "path", "path": "/etc/hostname"}}, "audio.type"),
        ({"outputFormat": "mp4"}, "outputFormat"),
        ({"fps": 10}, "fps"),
    ],
)
def test_unfit_renders_are_refused_naming_the_field(stack: Stack, change: dict[str, Any], field: str) -> None:
    body = {"audio": {"type": "url", "url": "https://example.com/a.wav"}, **FLAT} | change
    answer = stack.call("POST", "/api/render", json=body)
    error = answer.json()["error"]
    assert answer.status_code == 400
    assert error["code"] == "VALIDATION_ERROR"
    assert field in error["details"]


def test_callbacks_are_let_in_by_the_secret_alone(stack: Stack) -> None:
    right = stack.web_variables["INTERNAL_WEBHOOK_SECRET"]
    body: dict[str, object] = {"jobId": UNKNOWN, "status": "failed", "error": "check"}
    for wrong in (None, "wrong", f"{right}x", right[:-1], right.upper()):
        assert stack.callback(wrong, **body) == (401, "Unauthorized")
    assert stack.callback(right, **body) == (404, f"Job {UNKNOWN} not found")
    # Authorized first: who may not call learns nothing of what a call must hold.
    assert stack.callback("wrong", jobId=7)[0] == 401
    unfit: list[dict[str, object]] = [{}, body | {"jobId": 7}, body | {"status": "done"}, body | {"result": []}]
    for malformed in [*unfit, body | {"error": 7}, body | {"result": None}]:
        assert stack.callback(right, **malformed) == (400, "Invalid payload")
    headers = {"Authorization": f"Bearer {right}"}
    assert stack.call("POST", "/api/webhooks/worker", content=b"{", headers=headers).json() == {
        "error": "Invalid JSON body"
    }
    assert "[Webhook] Unauthorized request from " in stack.web_log()


def test_last_callback_wins(stack: Stack) -> None:
    right, job = stack.web_variables["INTERNAL_WEBHOOK_SECRET"], stack.preview()
    stack.ended(job)
    assert stack.callback(right, jobId=job, status="failed", error=str(uuid.uuid4()))[0] == 200
    assert stack.ended(job)["status"] == "failed"
    assert stack.callback(right, jobId=job, status="complete", result={"a": 1})[0] == 200
    assert stack.ended(job)["result"] == {"a": 1}
