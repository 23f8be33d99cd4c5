"""The defects of the application's code that the sandbox can put back; without them it is the application with its smallest fixes.

A defect that a variable brings about needs no name here: it shows when the variable is taken away.
"""

from __future__ import annotations

from enum import StrEnum


class Defect(StrEnum):
    """One defect of a release. A deployment has those of the release that it was made from."""

    # The bundler makes the database's client an asynchronous module; what the store's code gets is a promise.
    JOB_ROUTES = "job-routes"
    # The worker and the render app do not agree on the name of the audio's field.
    AUDIO_FIELD = "audio-field"
    # The web app runs an ingest job beside the worker, because it does not mark it first.
    INGEST_UNMARKED = "ingest-unmarked"
    # A render takes its audio from any path of the web app's own file system.
    AUDIO_PATH = "audio-path"


Defects = frozenset[Defect]
NONE: Defects = frozenset()
