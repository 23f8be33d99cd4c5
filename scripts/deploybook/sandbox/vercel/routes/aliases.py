"""Aliases and production: ``listAliases``, ``assignAlias``, ``deleteAlias``, ``requestPromote``."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.schema.deployments import AliasBody, AliasView, OwnAliasView
from deploybook.sandbox.vercel.state.deployments import Alias
from deploybook.sandbox.vercel.state.refusals import bad_request


async def _list(call: Call) -> dict[str, Any]:
    project, domains = call.query("projectId"), call.request.query_params.getlist("domain")
    matches = [
        one
        for one in call.state.aliases.values()
        if one.deployment.owner.id == call.caller.owner.id
        and project in {None, one.deployment.project.id}
        and (not domains or one.alias in domains)
    ]
    page, pagination = call.page(matches, lambda one: one.created_at)
    return {"aliases": [AliasView.model_validate(one) for one in page], "pagination": pagination}


async def _get(call: Call) -> AliasView:
    return AliasView.model_validate(_alias(call, "idOrAlias"))


async def _of_deployment(call: Call) -> dict[str, Any]:
    aliases = [call.state.aliases[name] for name in call.deployment().aliases]
    return {"aliases": [OwnAliasView.model_validate(one) for one in aliases]}


async def _assign(call: Call) -> dict[str, Any]:
    deployment, body = call.deployment(), await call.body(AliasBody)
    if body.redirect is not None:
        raise not_implemented("redirect of an alias")
    existing = call.state.aliases.get(body.alias.lower())
    previous = existing.deployment if existing else None
    alias = call.state.assign(deployment, body.alias, call.caller.owner.id)
    answer = OwnAliasView.model_validate(alias).model_dump(by_alias=True, exclude={"redirect"})
    return {**answer, "oldDeploymentId": previous.id} if previous else answer


async def _delete(call: Call) -> dict[str, Any]:
    call.state.remove_alias(_alias(call, "aliasId"))
    return {"status": "SUCCESS"}


async def _promote(call: Call) -> None:
    """Answers without a body, as the description has it."""
    await call.state.promote(call.project("projectId"), call.deployment("deploymentId"), kind="promote")


async def _rollback(call: Call) -> None:
    """``vercel rollback``: a promotion of a deployment that was in production before."""
    deployment = call.deployment("deploymentId")
    if not deployment.production:
        raise bad_request("The deployment is not a production deployment and can not be rolled back to.")
    await call.state.promote(call.project("projectId"), deployment, kind="rollback")


def _alias(call: Call, parameter: str) -> Alias:
    return call.state.find_alias(call.path(parameter), call.caller.owner.id)


_LISTING = "projectId domain limit since until"
_ITS = "/deployments/{id}/aliases"
_PROMOTE, _ROLLBACK = (f"/projects/{{projectId}}/{verb}/{{deploymentId}}" for verb in ("promote", "rollback"))

OPERATIONS = (
    operation("GET", (4,), "/aliases", _list, query=_LISTING, limits="aliases-list", per_user=True),
    operation("GET", (3,), "/now/aliases", _list, query=_LISTING, limits="aliases-list", per_user=True),
    operation("GET", (4,), "/aliases/{idOrAlias}", _get, limits="alias-get", per_user=True),
    operation("DELETE", (2,), "/aliases/{aliasId}", _delete, limits="aliases-delete"),
    operation("GET", (2,), _ITS, _of_deployment, limits="aliases-list", per_user=True),
    operation("GET", (0,), "/now" + _ITS, _of_deployment, limits="aliases-list", per_user=True),
    operation("POST", (2,), _ITS, _assign, limits="alias-create"),
    operation("POST", (9, 10), _PROMOTE, _promote, status=201, limits="production-deployment", per_user=True),
    operation("POST", (9,), _ROLLBACK, _rollback, status=201, limits="production-deployment"),
)
