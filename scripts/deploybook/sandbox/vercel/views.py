"""Accounts, projects, variables and domains as JSON, by the schemas of the official description."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from deploybook.sandbox.vercel.accounts import Team, Token, User
from deploybook.sandbox.vercel.deployments import Deployment
from deploybook.sandbox.vercel.domains import Domain
from deploybook.sandbox.vercel.models import State
from deploybook.sandbox.vercel.projects import Project, Repository
from deploybook.sandbox.vercel.variables import Variable

_REGIONS = {"functionDefaultRegions": ["iad1"]}


def moment(milliseconds: int) -> str:
    """A time in the form that aliases use."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def user(one: User, team: Team, *, limited: bool) -> dict[str, Any]:
    """``getAuthUser``; a token of a team sees the short form."""
    short = {
        "id": one.id,
        "email": one.email,
        "name": one.name,
        "username": one.username,
        "avatar": None,
        "defaultTeamId": team.id,
    }
    if limited:
        return {**short, "limited": True}
    return {
        **short,
        "createdAt": one.created_at,
        "softBlock": None,
        "billing": None,
        "resourceConfig": {},
        "stagingPrefix": f"{one.username}-",
        "hasTrialAvailable": False,
    }


def team(one: Team, owner: User) -> dict[str, Any]:
    """``getTeam``."""
    return {
        "id": one.id,
        "slug": one.slug,
        "name": one.name,
        "avatar": None,
        "creatorId": owner.id,
        "createdAt": one.created_at,
        "updatedAt": one.created_at,
        "description": None,
        "stagingPrefix": f"{one.slug}-",
        "billing": {"plan": "pro"},
        "membership": {
            "uid": owner.id,
            "teamId": one.id,
            "confirmed": True,
            "role": "OWNER",
            "createdAt": one.created_at,
            "created": one.created_at,
        },
    }


def token(one: Token) -> dict[str, Any]:
    """``listAuthTokens``: never the value."""
    if one.team_id:
        scope: dict[str, Any] = {"type": "team", "teamId": one.team_id, "createdAt": one.created_at}
    else:
        scope = {"type": "user", "createdAt": one.created_at}
    if one.expires_at is not None:
        scope["expiresAt"] = one.expires_at
    seen = {
        "id": one.id,
        "name": one.name,
        "type": "oauth2-token",
        "origin": "manual",
        "scopes": [scope],
        "activeAt": one.active_at,
        "createdAt": one.created_at,
    }
    return seen if one.expires_at is None else {**seen, "expiresAt": one.expires_at}


def variable(one: Variable, *, decrypt: bool, by_id: bool = False) -> dict[str, Any]:
    """``filterProjectEnvs``, or ``getProjectEnv``, which leaves a value out where the lists show an empty one."""
    value = one.readable(decrypt=decrypt)
    shown: dict[str, Any] = {
        "id": one.id,
        "key": one.key,
        "type": one.type,
        "target": list(one.target),
        "configurationId": None,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        "createdBy": one.created_by,
        "updatedBy": None,
        "customEnvironmentIds": [],
        "decrypted": decrypt and value is not None,
    }
    if value is not None or not by_id:
        shown["value"] = value or ""
    if one.git_branch is not None:
        shown["gitBranch"] = one.git_branch
    if one.comment is not None:
        shown["comment"] = one.comment
    return shown


def domain(one: Domain) -> dict[str, Any]:
    """``getProjectDomain``."""
    return {
        "name": one.name,
        "apexName": one.apex,
        "projectId": one.project_id,
        "redirect": one.redirect,
        **({"redirectStatusCode": one.redirect_status_code} if one.redirect_status_code else {}),
        "gitBranch": one.git_branch,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        "verified": True,
    }


def project(one: Project, state: State) -> dict[str, Any]:
    """``getProject``."""
    current = state.production(one)
    latest = state.deployments_of(one)[:10]
    shown: dict[str, Any] = {
        "id": one.id,
        "name": one.name,
        "accountId": one.owner_id,
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        **one.settings,
        "framework": one.framework,
        "ssoProtection": one.sso_protection,
        "resourceConfig": _REGIONS,
        "defaultResourceConfig": _REGIONS,
        "live": False,
        "latestDeployments": [_brief(deployment, state) for deployment in latest],
        "targets": {"production": _brief(current, state)} if current else {},
        "env": [variable(item, decrypt=False) for item in one.variables.all()],
    }
    if one.last_alias_request is not None:
        shown["lastAliasRequest"] = one.last_alias_request
    if one.bypasses:
        shown["protectionBypass"] = one.bypasses
    if one.repository is not None:
        shown["link"] = _link(one.repository)
    return shown


def _link(repository: Repository) -> dict[str, Any]:
    return {
        "type": repository.type,
        "org": repository.owner,
        "repo": repository.name,
        "repoId": repository.id,
        "createdAt": repository.created_at,
        "updatedAt": repository.created_at,
        "deployHooks": [],
        "gitCredentialId": repository.credential_id,
        "sourceless": False,
        "productionBranch": repository.production_branch,
    }


def _brief(deployment: Deployment, state: State) -> dict[str, Any]:
    creator = state.accounts.user
    return {
        "id": deployment.id,
        "alias": deployment.aliases,
        "aliasAssigned": deployment.alias_assigned_at or False,
        "createdAt": deployment.created_at,
        "createdIn": "iad1",
        "creator": {"uid": creator.id, "email": creator.email, "username": creator.username},
        "deploymentHostname": deployment.url,
        "name": deployment.name,
        "meta": deployment.meta,
        "plan": "pro",
        "private": True,
        "readyState": deployment.state,
        "target": "production" if deployment.production else None,
        "teamId": deployment.owner_id if deployment.owner_id.startswith("team_") else None,
        "type": "LAMBDAS",
        "url": deployment.url,
        "userId": creator.id,
    }
