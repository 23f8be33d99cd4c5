"""Edits: a recipe becomes a preview or a prepared file; the worker does both."""

from __future__ import annotations

import hashlib

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from deploybook.sample_app.jobs import PREVIEW, SAVE
from deploybook.sample_app.problems import StorageFailed
from deploybook.sample_app.recipe import Recipe
from deploybook.sample_app.web.answers import api_error, as_issues, done, json_body
from deploybook.sample_app.web.context import web_of


async def create_preview(request: Request) -> Response:
    """POST ``/api/audio/edit/preview``: a job, or one that is complete at once if that recipe was rendered before."""
    recipe = await _recipe(request)
    if isinstance(recipe, Response):
        return recipe
    web = web_of(request)
    digest = hashlib.sha256(recipe.model_dump_json(by_alias=True).encode()).hexdigest()[:16]
    key = f"assets/{recipe.asset_id}/preview_{digest}.mp3"
    jobs = web.jobs()
    if key in await web.storage().sizes(key):
        job = await jobs.create(PREVIEW, {"recipeHash": digest, "cached": True})
        await jobs.complete(job.id, {"previewKey": key})
        return done(jobId=job.id, status="complete", cached=True)
    metadata = {"recipe": recipe.model_dump(mode="json", by_alias=True), "recipeHash": digest}
    job = await jobs.create(PREVIEW, metadata)
    return done(jobId=job.id, status="pending")


async def create_save(request: Request) -> Response:
    """POST ``/api/audio/edit/save``: a job."""
    recipe = await _recipe(request)
    if isinstance(recipe, Response):
        return recipe
    metadata = {"recipe": recipe.model_dump(mode="json", by_alias=True)}
    job = await web_of(request).jobs().create(SAVE, metadata)
    return done(jobId=job.id, status="pending")


async def preview_audio(request: Request) -> Response:
    """GET ``/api/audio/edit/preview/{jobId}/audio``; only a job of type ``preview`` ever has one."""
    web, job_id = web_of(request), request.path_params["job_id"]
    job = await web.jobs().find(job_id)
    if job is None:
        return api_error(404, "NOT_FOUND", f"Job {job_id} not found")
    key = (job.result or {}).get("previewKey")
    if job.status != "complete" or not key:
        return api_error(409, "NOT_READY", "Preview not yet complete")
    try:
        storage = web.storage()
        if web.hands_out_addresses:
            return done(downloadUrl=storage.download_url(key))
        content = await storage.get(key)
    except StorageFailed:
        content = None
    if content is None:
        return api_error(404, "NOT_FOUND", "Preview file not found in storage")
    return Response(content, media_type="audio/mpeg")


async def _recipe(request: Request) -> Recipe | Response:
    """The request's recipe, or the answer that refuses it."""
    try:
        recipe = Recipe.model_validate(await json_body(request))
    except ValidationError as problems:
        return api_error(400, "VALIDATION_ERROR", as_issues(problems))
    if await web_of(request).assets().find(str(recipe.asset_id)) is None:
        return api_error(404, "NOT_FOUND", f"Target asset {recipe.asset_id} not found")
    return recipe
