"""Projects and their protection: ``getProjects`` … ``deleteProject``, ``updateProjectProtectionBypass``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from deploybook.sandbox.vercel import views
from deploybook.sandbox.vercel.calls import Call, operation
from deploybook.sandbox.vercel.errors import VercelError, not_implemented
from deploybook.sandbox.vercel.projects import Repository
from deploybook.sandbox.vercel.requests import ChangedBypass, ChangedProject, GitRepository, NewProject
from deploybook.sandbox.vercel.variable_responses import variable_of

# Described members with an effect that the sandbox doesn't have: taking and forgetting them would be a lie.
_NOT_HERE = (
    "connectConfigurations",
    "customerSupportCodeVisibility",
    "oidcTokenConfig",
    "optionsAllowlist",
    "resourceConfig",
    "serverlessFunctionZeroConfigFailover",
    "skewProtectionBoundaryAt",
    "skewProtectionMaxAge",
    "staticIps",
)


async def _list(call: Call) -> Response:
    """Goes on by ``from=<next>``, or by ``until``, which the CLI uses."""
    state = call.platform.state
    search = (call.query("search") or "").lower()
    newest_first = [one for one in state.projects.owned(call.scope.owner_id) if search in one.name]
    before = call.number("from")
    if before is not None:
        newest_first = [one for one in newest_first if one.created_at < before]
    page, pagination = call.page(newest_first, lambda project: project.created_at)
    return JSONResponse({"projects": [views.project(one, state) for one in page], "pagination": pagination})


async def _create(call: Call) -> Response:
    given = await call.json()
    _refuse_absent(given)
    body = await call.body(NewProject)
    repository = Repository.parse(body.git_repository.type, body.git_repository.repo) if body.git_repository else None
    variables = [variable_of(one, call.scope) for one in body.environment_variables]
    settings = body.given("name", "git_repository", "environment_variables")
    project = await call.platform.create_project(call.scope, body.name, settings, repository, variables)
    return JSONResponse(views.project(project, call.platform.state))


async def _get(call: Call) -> Response:
    return JSONResponse(views.project(call.project(), call.platform.state))


async def _update(call: Call) -> Response:
    project = call.project()
    given = await call.json()
    _refuse_absent(given)
    if isinstance(given, dict) and given.get("passwordProtection"):
        raise VercelError(
            428, "precondition_required", "Advanced Deployment Protection is not available for the user plan"
        )
    if isinstance(given, dict) and given.get("trustedIps"):
        raise VercelError(400, "bad_request", "Trusted IPs is only accessible for enterprise customers")
    body = await call.body(ChangedProject)
    if body.name is not None:
        call.platform.state.projects.check_name(body.name, call.scope.owner_id, renamed=project)
        project.name = body.name
    project.configure(body.given("name"))
    return JSONResponse(views.project(project, call.platform.state))


async def _delete(call: Call) -> Response:
    await call.platform.delete_project(call.project())
    return Response(status_code=204)


async def _bypass(call: Call) -> Response:
    project = call.project()
    body = await call.body(ChangedBypass)
    generate = body.generate
    project.bypass(
        revoke=body.revoke.secret if body.revoke else None,
        regenerate=(body.revoke.regenerate if body.revoke else False)
        or (generate is not None and generate.secret is None),
        generate=generate.secret if generate else None,
        user_id=call.scope.user.id,
    )
    return JSONResponse({"protectionBypass": project.bypasses})


async def _link(call: Call) -> Response:
    """``vercel git connect``: any repository of a name can be linked, for the sandbox has no list of them."""
    project, body = call.project(), await call.body(GitRepository)
    project.repository = Repository.parse(body.type, body.repo)
    return JSONResponse(views.project(project, call.platform.state))


async def _unlink(call: Call) -> Response:
    project = call.project()
    project.repository = None
    return JSONResponse(views.project(project, call.platform.state))


def _refuse_absent(given: Any) -> None:
    asked = given if isinstance(given, Mapping) else {}
    for name in _NOT_HERE:
        if name in asked:
            raise not_implemented(f"project setting {name}")


OPERATIONS = (
    operation("GET", (9, 10), "/projects", _list, query="search limit from until since"),
    operation("POST", (1, 9, 10, 11), "/projects", _create),
    operation("GET", (9,), "/projects/{idOrName}", _get, query="rollbackInfo"),
    operation("POST", (9,), "/projects/{idOrName}/link", _link),
    operation("DELETE", (9,), "/projects/{idOrName}/link", _unlink),
    operation("PATCH", (9,), "/projects/{idOrName}", _update),
    operation("DELETE", (2, 9), "/projects/{idOrName}", _delete),
    operation("PATCH", (1,), "/projects/{idOrName}/protection-bypass", _bypass, rates=["protection-bypass-write"]),
)
