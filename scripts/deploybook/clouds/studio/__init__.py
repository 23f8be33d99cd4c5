"""The deployed application from outside: the end-to-end check, step by step."""

from deploybook.clouds.studio.cleaning import clean_up, nothing_is_left, take_inventory
from deploybook.clouds.studio.journey import Journey
from deploybook.clouds.studio.processing import asset_plays, ingest, ingested, one_asset, preview, preview_plays
from deploybook.clouds.studio.rendering import (
    COST,
    callbacks_are_accepted,
    callbacks_are_refused,
    render,
    render_reads_no_files,
)
from deploybook.clouds.studio.uploads import api_answers, bad_keys_are_refused, page, playback, upload_from_a_page
from deploybook.clouds.studio.worker_log import worker_log_names_job

__all__ = [
    "COST",
    "Journey",
    "api_answers",
    "asset_plays",
    "bad_keys_are_refused",
    "callbacks_are_accepted",
    "callbacks_are_refused",
    "clean_up",
    "ingest",
    "ingested",
    "nothing_is_left",
    "one_asset",
    "page",
    "playback",
    "preview",
    "preview_plays",
    "render",
    "render_reads_no_files",
    "take_inventory",
    "upload_from_a_page",
    "worker_log_names_job",
]
