"""Ingest: read the uploaded file, write its preview, and record what it holds."""

from __future__ import annotations

import asyncio

from deploybook.sample_app import audio
from deploybook.sample_app.worker.task import Task


async def ingest(task: Task) -> None:
    """Finish an ``ingest`` job."""
    source = str(task.job.metadata["audioKey"])
    await task.advance("downloading", 10)
    content = await task.storage.get(source)
    await task.advance("analyzing", 40)
    sound = await asyncio.to_thread(audio.read, content)
    await task.advance("preview", 70)
    preview = f"assets/{task.job.id}/preview.wav"
    await task.storage.put(preview, sound.preview, "audio/wav")
    await task.jobs.complete(
        task.job.id,
        {
            "duration": sound.duration,
            "sampleRate": sound.sample_rate,
            "channels": sound.channels,
            "codec": sound.codec,
            "size": len(content),
            "audioKey": source,
            "previewKey": preview,
        },
    )
