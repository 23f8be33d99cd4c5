"""The studio's render app on Modal: two web endpoints, and the functions that render on a GPU or without one.

Deploy with ``modal deploy runbooks/modal_app/app.py --name studio-production``. Read when it is deployed:

* ``R2_ACCOUNT_ID``, ``R2_BUCKET_NAME``: the bucket that is mounted (required);
* ``MODAL_LABEL``: the endpoints are ``<label>-submit`` and ``<label>-status`` (default ``studio-production``).

Read when it runs, from two secrets of the workspace: ``r2-credentials`` (``R2_ACCOUNT_ID``, ``R2_ACCESS_KEY_ID``,
``R2_SECRET_ACCESS_KEY``, ``R2_BUCKET_NAME``, and the key pair again as ``AWS_ACCESS_KEY_ID`` and ``AWS_SECRET_ACCESS_KEY``, under
which names the bucket mount looks for it) and ``render-auth`` (``MODAL_AUTH_TOKEN``).
"""

from __future__ import annotations

import hmac
import json
import os
import re
import shutil
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
import wave
from pathlib import Path
from typing import Any

import modal

HERE = Path(__file__).parent
LABEL = os.environ.get("MODAL_LABEL", "studio-production")
ASSETS = Path("/assets")
LARGEST_UPLOAD = 500 * 1024 * 1024
WEBHOOK_ATTEMPTS = 3


def at_deploy(name: str) -> str:
    """A variable of whoever deploys. Inside a container the definition below is only read again, never used."""
    if modal.is_local() and not os.environ.get(name):
        raise SystemExit(f"{name} is not set: the deploy must know which bucket to mount")
    return os.environ.get(name, "unknown")


app = modal.App()
image = (
    modal.Image.debian_slim(python_version="3.11")
    .apt_install("ffmpeg")
    .pip_install("fastapi[standard]", "boto3")
    .add_local_file(HERE / "mp4.py", "/root/mp4.py")
)
r2_credentials = modal.Secret.from_name(
    "r2-credentials",
    required_keys=[
        "R2_ACCOUNT_ID",
        "R2_ACCESS_KEY_ID",
        "R2_SECRET_ACCESS_KEY",
        "R2_BUCKET_NAME",
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ],
)
render_auth = modal.Secret.from_name("render-auth", required_keys=["MODAL_AUTH_TOKEN"])
assets = modal.CloudBucketMount(
    bucket_name=at_deploy("R2_BUCKET_NAME"),
    bucket_endpoint_url=f"https://{at_deploy('R2_ACCOUNT_ID')}.r2.cloudflarestorage.com",
    key_prefix="assets/",
    secret=r2_credentials,
    read_only=True,
)

with image.imports():
    import boto3
    from botocore.config import Config
    from mp4 import still_video


@app.function(image=image, secrets=[render_auth])
@modal.fastapi_endpoint(method="POST", label=f"{LABEL}-submit")
def submit(body: dict[str, Any]) -> dict[str, Any]:
    """Start a render. A refusal is HTTP 200 as well, with its own ``status`` in the body."""
    if not hmac.compare_digest(str(body.get("auth_token", "")).encode(), os.environ["MODAL_AUTH_TOKEN"].encode()):
        return {"error": "Unauthorized", "status": 401}
    problem = unfit(body)
    if problem:
        return {"error": problem, "status": 400}
    gpu = body.get("gpu", needs_gpu(body["config"]))
    job = {name: body.get(name) for name in ("config", "job_id", "audio_signed_url", "webhook_url", "webhook_secret")}
    call = (render_on_gpu if gpu else render_on_cpu).spawn(job)
    return {"call_id": call.object_id, "gpu": gpu, "job_id": body["job_id"]}


def unfit(body: dict[str, Any]) -> str | None:
    """What is wrong with a job, if anything."""
    if not isinstance(body.get("config"), dict) or not body["config"]:
        return "config is required"
    # The id becomes part of an object's key.
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", str(body.get("job_id", ""))):
        return "job_id must be 1 to 64 letters, digits, hyphens or underscores"
    if not body.get("audio_signed_url"):
        # The application's own words: its worker sends the field, and its render app once looked for others.
        return "audio_url or audio_base64 is required"
    for name in ("audio_signed_url", "webhook_url"):
        if not re.match(r"https?://[^/]", str(body.get(name, ""))):
            return f"{name} must be a full URL"
    if not isinstance(body.get("gpu", True), bool):
        return "gpu must be true or false"
    return None


def needs_gpu(config: dict[str, Any]) -> bool:
    """Whether a format is rendered on a GPU: those of 4K and more, and the spherical ones."""
    name = output_format(config)
    return "4k" in name or "360" in name


@app.function(image=image)
@modal.fastapi_endpoint(method="GET", label=f"{LABEL}-status")
def status(call_id: str = "") -> dict[str, Any]:
    """How a render is getting on. Of a call that never was it says ``failed``, as Modal itself does when it is asked for its result."""
    if not call_id:
        return {"error": "call_id query parameter required", "status": 400}
    try:
        call = modal.FunctionCall.from_id(call_id)
    except Exception as error:  # noqa: BLE001 - whatever keeps the call from being named
        return {"status": "unknown", "error": str(error)}
    try:
        return {"status": "completed", "result": call.get(timeout=0)}
    except TimeoutError:
        return {"status": "running"}
    except Exception as error:  # noqa: BLE001 - whatever the render raised comes out here
        return {"status": "failed", "error": str(error)}


