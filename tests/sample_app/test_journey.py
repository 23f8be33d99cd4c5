"""The application does its whole work when every variable is right."""

from __future__ import annotations

import base64
import json
import re
import struct
import time

import httpx
import pytest
from tests.clients.render_app import two_seconds_of_silence
from tests.sample_app.stack import BUCKET, Stack

pytestmark = pytest.mark.xdist_group("studio-web")

WAV = two_seconds_of_silence()
UNKNOWN = "00000000-0000-4000-8000-000000000000"


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


def test_page_names_its_own_address(stack: Stack) -> None:
    answer = stack.call("GET", "/")
    assert answer.status_code == 200
    assert f'<link rel="canonical" href="{stack.url}">' in answer.text
    assert stack.call("GET", "/absent").status_code == 404
    assert stack.call("GET", "/api/render").status_code == 405


def test_two_step_upload_plays_back_in_part_and_whole(stack: Stack) -> None:
    key = "assets/check/a voice (1).wav"
    body = {"key": key, "contentType": "audio/wav", "size": len(WAV)}
    data = stack.ask("POST", "/api/storage/upload", json=body)
    assert (data["method"], data["key"]) == ("PUT", key)
    url = httpx.URL(data["uploadUrl"])
    assert url.host == f"{stack.web_variables['R2_ACCOUNT_ID']}.r2.cloudflarestorage.com"
    assert url.path == f"/{BUCKET}/{key}"
    wrong = stack.browser.put(url, content=WAV, headers={"Content-Type": "text/html"})
    assert (wrong.status_code, "SignatureDoesNotMatch" in wrong.text) == (403, True)
    put = stack.browser.put(url, content=WAV, headers={"Content-Type": "audio/wav", "Origin": stack.url})
    assert (put.status_code, put.headers["access-control-allow-origin"]) == (200, stack.url)
    download = stack.ask("GET", "/api/storage/download", params={"key": key})
    assert download["expiresAt"].endswith("Z")
    part = stack.browser.get(download["downloadUrl"], headers={"Range": "bytes=0-1023"})
    assert (part.status_code, part.content) == (206, WAV[:1024])
    assert stack.browser.get(download["downloadUrl"]).content == WAV


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"key": "secrets/a"}, "must start with assets/"),
        ({"key": "assets/../a"}, "not a valid object key"),
        ({"key": "assets/"}, "not a valid object key"),
        ({"key": None}, "must start with assets/"),
        ({"size": 500 * 1024 * 1024 + 1}, "at most 500 MB"),
        ({"size": 0}, "size must be"),
        ({"contentType": "audio"}, "contentType must be"),
    ],
)
def test_unfit_uploads_get_no_url(stack: Stack, change: dict[str, object], said: str) -> None:
    body = {"key": "assets/a.wav", "contentType": "audio/wav", "size": 500 * 1024 * 1024} | change
    answer = stack.call("POST", "/api/storage/upload", json=body)
    assert (answer.status_code, answer.json()["success"]) == (400, False)
    assert said in answer.json()["error"]


def test_largest_upload_and_renders_get_a_url(stack: Stack) -> None:
    body = {"key": "renders/a.mp4", "contentType": "video/mp4", "size": 500 * 1024 * 1024}
    assert stack.ask("POST", "/api/storage/upload", json=body)["uploadUrl"].startswith("https://")
    assert stack.call("POST", "/api/storage/upload", content=b"{").json()["error"] == "Invalid JSON"
    assert stack.call("GET", "/api/storage/download", params={"key": "secrets/a"}).status_code == 400


def test_ingested_file_is_processed_and_comes_back(stack: Stack) -> None:
    job = stack.ingest(WAV)
    ended = stack.ended(job)
    assert (ended["status"], ended["stage"], ended["progress"], ended["type"]) == (
        "complete",
        "complete",
        100,
        "ingest",
    )
    assert (ended["result"]["duration"], ended["result"]["sampleRate"], ended["result"]["channels"]) == (2, 8000, 1)
    assert ended["queuePosition"] is None
    assert ended["createdAt"] <= ended["updatedAt"]
    assert stack.browser.get(ended["downloadUrl"]).content == WAV
    preview = stack.ask("GET", f"/api/audio/edit/preview/{job}/audio")["downloadUrl"]
    heard = stack.browser.get(preview, headers={"Range": "bytes=0-3"})
    assert (heard.status_code, heard.content) == (206, b"RIFF")
    log = stack.worker_log(until=f"Finished job {job}")
    assert f"[Worker] Claimed job {job} (ingest)" in log
    assert "[Worker] Started, polling every 100ms" in log
    assert f"[Ingest] Job {job} queued" in stack.web_log()


def test_what_is_no_audio_fails_and_has_no_preview(stack: Stack) -> None:
    job = stack.ingest(b"these are words")
    ended = stack.ended(job)
    assert ended["status"] == "failed"
    assert "cannot" in ended["error"]
    assert stack.call("GET", f"/api/audio/edit/preview/{job}/audio").status_code == 409
    assert any(f"[Worker] Failed job {job}" in line for line in stack.worker_log(until=f"Failed job {job}"))


def test_preview_is_refused_until_it_is_ready(stack: Stack) -> None:
    stack.use(worker={"WORKER_POLL_INTERVAL_MS": "600000"})
    time.sleep(0.2)
    waiting, next_one = stack.ingest(WAV), stack.ingest(WAV)
    assert stack.call("GET", f"/api/audio/edit/preview/{waiting}/audio").status_code == 409
    assert stack.ended(next_one, 0)["queuePosition"] == 2
    stack.use()
    assert stack.ended(waiting)["status"] == "complete"
    assert stack.ended(next_one)["status"] == "complete"
    claims = [line for line in stack.worker_log() if "Claimed" in line]
    assert claims.index(f"[Worker] Claimed job {waiting} (ingest)") < claims.index(
        f"[Worker] Claimed job {next_one} (ingest)"
    )


