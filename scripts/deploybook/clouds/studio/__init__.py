"""The deployed application from outside: the end-to-end check, step by step."""

from deploybook.clouds.studio.journey import Journey
from deploybook.clouds.studio.processing import ingest, preview, unknown_jobs_are_refused, worker_finishes
from deploybook.clouds.studio.rendering import callbacks_are_accepted, callbacks_are_refused, render
from deploybook.clouds.studio.uploads import bad_keys_are_refused, page, playback, upload_from_a_page
from deploybook.clouds.studio.worker_log import worker_log_names_job

__all__ = [
    "Journey",
    "bad_keys_are_refused",
    "callbacks_are_accepted",
    "callbacks_are_refused",
    "ingest",
    "page",
    "playback",
    "preview",
    "render",
    "unknown_jobs_are_refused",
    "upload_from_a_page",
    "worker_finishes",
    "worker_log_names_job",
]
