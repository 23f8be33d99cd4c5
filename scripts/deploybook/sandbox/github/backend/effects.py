"""What the two jobs of a deploy workflow do to the world, over HTTP. Each function returns how its job failed, or None.

A job gets the values of the secrets that its text names; one that does not exist is empty, as on GitHub.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploybook.sandbox.github.state.repository import Commit
from deploybook.sandbox.vercel.backend.builds import plan

_WEB_SECRETS = ("VERCEL_TOKEN", "VERCEL_ORG_ID", "VERCEL_PROJECT_ID")
_HOOK_SECRET = "RENDER_DEPLOY_HOOK_URL"
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_BUILD_SECONDS = 30.0


@dataclass(frozen=True)
class Failure:
    """Which command failed, as words that it begins with, and what it printed."""

    command: tuple[str, ...]
    printed: str


async def deploy_web(values: Mapping[str, str], vercel: str, commit: Commit, *, force: bool) -> Failure | None:
    """``vercel pull``, ``build`` and ``deploy`` of the commit's files, with ``--force`` or without.

    Only the secrets are checked where the sandbox has no Vercel.
    """
    missing = [name for name in _WEB_SECRETS if not values.get(name)]
    if missing:
        return _of_vercel("pull", _empty(*missing))
    if not vercel:
        return None
    token, team, project = (values[name] for name in _WEB_SECRETS)
    try:
        headers, scope = {"Authorization": f"Bearer {token}"}, {"teamId": team} if team.startswith("team_") else {}
        async with httpx.AsyncClient(
            base_url=vercel, headers=headers, params=scope, trust_env=False, timeout=60
        ) as client:
            pulled = await client.get(f"/v9/projects/{project}")
            if pulled.status_code != 200:
                return _of_vercel("pull", f"the API answered {pulled.status_code}")
            build = plan(commit.files, pulled.json())
            if build.exit_status:
                return _of_vercel("build", f'Command "{build.command}" exited with {build.exit_status}')
            problem = await _deploy(client, pulled.json(), commit, force=force)
            return _of_vercel("deploy", problem) if problem else None
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as problem:
        # A token with a line break is no header at all: that is a ValueError, before anything is sent.
        return _of_vercel("pull", type(problem).__name__)


def _of_vercel(command: str, printed: str) -> Failure:
    return Failure(("vercel", command), f"vercel {command}: {printed}")


async def _deploy(client: httpx.AsyncClient, project: Mapping[str, Any], commit: Commit, *, force: bool) -> str:
    files = [
        {"file": path, "data": base64.b64encode(content).decode(), "encoding": "base64"}
        for path, content in commit.files.items()
    ]
    body = {"name": project["name"], "project": project["id"], "target": "production", "files": files}
    body["meta"] = {"githubCommitSha": commit.sha}
    params = {"skipAutoDetectionConfirmation": "1"} | ({"forceNew": "1"} if force else {})
    made = await client.post("/v13/deployments", params=params, json=body)
    if made.status_code != 200:
        return f"the API answered {made.status_code}"
    path, deadline = f"/v13/deployments/{made.json()['id']}", asyncio.get_running_loop().time() + _BUILD_SECONDS
    while asyncio.get_running_loop().time() < deadline:
        deployment = (await client.get(path)).json()
        if deployment.get("aliasAssigned"):
            return ""
        if deployment.get("readyState") in {"ERROR", "CANCELED"}:
            return f"the deployment is {deployment['readyState']}"
        await asyncio.sleep(0.1)
    return "the deployment did not become ready"


async def call_hook(values: Mapping[str, str], *, strict: bool) -> Failure | None:
    """``curl -X POST`` of the deploy hook; not ``strict``, as without ``--fail``, any answer is a success."""
    problem = await _call(values.get(_HOOK_SECRET, ""), strict=strict)
    return Failure(("curl",), problem) if problem else None


async def _call(url: str, *, strict: bool) -> str:
    if not url:
        return _empty(_HOOK_SECRET)
    if url != url.strip() or "\n" in url:
        return "curl: (3) URL rejected: Malformed input to a URL function"
    if urlsplit(url).hostname not in _LOOPBACK:
        return "curl: (6) Could not resolve host: the sandbox reaches loopback only"
    try:
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            answer = await client.post(url)
    except (httpx.HTTPError, httpx.InvalidURL):
        return "curl: (7) Failed to connect"
    if strict and answer.status_code >= 400:
        return f"curl: (22) The requested URL returned error: {answer.status_code}"
    return ""


def _empty(*names: str) -> str:
    return f"{', '.join(names)} is empty: no such secret, or the workflow does not pass it"