def test_unfit_forms_are_refused(stack: Stack) -> None:
    file = ("a.wav", WAV, "audio/wav")
    for form in (
        {"files": {"file": file}, "data": {"type": "picture"}},
        {"files": {"file": file}},
        {"files": {"other": file}, "data": {"type": "audio_file"}},
        {"files": {"file": ("a.wav", b"", "audio/wav")}, "data": {"type": "audio_file"}},
        {"data": {"type": "audio_file"}},
    ):
        assert stack.call("POST", "/api/audio/ingest", **form).status_code == 400
    large = {"file": ("a.wav", bytes(4_500_001), "audio/wav")}
    answer = stack.call("POST", "/api/audio/ingest", files=large, data={"type": "audio_file"})
    assert (answer.status_code, answer.headers["x-vercel-error"]) == (413, "FUNCTION_PAYLOAD_TOO_LARGE")


def test_unknown_jobs_are_404(stack: Stack) -> None:
    for path in (f"/api/audio/jobs/{UNKNOWN}", f"/api/audio/edit/preview/{UNKNOWN}/audio"):
        answer = stack.call("GET", path)
        assert (answer.status_code, answer.json()) == (404, {"error": "Job not found"})


def test_table_has_the_contract_s_columns_and_indexes(stack: Stack) -> None:
    stack.ended(stack.ingest(WAV))
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
    first, second = stack.ingest(WAV), stack.ingest(WAV)
    sql = f"SELECT createdAt, typeof(createdAt) FROM audio_prep_jobs WHERE jobId IN ('{first}', '{second}') ORDER BY createdAt"  # noqa: S608
    rows = stack.rows(sql)
    assert {kind for _, kind in rows} == {"text"}
    assert [moment for moment, _ in rows] == [
        stack.call("GET", f"/api/audio/jobs/{job}").json()["createdAt"] for job in (first, second)
    ]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", moment) for moment, _ in rows)


def test_render_comes_back_as_a_video(stack: Stack) -> None:
    audio = {"type": "base64", "data": base64.b64encode(WAV).decode(), "contentType": "audio/wav"}
    body = {"audio": audio, "outputFormat": "mp4", "fps": 10, "width": 64, "height": 64}
    data = stack.ask("POST", "/api/render", json=body)
    assert data["status"] == "pending"
    job = data["jobId"]
    ended = stack.ended(job, 60)
    assert ended["status"] == "complete", ended
    assert ended["result"] == {"videoKey": f"renders/{job}/output.mp4"}
    assert "X-Amz-Expires=604800" in ended["downloadUrl"]
    video = stack.browser.get(ended["downloadUrl"])
    assert (video.status_code, video.headers["content-type"]) == (200, "video/mp4")
    assert {"ftyp", "moov", "mdat"} <= set(boxes(video.content))
    [line] = [line for line in stack.worker_log(until="dispatched") if f"[Render] Job {job}" in line]
    assert line.startswith(f"[Render] Job {job} dispatched to Modal (call_id=fc-")
    assert line.endswith(", gpu=true)")
    assert f"[Webhook] Render complete for job {job}, video at renders/{job}/output.mp4" in stack.web_log()
    metadata = dict(stack.rows("SELECT jobId, metadata FROM audio_prep_jobs"))[job]
    assert json.loads(metadata)["audio"] == {"type": "storage", "key": f"assets/{job}/audio"}


def test_render_of_a_stored_file_and_of_a_url(stack: Stack) -> None:
    source = stack.ended(stack.ingest(WAV))
    for audio in (
        {"type": "storage", "key": source["result"]["audioKey"]},
        {"type": "url", "url": source["downloadUrl"]},
    ):
        job = stack.ask("POST", "/api/render", json={"audio": audio})["jobId"]
        assert stack.ended(job, 60)["status"] == "complete"


@pytest.mark.parametrize(
    "change",
    [
        {"audio": None},
        {"audio": {"type": "tape"}},
        {"audio": {"type": "url", "url": "http://a"}},
        {"audio": {"type": "base64", "data": "?"}},
        {"audio": {"type": "storage", "key": "secrets/a"}},
        {"outputFormat": "gif"},
        {"fps": 0},
        {"fps": "30"},
    ],
)
def test_unfit_renders_are_refused(stack: Stack, change: dict[str, object]) -> None:
    body = {"audio": {"type": "storage", "key": "assets/a"}} | change
    assert stack.call("POST", "/api/render", json=body).status_code == 400


def test_callbacks_are_let_in_by_the_secret_alone(stack: Stack) -> None:
    right = stack.web_variables["INTERNAL_WEBHOOK_SECRET"]
    body: dict[str, object] = {"jobId": UNKNOWN, "status": "failed", "error": "check"}
    for wrong in (None, "wrong", f"{right}x", right[:-1], right.upper()):
        assert stack.callback(wrong, **body) == (401, "Unauthorized")
    assert stack.callback(right, **body) == (404, "Job not found")
    # Authorized first: who may not call learns nothing of what a call must hold.
    assert stack.callback("wrong", jobId=7)[0] == 401
    unfit: list[dict[str, object]] = [{}, body | {"jobId": 7}, body | {"status": "done"}, body | {"result": []}]
    for malformed in [*unfit, body | {"error": 7}]:
        assert stack.callback(right, **malformed)[0] == 400
    headers = {"Authorization": f"Bearer {right}"}
    assert stack.call("POST", "/api/webhooks/worker", content=b"{", headers=headers).status_code == 400
    assert "[Webhook] Unauthorized callback" in stack.web_log()
