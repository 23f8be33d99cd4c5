"""Ingest: takes a file or an address in as a new asset. The web app runs it after its answer, the worker when the job is still pending."""

from __future__ import annotations

import asyncio
import json
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploybook.sample_app import audio
from deploybook.sample_app.assets import Assets
from deploybook.sample_app.jobs import Job, Jobs
from deploybook.sample_app.network import Network
from deploybook.sample_app.objects import Storage
from deploybook.sample_app.problems import JobFailed

LARGEST_MB, LONGEST_MINUTES = 100, 30
FILES = ("audio_file", "video_file")


async def ingest(job: Job, jobs: Jobs, storage: Storage, network: Network) -> None:
    """Finish an ``ingest`` job."""
    content, filename, provenance = await _source(job, jobs, storage, network)
    await jobs.advance(job.id, "analyzing", 55)
    sound = await asyncio.to_thread(audio.probe, content)
    if sound.duration > LONGEST_MINUTES * 60:
        minutes = f"{sound.duration / 60:.1f} minutes exceeds {LONGEST_MINUTES}-minute limit"
        raise JobFailed(f"Audio duration {minutes}")
    await jobs.advance(job.id, "analyzing", 60)
    assets = Assets(storage)
    asset = await assets.create(content, filename, provenance)
    await assets.set_audio(asset, sound.view())
    await jobs.advance(job.id, "finalizing", 80)
    # Drawing them takes ffmpeg; without it the application writes none, and goes on.
    await storage.put(f"assets/{asset['assetId']}/peaks.json", json.dumps([]).encode())
    await jobs.advance(job.id, "finalizing", 95)
    measured = {name: value for name, value in sound.view().items() if name != "bitrate"}
    result = {"assetId": asset["assetId"], "metadata": measured | {"originalFilename": filename}}
    await jobs.complete(job.id, result)


async def _source(job: Job, jobs: Jobs, storage: Storage, network: Network) -> tuple[bytes, str, dict[str, Any]]:
    """The audio, the name that it goes by, and where it is from."""
    kind = job.metadata.get("sourceType")
    if kind not in {*FILES, "url", "youtube"}:
        raise JobFailed(f"Unknown ingest source type: {kind}")
    await jobs.advance(job.id, "downloading", 10)
    if kind in FILES:
        key = str(job.metadata["storageKey"])
        content = await storage.get(key)
        if content is None:
            raise JobFailed(f"Uploaded file not found in storage at key: {key}")
        name, provenance = str(job.metadata.get("originalFilename") or "upload.bin"), {"sourceType": kind}
    else:
        url = str(job.metadata["url"])
        content = await _download(url, network)
        name = PurePosixPath(urlsplit(url).path).name or "download.audio"
        provenance = {"sourceType": kind, "sourceUrl": url}
    if len(content) > LARGEST_MB * 1024 * 1024:
        raise JobFailed(f"File size {len(content) / 1024 / 1024:.1f}MB exceeds {LARGEST_MB}MB limit")
    await jobs.advance(job.id, "downloading", 50)
    return content, name, provenance


async def _download(url: str, network: Network) -> bytes:
    if not url.startswith("https://"):
        raise JobFailed("Only HTTPS URLs are allowed")
    try:
        response = await network.client(60).get(url)
    except (httpx.TransportError, httpx.InvalidURL):
        raise JobFailed("fetch failed") from None
    if response.status_code != 200:
        raise JobFailed(f"Download failed: HTTP {response.status_code}")
    return response.content
