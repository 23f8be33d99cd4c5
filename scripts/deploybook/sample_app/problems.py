"""What can go wrong in the application.

StudioError                     the web app answers 500; the worker fails the job with the sentence
├ StorageFailed                 R2, or the local disk in its place, refused
├ DatabaseFailed                Turso refused, or cannot be reached
├ RenderFailed                  Modal refused, or cannot be reached
├ AudioFailed                   the file is no audio that can be read
└ JobFailed                     the job asks for what there is not
"""

from __future__ import annotations

import re
from collections.abc import Mapping

Variables = Mapping[str, str]

# What the worker's own code counts as transient; a status is looked for in the words, as it is there.
TRANSIENT = re.compile(r"ECONNRESET|ETIMEDOUT|ECONNREFUSED|EAI_AGAIN|EPIPE|\b5\d{2}\b")


class StudioError(Exception):
    """One sentence for the log and for the caller; it never holds a value of a secret."""

    @property
    def transient(self) -> bool:
        """Whether the worker tries the job once more."""
        return bool(TRANSIENT.search(str(self)))


class StorageFailed(StudioError):
    """Objects could not be written or read."""


class DatabaseFailed(StudioError):
    """The job store refused, or cannot be reached."""


class RenderFailed(StudioError):
    """The render could not be handed to Modal."""


class AudioFailed(StudioError):
    """The file cannot be read as audio."""


class JobFailed(StudioError):
    """The job cannot be done as it is stated."""
