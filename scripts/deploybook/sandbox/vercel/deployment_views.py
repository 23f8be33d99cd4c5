"""Deployments, their logs and their aliases as JSON, by the schemas of the official description."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.vercel.deployments import Alias, Deployment, Event, LogLine
from deploybook.sandbox.vercel.models import State
from deploybook.sandbox.vercel.views import moment


def _common(one: Deployment, state: State) -> dict[str, Any]:
    creator, team = state.accounts.user, state.accounts.team
    shown: dict[str, Any] = {
        "name": one.name,
        "url": one.url,
        "projectId": one.project_id,
        "ownerId": one.owner_id,
        "readyState": one.state,
        "type": "LAMBDAS",
        "meta": one.meta,
        "createdAt": one.created_at,
        "creator": {"uid": creator.id, "username": creator.username},
        "inspectorUrl": f"https://vercel.com/{team.slug}/{one.name}/{one.id.removeprefix('dpl_')}",
    }
    if one.source is not None:
        shown["source"] = one.source
    if one.production:
        shown["target"] = "production"
    if one.ready_at is not None:
        shown["ready"] = one.ready_at
    if one.error_code is not None:
        shown |= {"errorCode": one.error_code, "errorMessage": one.error_message}
    if one.alias_error is not None:
        shown["aliasError"] = {"code": "alias_failed", "message": one.alias_error}
    return shown


def listed(one: Deployment, state: State) -> dict[str, Any]:
    """``getDeployments``: here the id is ``uid``, and ``target`` is null for a preview."""
    return {
        "target": None,
        **_common(one, state),
        "uid": one.id,
        "state": one.state,
        "created": one.created_at,
        "aliasAssigned": one.alias_assigned_at or False,
        "buildingAt": one.building_at or one.created_at,
        "projectSettings": {},
    }


def deployment(one: Deployment, state: State) -> dict[str, Any]:
    """``getDeployment``, ``createDeployment``, ``cancelDeployment``."""
    team = state.accounts.team
    shown: dict[str, Any] = {
        **_common(one, state),
        "id": one.id,
        "version": 2,
        "status": one.state,
        "plan": "pro",
        "public": False,
        "regions": ["iad1"],
        "createdIn": "iad1",
        "bootedAt": one.initialized_at or one.created_at,
        "buildingAt": one.building_at or one.created_at,
        "buildSkipped": False,
        "isInConcurrentBuildsQueue": False,
        "isInSystemBuildsQueue": False,
        "env": sorted(one.variables),
        "build": {"env": sorted(one.variables)},
        "routes": [],
        "alias": list(one.aliases),
        "automaticAliases": [],
        "userAliases": list(one.aliases),
        "aliasAssigned": one.alias_assigned_at is not None,
        "projectSettings": {name: value for name, value in one.settings.items() if name != "nodeVersion"},
        "project": {"id": one.project_id, "name": one.name},
    }
    if one.owner_id == team.id:
        shown["team"] = {"id": team.id, "name": team.name, "slug": team.slug}
    if one.alias_assigned_at is not None:
        shown["aliasAssignedAt"] = one.alias_assigned_at
    if one.canceled_at is not None:
        shown["canceledAt"] = one.canceled_at
    if one.git_source is not None:
        shown["gitSource"] = one.git_source
    if one.error_code is not None:
        shown["errorStep"] = "buildStep"
    return shown


def build(one: Deployment) -> dict[str, Any]:
    """The deployment's only build, as ``vercel inspect`` reads it from a path that the description doesn't have."""
    output = [
        {"type": "file", "path": path, "size": len(content), "mode": 0o100644} for path, content in one.output.items()
    ]
    return {
        "id": f"bld_{one.id.removeprefix('dpl_')[:9].lower()}",
        "deploymentId": one.id,
        "entrypoint": ".",
        "use": "@vercel/vc-build",
        "readyState": one.state,
        "readyStateAt": one.ready_at or one.created_at,
        "createdAt": one.created_at,
        "createdIn": "iad1",
        "output": output,
    }


def event(one: Event, deployment: Deployment) -> dict[str, Any]:
    """One entry of ``getDeploymentEvents``."""
    payload = {
        "deploymentId": deployment.id,
        "id": one.id,
        "date": one.created,
        "serial": one.id,
        "text": one.text,
        "info": {"type": "build", "name": f"bld_{deployment.id[4:12]}", "entrypoint": "."},
    }
    return {"type": one.kind, "created": one.created, "payload": payload, "text": one.text, "serial": one.id}


def log_line(one: LogLine) -> dict[str, Any]:
    """One line of ``getRuntimeLogs``."""
    return {
        "rowId": one.id,
        "timestampInMs": one.created,
        "level": one.level,
        "message": one.message,
        "messageTruncated": False,
        "domain": one.domain,
        "requestMethod": one.method,
        "requestPath": one.path,
        "responseStatusCode": one.status,
    }


def alias(one: Alias, state: State) -> dict[str, Any]:
    """``listAliases``."""
    creator = state.accounts.user
    shown = state.deployments[one.deployment_id]
    return {
        "uid": one.uid,
        "alias": one.alias,
        "created": moment(one.created_at),
        "createdAt": one.created_at,
        "updatedAt": one.updated_at,
        "creator": {"uid": creator.id, "email": creator.email, "username": creator.username},
        "deployment": {"id": shown.id, "url": shown.url},
        "deploymentId": one.deployment_id,
        "projectId": one.project_id,
        "redirect": None,
    }
