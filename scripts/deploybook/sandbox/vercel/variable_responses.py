"""Environment variables: ``filterProjectEnvs`` … ``batchRemoveProjectEnv``, and the CLI's ``/v3/env/pull``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from starlette.responses import JSONResponse, Response

from deploybook.sandbox.vercel import views
from deploybook.sandbox.vercel.accounts import Scope
from deploybook.sandbox.vercel.calls import Call, operation
from deploybook.sandbox.vercel.errors import VercelError, bad_request
from deploybook.sandbox.vercel.projects import Project
from deploybook.sandbox.vercel.requests import EditedVariable, NewVariable, VariableIds, parse
from deploybook.sandbox.vercel.variables import TARGETS, Variable, check


def variable_of(body: NewVariable, scope: Scope) -> Variable:
    """A variable from its body; that the target is there is for ``check`` to say."""
    _refuse_custom(body.custom_environment_ids)
    target = [body.target] if isinstance(body.target, str) else body.target
    if target is None and body.custom_environment_ids is None:
        raise bad_request("Invalid request: missing required property `target`.", keyword="required")
    ordered = tuple(name for name in TARGETS if name in (target or ()))
    return Variable(body.key, body.value, body.type, ordered, scope.user.id, body.git_branch, body.comment)


async def _list(call: Call) -> Response:
    """``{envs}`` in whole, or ``{envs, pagination}`` when a page is asked for."""
    decrypt = call.flag("decrypt")
    target, branch = call.query("target"), call.query("gitBranch")
    fitting = [
        one
        for one in call.project().variables.all()
        if (target is None or target in one.target) and (branch is None or one.git_branch in {None, branch})
    ]
    newest_first = sorted(fitting, key=lambda one: -one.created_at)
    if call.query("limit") is None:
        return JSONResponse({"envs": [views.variable(one, decrypt=decrypt) for one in newest_first]})
    page, pagination = call.page(newest_first, lambda one: one.created_at)
    return JSONResponse({"envs": [views.variable(one, decrypt=decrypt) for one in page], "pagination": pagination})


async def _create(call: Call) -> Response:
    project, given = call.project(), await call.json()
    items = given if isinstance(given, list) else [given]
    wanted = [variable_of(parse(NewVariable, item), call.scope) for item in items]
    created: list[Variable] = []
    failed: list[VercelError] = []
    for variable in wanted:
        try:
            check(variable, linked=project.repository is not None)
            created.append(project.variables.add(variable, upsert=call.flag("upsert")))
        except VercelError as refusal:
            failed.append(refusal)
    listed = [{"error": refusal.error()} for refusal in failed]
    if failed and not created:
        first = failed[0]
        raise VercelError(first.status, first.code, first.message, beside={"failed": listed}, **first.details)
    shown = [views.variable(one, decrypt=False) for one in created]
    answer = {"created": shown if isinstance(given, list) else shown[0], "failed": listed}
    return JSONResponse(answer, 201)


async def _get(call: Call) -> Response:
    variable = call.project().variables.get(call.path("id"))
    return JSONResponse(views.variable(variable, decrypt=True, by_id=True))


async def _edit(call: Call) -> Response:
    project = call.project()
    variable = project.variables.get(call.path("id"))
    body = await call.body(EditedVariable)
    _refuse_custom(body.custom_environment_ids)
    given: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"custom_environment_ids", "visibility"})
    if variable.type == "sensitive" and given.get("type", "sensitive") != "sensitive":
        raise VercelError(400, "BAD_REQUEST", "You cannot change the type of a Sensitive Environment Variable.")
    if "target" in given:
        given["target"] = tuple(name for name in TARGETS if name in given["target"])
    changed = replace(variable, **given)
    check(changed, linked=project.repository is not None)
    return JSONResponse(views.variable(project.variables.edit(changed), decrypt=False))


async def _remove(call: Call) -> Response:
    removed = call.project().variables.remove(call.path("id"))
    return JSONResponse(views.variable(removed, decrypt=False))


async def _remove_many(call: Call) -> Response:
    project, body = call.project(), await call.body(VariableIds)
    for identifier in body.ids:
        project.variables.get(identifier)
    for identifier in body.ids:
        project.variables.remove(identifier)
    return JSONResponse({"deleted": len(body.ids), "ids": body.ids})


async def _pull(call: Call) -> Response:
    """What ``vercel env pull`` writes to a file: every value in clear but the sensitive ones, which are empty."""
    project = call.project()
    target = call.request.path_params.get("target", "development")
    branch = call.request.path_params.get("branch")
    return JSONResponse({"env": _visible(project, target, branch), "buildEnv": {}})


async def _custom_environments(call: Call) -> Response:
    """Always none: they are made by an operation that the sandbox doesn't have, which answers 501."""
    call.project()
    return JSONResponse({"environments": []})


def _visible(project: Project, target: str, branch: str | None) -> dict[str, str]:
    hidden = {one.key for one in project.variables.all() if one.type == "sensitive" and target in one.target}
    snapshot = project.variables.snapshot(target, branch, {"VERCEL_ENV": target})
    return {key: "" if key in hidden else value for key, value in snapshot.items()}


def _refuse_custom(environments: list[str] | None) -> None:
    if environments:
        raise VercelError(400, "BAD_REQUEST", f"The custom environment `{environments[0]}` does not exist.")


_ENV = "/projects/{idOrName}/env"

OPERATIONS = (
    operation(
        "GET", (9, 10), _ENV, _list, query="decrypt gitBranch target source limit since until", rates=["env-get"]
    ),
    operation("POST", (10,), _ENV, _create, query="upsert", rates=["env-create"]),
    operation("GET", (1,), _ENV + "/{id}", _get, query="source", rates=["env-get"]),
    operation("PATCH", (9, 10), _ENV + "/{id}", _edit, rates=["env-update"]),
    operation("DELETE", (9, 10), _ENV + "/{id}", _remove, rates=["env-delete"]),
    operation("DELETE", (1,), _ENV, _remove_many, rates=["env-batch-delete"]),
    operation("GET", (0, 9), "/projects/{idOrName}/custom-environments", _custom_environments, query="gitBranch"),
    operation("GET", (3,), "/env/pull/{idOrName}", _pull, query="source", rates=["env-pull"]),
    operation("GET", (3,), "/env/pull/{idOrName}/{target}", _pull, query="source", rates=["env-pull"]),
    operation("GET", (3,), "/env/pull/{idOrName}/{target}/{branch}", _pull, query="source", rates=["env-pull"]),
)
