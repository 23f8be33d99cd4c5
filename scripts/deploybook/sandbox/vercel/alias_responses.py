"""Aliases and production: ``listAliases``, ``assignAlias``, ``deleteAlias``, ``requestPromote``."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from deploybook.sandbox.vercel import deployment_views
from deploybook.sandbox.vercel.calls import Call, operation
from deploybook.sandbox.vercel.errors import bad_request, not_implemented
from deploybook.sandbox.vercel.requests import NewAlias
from deploybook.sandbox.vercel.views import moment


async def _list(call: Call) -> Response:
    state = call.platform.state
    owned = {one.id for one in state.projects.owned(call.scope.owner_id)}
    project, domains = call.query("projectId"), call.request.query_params.getlist("domain")
    fitting = [
        one
        for one in state.aliases.values()
        if one.project_id in owned and project in {None, one.project_id} and (not domains or one.alias in domains)
    ]
    newest_first = sorted(fitting, key=lambda one: -one.created_at)
    page, pagination = call.page(newest_first, lambda one: one.created_at)
    return JSONResponse({"aliases": [deployment_views.alias(one, state) for one in page], "pagination": pagination})


async def _get(call: Call) -> Response:
    state = call.platform.state
    return JSONResponse(deployment_views.alias(state.find_alias(call.path("idOrAlias"), call.scope.owner_id), state))


async def _of_deployment(call: Call) -> Response:
    state, deployment = call.platform.state, call.deployment()
    aliases = [state.aliases[name] for name in deployment.aliases]
    shown = [
        {"uid": one.uid, "alias": one.alias, "created": moment(one.created_at), "redirect": None} for one in aliases
    ]
    return JSONResponse({"aliases": shown})


async def _assign(call: Call) -> Response:
    deployment, body = call.deployment(), await call.body(NewAlias)
    if body.redirect is not None:
        raise not_implemented("redirect of an alias")
    previous = call.platform.state.aliases.get(body.alias.lower())
    old = previous.deployment_id if previous else None
    alias = call.platform.assign(deployment, body.alias, call.scope.owner_id)
    answer = {"uid": alias.uid, "alias": alias.alias, "created": moment(alias.created_at)}
    return JSONResponse({**answer, "oldDeploymentId": old} if old else answer)


async def _delete(call: Call) -> Response:
    state = call.platform.state
    state.remove_alias(state.find_alias(call.path("aliasId"), call.scope.owner_id))
    return JSONResponse({"status": "SUCCESS"})


async def _promote(call: Call) -> Response:
    """Answers without a body, as the description has it."""
    await call.platform.promote(call.project("projectId"), call.deployment("deploymentId"), kind="promote")
    return Response(status_code=201)


async def _rollback(call: Call) -> Response:
    """``vercel rollback``: like a promotion, for a deployment that was in production before."""
    deployment = call.deployment("deploymentId")
    if not deployment.production:
        raise bad_request("The deployment is not a production deployment and can not be rolled back to.")
    await call.platform.promote(call.project("projectId"), deployment, kind="rollback")
    return Response(status_code=201)


_LISTING = "projectId domain limit since until"
_OF_DEPLOYMENT = "/deployments/{id}/aliases"

OPERATIONS = (
    operation("GET", (4,), "/aliases", _list, query=_LISTING, rates=["aliases-list"], per_user=True),
    operation("GET", (3,), "/now/aliases", _list, query=_LISTING, rates=["aliases-list"], per_user=True),
    operation("GET", (4,), "/aliases/{idOrAlias}", _get, rates=["alias-get"], per_user=True),
    operation("DELETE", (2,), "/aliases/{aliasId}", _delete, rates=["aliases-delete"]),
    operation("GET", (2,), _OF_DEPLOYMENT, _of_deployment, rates=["aliases-list"], per_user=True),
    operation("GET", (0,), "/now" + _OF_DEPLOYMENT, _of_deployment, rates=["aliases-list"], per_user=True),
    operation("POST", (2,), _OF_DEPLOYMENT, _assign, rates=["alias-create"]),
    operation(
        "POST",
        (9, 10),
        "/projects/{projectId}/promote/{deploymentId}",
        _promote,
        rates=["production-deployment"],
        per_user=True,
    ),
    operation(
        "POST", (9,), "/projects/{projectId}/rollback/{deploymentId}", _rollback, rates=["production-deployment"]
    ),
)
