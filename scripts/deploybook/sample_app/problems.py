"""What can go wrong in the application, and how it reads its variables.

StudioError(area, message)      the web app answers 500 and logs ``[area] message``; the worker fails the job with it
├ NotConfigured                 a variable is missing or cannot be what it must be
├ StorageFailed                 R2, or the local disk in its stead, refused
├ DatabaseFailed                Turso refused, or cannot be reached
├ RenderFailed                  Modal refused, or cannot be reached
└ AudioFailed                   the file is no audio that can be read
"""

from __future__ import annotations

from collections.abc import Mapping

Variables = Mapping[str, str]


class StudioError(Exception):
    """One sentence for the log and for whoever called; it never holds a value of a secret."""

    area = "Studio"


class NotConfigured(StudioError):
    """``area`` cannot work: one of its variables is not there, or is not what it must be."""

    def __init__(self, area: str, message: str) -> None:
        super().__init__(message)
        self.area = area


class StorageFailed(StudioError):
    """Objects could not be written or read."""

    area = "Storage"


class DatabaseFailed(StudioError):
    """The job store refused, or cannot be reached."""

    area = "Jobs"


class RenderFailed(StudioError):
    """The render could not be handed to Modal."""

    area = "Render"


class AudioFailed(StudioError):
    """The file cannot be read as audio."""

    area = "Audio"


def require(variables: Variables, area: str, *names: str) -> tuple[str, ...]:
    """The values of variables; raises NotConfigured naming those that are absent or empty."""
    missing = [name for name in names if not variables.get(name)]
    if missing:
        verb = "is" if len(missing) == 1 else "are"
        what = "The job store" if area == DatabaseFailed.area else area
        raise NotConfigured(area, f"{what} is not configured: {', '.join(missing)} {verb} missing")
    return tuple(variables[name] for name in names)


def modal_endpoint(variables: Variables) -> str:
    """``MODAL_ENDPOINT_URL``, which must be the whole address, not a label or a host name."""
    [url] = require(variables, "Render", "MODAL_ENDPOINT_URL")
    if not url.startswith("https://"):
        raise NotConfigured("Render", "MODAL_ENDPOINT_URL must be the full https URL of the submit endpoint")
    return url
