"""Scenarios of the application itself: a release with a defect is pushed and deployed, or a variable is removed that keeps one away."""

from __future__ import annotations

from deploybook.sample_app.defects import Defect
from deploybook.sandbox.application import StudioService
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.render.state.workers import Worker
from deploybook.sandbox.scenarios import render, vercel_project
from deploybook.sandbox.scenarios.registry import by_hand, scenario


@scenario("job-routes")
async def store_behind_a_promise(context: Context) -> None:
    """A release takes the database's client by import: the bundler makes a promise of the job store."""
    await _release_web(context, Defect.JOB_ROUTES)


@by_hand("job-routes")
async def store_by_require(context: Context) -> None:
    """Take the client by require, and push."""
    await _release_web(context)


@scenario("two-assets")
async def ingest_not_marked(context: Context) -> None:
    """A release does the upload's job after its answer, and does not mark it first; the worker is quick."""
    _worker(context).set_variable("WORKER_POLL_INTERVAL_MS", "20")
    await render.deploy(context)
    await _release_web(context, Defect.INGEST_UNMARKED)


@by_hand("two-assets")
async def ingest_marked(context: Context) -> None:
    """Set the status before the answer, and push."""
    await _release_web(context)
    del _worker(context).variables["WORKER_POLL_INTERVAL_MS"]
    await render.deploy(context)


@scenario("render-reads-files")
async def audio_by_path(context: Context) -> None:
    """A release takes a path of its own file system as a render's audio."""
    await _release_web(context, Defect.AUDIO_PATH)


@by_hand("render-reads-files")
async def no_audio_by_path(context: Context) -> None:
    """Remove that form of audio, and push."""
    await _release_web(context)


@scenario("modal-fields")
async def fields_that_differ(context: Context) -> None:
    """A release of the worker and the render app do not agree on the name of the audio's field."""
    context.service(StudioService).defects.add(Defect.AUDIO_FIELD)
    await render.deploy(context)


@by_hand("modal-fields")
async def fields_that_agree(context: Context) -> None:
    """Read the fields that the worker sends, and push."""
    context.service(StudioService).defects.discard(Defect.AUDIO_FIELD)
    await render.deploy(context)


@scenario("worker-job-store")
async def job_store_not_chosen(context: Context) -> None:
    """JOB_STORE_BACKEND and DEPLOY_ENV are removed in the worker's *Environment*, as a guide of the application says; it is deployed."""
    for name in ("JOB_STORE_BACKEND", "DEPLOY_ENV"):
        del _worker(context).variables[name]
    await render.deploy(context)


@scenario("render-timeout")
async def default_limit_removed(context: Context) -> None:
    """WORKER_DEFAULT_TIMEOUT_MS is removed in the worker's *Environment*, because renders have a limit of their own; it is deployed."""
    del _worker(context).variables["WORKER_DEFAULT_TIMEOUT_MS"]
    await render.deploy(context)


@scenario("object-rate")
async def attempts_removed(context: Context) -> None:
    """AWS_MAX_ATTEMPTS is removed in Vercel's dashboard, as nothing in the code reads it, and the app deployed again."""
    platform, project = vercel_project.only_project(context)
    vercel_project.remove_variable(project, "AWS_MAX_ATTEMPTS")
    await vercel_project.redeploy(platform, project)


async def _release_web(context: Context, *defects: Defect) -> None:
    """Push a release of the web app with these defects and no others, and let it be deployed."""
    newest = context.service(StudioService).defects
    newest -= {Defect.JOB_ROUTES, Defect.INGEST_UNMARKED, Defect.AUDIO_PATH}
    newest |= set(defects)
    await vercel_project.redeploy(*vercel_project.only_project(context))


def _worker(context: Context) -> Worker:
    return next(iter(context.service(RenderService).cloud.workers.values()))