@app.function(image=image, gpu="A10G", secrets=[r2_credentials], volumes={str(ASSETS): assets}, timeout=1800)
def render_on_gpu(job: dict[str, Any]) -> dict[str, Any]:
    """Render on a GPU."""
    return render(job)


@app.function(image=image, cpu=4, secrets=[r2_credentials], volumes={str(ASSETS): assets}, timeout=1800)
def render_on_cpu(job: dict[str, Any]) -> dict[str, Any]:
    """Render without a GPU, slower and cheaper."""
    return render(job)


def render(job: dict[str, Any]) -> dict[str, Any]:
    """Download the audio, make the video, upload it, and tell the web app, of a failure too."""
    key = f"renders/{job['job_id']}/output.mp4"
    print(f"[Render] Job {job['job_id']} started")
    try:
        with tempfile.TemporaryDirectory() as name:
            audio, video = Path(name, "audio"), Path(name, "output.mp4")
            download(job["audio_signed_url"], audio)
            encode(audio, video, job["config"])
            seconds = length(audio)
            upload(video, key)
    except Exception as error:
        tell(job, {"status": "failed", "error": str(error)})
        # One type for every failure: a TimeoutError would look to ``status`` like a render that still runs.
        raise RuntimeError(str(error)) from error
    result = {"videoKey": key, "format": output_format(job["config"]), "durationSeconds": seconds}
    return {**result, "webhook": tell(job, {"status": "complete", "result": result})}


def download(url: str, target: Path) -> None:
    """Fetch the uploaded audio by its signed URL."""
    with urllib.request.urlopen(url, timeout=60) as answer, target.open("wb") as file:  # noqa: S310 - https, see unfit
        if int(answer.headers.get("Content-Length") or 0) > LARGEST_UPLOAD:
            raise ValueError("the audio is larger than 500 MB")
        shutil.copyfileobj(answer, file)


def encode(audio: Path, video: Path, config: dict[str, Any]) -> None:
    """Write the video: over the background if the job names one from the bucket's ``assets/``, else over black."""
    fps = min(max(int(config.get("output", {}).get("fps", 30)), 1), 60)
    if not shutil.which("ffmpeg"):
        video.write_bytes(still_video(length(audio)))
        return
    picture = ["-f", "lavfi", "-i", f"color=c=black:s=1280x720:r={fps}"]
    if config.get("background"):
        background = (ASSETS / str(config["background"])).resolve()
        if not background.is_relative_to(ASSETS):
            raise ValueError("background must be a key under assets/")
        picture = ["-loop", "1", "-framerate", str(fps), "-i", str(background)]
    sound = ["-i", str(audio), "-map", "0:v", "-map", "1:a", "-shortest"]
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-movflags", "+faststart"]
    done = subprocess.run(
        ["ffmpeg", "-y", "-loglevel", "error", *picture, *sound, *codec, str(video)], capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"ffmpeg failed: {done.stderr.strip()[-500:]}")


def output_format(config: dict[str, Any]) -> str:
    """The format that a job asks for."""
    return str(config.get("output", {}).get("format", "flat-1080p-landscape"))


def length(audio: Path) -> float:
    """How many seconds a WAV file lasts, at most ten; one second for anything else."""
    try:
        with wave.open(str(audio)) as file:
            return min(10.0, max(1.0, float(file.getnframes()) / file.getframerate()))
    except (wave.Error, EOFError):
        return 1.0


def upload(video: Path, key: str) -> None:
    """Put the video into the bucket."""
    client = boto3.client(
        "s3",
        endpoint_url=f"https://{os.environ['R2_ACCOUNT_ID']}.r2.cloudflarestorage.com",
        aws_access_key_id=os.environ["R2_ACCESS_KEY_ID"],
        aws_secret_access_key=os.environ["R2_SECRET_ACCESS_KEY"],
        region_name="auto",
        # R2 does not take the checksums that boto3 adds by default.
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )
    with video.open("rb") as file:
        client.put_object(Bucket=os.environ["R2_BUCKET_NAME"], Key=key, Body=file, ContentType="video/mp4")


def tell(job: dict[str, Any], outcome: dict[str, Any]) -> str:
    """POST the outcome to the web app. The answer's status; the video is made, so a deaf web app does not fail the job."""
    request = urllib.request.Request(  # noqa: S310 - http or https, see unfit
        job["webhook_url"],
        data=json.dumps({"jobId": job["job_id"], **outcome}).encode(),
        headers={"Content-Type": "application/json", "Authorization": f"Bearer {job['webhook_secret'] or ''}"},
    )
    said = ""
    for attempt in range(WEBHOOK_ATTEMPTS):
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310
                print(f"[Render] Job {job['job_id']} {outcome['status']}, webhook answered {answer.status}")
                return str(answer.status)
        except urllib.error.HTTPError as refused:
            said = str(refused.code)
            if refused.code < 500:
                break
        except OSError as unreachable:
            said = str(unreachable)
        if attempt + 1 < WEBHOOK_ATTEMPTS:
            time.sleep(2**attempt)
    print(f"[Render] Job {job['job_id']} {outcome['status']}, but the webhook answered {said}")
    return said
