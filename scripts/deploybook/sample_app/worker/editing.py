"""Preview and save: carry out an edit recipe, and put its result beside the asset."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping

from deploybook.sample_app import audio
from deploybook.sample_app.assets import Assets
from deploybook.sample_app.problems import JobFailed
from deploybook.sample_app.recipe import Recipe
from deploybook.sample_app.worker.task import Task


async def preview(task: Task) -> None:
    """Finish a ``preview`` job."""
    recipe = Recipe.model_validate(task.job.metadata["recipe"])
    key = f"assets/{recipe.asset_id}/preview_{task.job.metadata['recipeHash']}.mp3"
    if key not in await task.storage.sizes(key):
        await task.advance("downloading", 10)
        sources = await _sources(task, recipe)
        await task.advance("rendering", 30)
        content = await asyncio.to_thread(audio.preview, sources, recipe.clips)
        await task.advance("uploading", 90)
        await task.storage.put(key, content, "audio/mpeg")
    await task.jobs.complete(task.job.id, {"previewKey": key})


async def save(task: Task) -> None:
    """Finish a ``save`` job; what was prepared before is replaced."""
    recipe = Recipe.model_validate(task.job.metadata["recipe"])
    assets, asset_id = Assets(task.storage), str(recipe.asset_id)
    await task.advance("downloading", 10)
    sources = await _sources(task, recipe)
    if old := await assets.file(asset_id, "prepared."):
        await task.storage.delete(old)
    await task.advance("rendering", 20)
    content = await asyncio.to_thread(audio.prepared, sources, recipe.clips, int(recipe.output_sample_rate))
    await task.advance("uploading", 80)
    key = f"assets/{asset_id}/prepared.wav"
    await task.storage.put(key, content, "audio/wav")
    edits = json.dumps(recipe.model_dump(mode="json", by_alias=True), indent=2).encode()
    await task.storage.put(f"assets/{asset_id}/edits.json", edits)
    await task.advance("finalizing", 95)
    await task.jobs.complete(task.job.id, {"assetId": asset_id, "preparedKey": key})


async def _sources(task: Task, recipe: Recipe) -> Mapping[str, bytes]:
    """The original audio of each asset that the recipe takes from, by asset id."""
    assets, sources, durations = Assets(task.storage), {}, {}
    for asset_id in {str(clip.source_asset_id) for clip in recipe.clips}:
        key = await assets.file(asset_id, "original.")
        content = await task.storage.get(key) if key else None
        if content is None:
            raise JobFailed(f"Original audio not found for asset {asset_id}")
        sources[asset_id] = content
        durations[asset_id] = (await asyncio.to_thread(audio.probe, content)).duration
    recipe.require_fits(durations)
    return sources
