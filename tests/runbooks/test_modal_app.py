"""The render app of the guide, deployed to the sandbox and called as the worker calls it."""

from __future__ import annotations

import json
import ssl
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.render_app import APP, BUCKET, Webhooks, listening, make_bucket, objects, two_seconds_of_silence
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

TOKEN = "0123456789abcdef" * 4
# What the operator's two commands do, in one process and with the secrets in no argument.
DEPLOY = """
import importlib.util, json, sys, modal
path, keys, token = json.load(sys.stdin)
spec = importlib.util.spec_from_file_location("app", path)
module = importlib.util.module_from_spec(spec)
sys.modules["app"] = module
spec.loader.exec_module(module)
for name, values in (("r2-credentials", keys), ("render-auth", {"MODAL_AUTH_TOKEN": token})):
    modal.Secret.objects.delete(name, allow_missing=True)
    modal.Secret.objects.create(name, values)
module.app.deploy(name="studio-production")
print(modal.Function.from_name("studio-production", "submit").get_web_url())
"""


@dataclass
class Studio:
    """The deployed app with what it uses."""

    sandbox: RunningSandbox
    keys: dict[str, str]
    http: httpx.Client
    url: str = ""

    def deploy(self, **changes: str) -> None:
        """Deploy, with the right credentials but for ``changes``."""
        names = {name: self.keys[name] for name in ("R2_ACCOUNT_ID", "R2_BUCKET_NAME")}
        completed = subprocess.run(
            [sys.executable, "-c", DEPLOY],
            input=json.dumps([str(APP), self.keys | changes, TOKEN]),
            env=self.sandbox.environment(**names),
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
        assert completed.returncode == 0, completed.stderr
        self.url = completed.stdout.split()[-1]

    def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        """POST to the submit endpoint, which always answers 200."""
        answer = self.http.post(self.url, json=body)
        assert answer.status_code == 200
        response: dict[str, Any] = answer.json()
        return response

    def status(self, call_id: str) -> dict[str, Any]:
        """GET the status endpoint, whose address is derived as the worker derives it."""
        url = self.url.replace("-submit", "-status")
        body: dict[str, Any] = self.http.get(url, params={"call_id": call_id}).json()
        return body

    def finish(self, body: dict[str, Any]) -> dict[str, Any]:
        """Submit a job and wait for its end."""
        return self.outcome(self.submit(body)["call_id"])

    def outcome(self, call_id: str) -> dict[str, Any]:
        """How a job ended that was submitted."""

        def ended() -> dict[str, Any] | None:
            answer = self.status(call_id)
            return answer if answer["status"] != "running" else None

        return until(ended, "the end of the render")


@pytest.fixture(scope="module")
def studio(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[Studio]:
    """The app in a sandbox with a bucket that has audio in it; each test leaves it as it was."""
    sandbox = start_sandbox("r2", "cloudflare", "modal")
    sandbox.reset()
    keys = make_bucket(sandbox, BUCKET)
    objects(sandbox, keys).put_object(Bucket=BUCKET, Key="assets/audio.wav", Body=two_seconds_of_silence())
    trust = ssl.create_default_context(cafile=sandbox.exports["SSL_CERT_FILE"])
    with httpx.Client(verify=trust, timeout=PATIENCE_SECONDS, trust_env=False) as http:
        deployed = Studio(sandbox, keys, http)
        deployed.deploy()
        yield deployed


@pytest.fixture
def webhooks(studio: Studio) -> Iterator[Webhooks]:
    """The web app's ear."""
    with listening(studio.sandbox) as heard:
        yield heard


@pytest.fixture
def job(studio: Studio, webhooks: Webhooks) -> dict[str, Any]:
    """A whole render job."""
    signed = objects(studio.sandbox, studio.keys).generate_presigned_url(
        "get_object", Params={"Bucket": BUCKET, "Key": "assets/audio.wav"}, ExpiresIn=3600
    )
    return {
        "auth_token": TOKEN,
        "config": {"output": {"format": "flat-1080p-landscape", "fps": 30}},
        "job_id": str(uuid.uuid4()),
        "audio_signed_url": signed,
        "webhook_url": webhooks.url,
        "webhook_secret": "shared",
    }


@pytest.mark.parametrize("token", ["wrong", "", None, TOKEN + "\n", "ä"])
def test_a_wrong_token_is_200_with_401_in_the_body(studio: Studio, job: dict[str, Any], token: str | None) -> None:
    assert studio.submit(job | {"auth_token": token}) == {"error": "Unauthorized", "status": 401}


@pytest.mark.parametrize(
    "change",
    [
        {"config": None},
        {"job_id": "../x"},
        {"audio_signed_url": "file:///etc/passwd"},
        {"webhook_url": "studio.example/api/webhooks/worker"},
        {"gpu": 1},
    ],
)
def test_an_unfit_job_is_200_with_400_and_the_field_in_the_body(
    studio: Studio, job: dict[str, Any], change: dict[str, Any]
) -> None:
    answer = studio.submit(job | change)
    assert answer["status"] == 400
    assert answer["error"].startswith(next(iter(change)))


@pytest.mark.parametrize("gpu", [True, False])
def test_a_job_is_rendered_uploaded_and_reported(
    studio: Studio, job: dict[str, Any], webhooks: Webhooks, gpu: bool
) -> None:
    key = f"renders/{job['job_id']}/output.mp4"
    accepted = studio.submit(job | {"gpu": gpu})
    assert {name: accepted[name] for name in ("gpu", "job_id")} == {"gpu": gpu, "job_id": job["job_id"]}
    result = {"videoKey": key, "format": "flat-1080p-landscape", "durationSeconds": 2}
    # Submitted once: R2 refuses a second write of its key within a second.
    assert studio.outcome(accepted["call_id"]) == {"status": "completed", "result": result | {"webhook": "200"}}
    video = objects(studio.sandbox, studio.keys).get_object(Bucket=BUCKET, Key=key)
    assert video["ContentType"] == "video/mp4"
    assert video["Body"].read(12)[4:] == b"ftypisom"
    assert ("Bearer shared", {"jobId": job["job_id"], "status": "complete", "result": result}) in (webhooks.heard)


def test_a_render_that_fails_is_reported_as_failed(studio: Studio, job: dict[str, Any], webhooks: Webhooks) -> None:
    job["audio_signed_url"] = job["audio_signed_url"].replace("audio.wav", "other.wav")
    answer = studio.finish(job)
    assert answer == {"status": "failed", "error": "HTTP Error 403: Forbidden"}
    assert [body for _, body in webhooks.heard] == [
        {"jobId": job["job_id"], "status": "failed", "error": answer["error"]}
    ]


def test_a_refused_webhook_does_not_lose_the_video(studio: Studio, job: dict[str, Any], webhooks: Webhooks) -> None:
    webhooks.status = 401
    assert studio.finish(job)["result"]["webhook"] == "401"
    assert len(webhooks.heard) == 1


def test_a_web_app_that_is_down_for_a_moment_is_told_again(
    studio: Studio, job: dict[str, Any], webhooks: Webhooks
) -> None:
    webhooks.statuses = [503]
    assert studio.finish(job)["result"]["webhook"] == "200"
    assert len(webhooks.heard) == 2


def test_a_call_that_never_was_has_failed(studio: Studio) -> None:
    answer = studio.status("fc-nothing")
    assert answer["status"] == "failed"
    assert "not found" in answer["error"].lower()
    assert studio.status("") == {"error": "call_id query parameter required", "status": 400}


@pytest.mark.parametrize(
    ("name", "gpu"), [("flat-1080p-portrait", False), ("flat-4k-landscape", True), ("360-mono-6k", True)]
)
def test_a_format_chooses_the_gpu(studio: Studio, job: dict[str, Any], name: str, gpu: bool) -> None:
    assert studio.submit(job | {"config": {"output": {"format": name}}})["gpu"] is gpu


def test_a_job_without_its_audio_is_refused_in_the_applications_own_words(studio: Studio, job: dict[str, Any]) -> None:
    refused = {"error": "audio_url or audio_base64 is required", "status": 400}
    assert studio.submit(job | {"audio_signed_url": ""}) == refused


@pytest.fixture
def redeploy(studio: Studio) -> Iterator[Callable[..., None]]:
    """Deploy with other credentials, and with the right ones again after the test."""
    yield studio.deploy
    studio.deploy()


def test_keys_of_another_bucket_keep_the_render_from_starting(
    studio: Studio, job: dict[str, Any], redeploy: Callable[..., None]
) -> None:
    redeploy(**make_bucket(studio.sandbox, f"other-{uuid.uuid4().hex[:8]}") | {"R2_BUCKET_NAME": BUCKET})
    answer = studio.finish(job)
    assert answer["status"] == "failed"
    assert f"CloudBucketMount of bucket '{BUCKET}' at /assets failed" in answer["error"]


def test_a_wrong_account_id_does_not_resolve(
    studio: Studio, job: dict[str, Any], redeploy: Callable[..., None]
) -> None:
    redeploy(R2_ACCOUNT_ID="0" * 32)
    answer = studio.finish(job)
    assert answer["status"] == "failed"
    assert "Could not connect to the endpoint URL" in answer["error"]


def test_an_empty_aws_key_keeps_the_render_from_starting(
    studio: Studio, job: dict[str, Any], redeploy: Callable[..., None]
) -> None:
    redeploy(AWS_SECRET_ACCESS_KEY="")
    assert "secret 'r2-credentials' has no AWS_SECRET_ACCESS_KEY" in studio.finish(job)["error"]
