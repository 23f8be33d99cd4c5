"""Taking audio in: a form with a file, or the address of one. The web app itself does the job, after its answer."""

from __future__ import annotations

import uuid
from typing import Annotated, Any, Literal

from pydantic import AnyUrl, BaseModel, Field, TypeAdapter, ValidationError
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from deploybook.sample_app.assets import QUOTA_BYTES
from deploybook.sample_app.defects import Defect
from deploybook.sample_app.ingest import FILES, ingest
from deploybook.sample_app.jobs import INGEST, Job
from deploybook.sample_app.problems import StudioError
from deploybook.sample_app.web.answers import api_error, as_issues, done, json_body
from deploybook.sample_app.web.context import Web, log, web_of

FORM = 'Multipart upload requires "file" and "type" (video_file|audio_file)'
FULL = "Audio asset storage quota exceeded. Delete unused assets."


class _YouTube(BaseModel):
    type: Literal["youtube"]
    url: AnyUrl
    rightsAttested: Literal[True]  # noqa: N815 - the application's own name


class _Address(BaseModel):
    type: Literal["url"]
    url: AnyUrl


_SOURCE: TypeAdapter[_YouTube | _Address] = TypeAdapter(
    Annotated[_YouTube | _Address, Field(discriminator="type")],
)


async def create_ingest(request: Request) -> Response:
    """POST ``/api/audio/ingest``, as a form (``file``, ``type``) or as JSON (``type``, ``url``): a job."""
    web = web_of(request)
    if await web.assets().bytes_used() >= QUOTA_BYTES:
        return api_error(413, "QUOTA_EXCEEDED", FULL)
    if "multipart/form-data" in request.headers.get("content-type", ""):
        metadata = await _stored_file(request, web)
        if metadata is None:
            return api_error(400, "VALIDATION_ERROR", FORM)
    else:
        try:
            source = _SOURCE.validate_python(await json_body(request))
        except ValidationError as problems:
            return api_error(400, "VALIDATION_ERROR", as_issues(problems))
        metadata = {"sourceType": source.type, "url": str(source.url)}
        metadata |= {"rightsAttested": True} if isinstance(source, _YouTube) else {}
    jobs = web.jobs()
    # Marked as it is made, so that no worker takes it too.
    status = "pending" if Defect.INGEST_UNMARKED in web.defects else "processing"
    job = await jobs.create(INGEST, metadata, status)
    web.background.start(_do(request, web, job))
    return done(jobId=job.id, status="pending")


async def _stored_file(request: Request, web: Web) -> dict[str, Any] | None:
    """Keep a form's file where a job finds it; the job's metadata, or None for a form that lacks something."""
    async with request.form(max_files=1, max_fields=10) as form:
        file, kind = form.get("file"), form.get("type")
        if not isinstance(file, UploadFile) or kind not in FILES:
            return None
        content, name = await file.read(), file.filename or ""
        content_type = file.content_type or ""
    extension = name.rpartition(".")[2] or "bin"
    key = f"ingest-uploads/{uuid.uuid4()}/original.{extension}"
    await web.storage().put(key, content, content_type)
    return {"sourceType": kind, "storageKey": key, "originalFilename": name}


async def _do(request: Request, web: Web, job: Job) -> None:
    jobs = web.jobs()
    try:
        await ingest(job, jobs, web.storage(), web.network)
    except Exception as error:  # noqa: BLE001 - nobody waits for it: the job's row says how it ended
        log(request, f"[ingest/inline] Job {job.id} failed: {error}", "error")
        try:
            await jobs.fail(job.id, str(error))
        except StudioError as second:
            log(request, f"[ingest/inline] {second}", "error")
