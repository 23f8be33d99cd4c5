"""Addresses of the providers' dashboards, as a browser shows them for the thing.

None of the providers describes them. They are what their own tools print (the Modal SDK for an app and a secret that is not there, Render's
``dashboardUrl``, GitHub's ``html_url``) and what their documentation links to (Cloudflare's ``dash.cloudflare.com/?to=/:account/r2/…``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

CLOUDFLARE = "https://dash.cloudflare.com"
TURSO = "https://app.turso.tech"
MODAL = "https://modal.com"
VERCEL = "https://vercel.com"
RENDER = "https://dashboard.render.com"
GITHUB = "https://github.com"


def r2(clouds: Connections, *parts: str) -> str:
    """A page of the account's R2."""
    return _page(CLOUDFLARE, clouds.cloudflare.account_id, "r2", *parts)


def turso(clouds: Connections, *parts: str) -> str:
    """A page of the organization."""
    return _page(TURSO, clouds.turso.organization, *parts)


def modal(clouds: Connections, environment: str, page: str, *parts: str) -> str:
    """A page of a Modal environment; empty unless workspace and environment were asked for before."""
    workspace, name = clouds.modal.place(environment)
    return _page(MODAL, page, workspace, name, *parts) if workspace and name else ""


def vercel(clouds: Connections, project: str, *parts: str) -> str:
    """A page of a project; empty where the team's name is not known."""
    home = clouds.home("vercel")
    team = clouds.vercel.known_name or (home.name if home else "")
    return _page(VERCEL, team, project, *parts) if team else ""


def render(service_id: str, *parts: str) -> str:
    """A page of a background worker; empty before it has an id."""
    return _page(RENDER, "worker", service_id, *parts) if service_id else ""


def github(repository: str, *parts: str) -> str:
    """A page of a repository."""
    return _page(GITHUB, *repository.split("/"), *parts)


def _page(start: str, *parts: str) -> str:
    return "/".join((start, *(quote(part, safe="") for part in parts)))
