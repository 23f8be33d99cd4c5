"""Environment variables: ``filterProjectEnvs`` … ``batchRemoveProjectEnv``, and the CLI's ``/v3/env/pull``."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.schema import variables as schema
from deploybook.sandbox.vercel.schema.variables import ChangedVariableBody, VariableBody, VariableIdsBody
from deploybook.sandbox.vercel.state.variables import Variable, check


async def _list(call: Call) -> dict[str, Any]:
    """``{envs}`` in whole, or ``{envs, pagination}`` when a page is asked for."""
    target, branch = call.query("target"), call.query("gitBranch")
    matches = [
        one
        for one in call.project().variables.all()
        if (target is None or target in one.target) and (branch is None or one.git_branch in {None, branch})
    ]
    page, pagination = sorted(matches, key=lambda one: -one.created_at), None
    if call.query("limit") is not None:
        page, pagination = call.page(matches, lambda one: one.created_at)
    envs = [schema.variable(one, decrypt=call.flag("decrypt")) for one in page]
    return {"envs": envs, "pagination": pagination} if pagination else {"envs": envs}


async def _create(call: Call) -> dict[str, Any]:
    """One variable, or an array of them; some may fail while others are made."""
    project = call.project()
    many = (await call.request.body()).lstrip().startswith(b"[")
    items = await call.body(list[VariableBody]) if many else [await call.body(VariableBody)]
    variables = [item.variable(call.caller.user.id) for item in items]
    created: list[Variable] = []
    failed: list[Refusal] = []
    for variable in variables:
        try:
            check(variable, linked=project.repository is not None)
            created.append(project.variables.add(variable, upsert=call.flag("upsert")))
        except Refusal as refusal:
            failed.append(refusal)
    errors = [call.api.error(refusal) for refusal in failed]
    if failed and not created:
        failed[0].beside = {"failed": errors}
        raise failed[0]
    views = [schema.variable(one, decrypt=False) for one in created]
    return {"created": views if many else views[0], "failed": errors}


async def _get(call: Call) -> dict[str, Any]:
    return schema.variable(call.project().variables.get(call.path("id")), decrypt=True, by_id=True)


async def _edit(call: Call) -> dict[str, Any]:
    project = call.project()
    variable = project.variables.get(call.path("id"))
    changed = (await call.body(ChangedVariableBody)).applied(variable)
    check(changed, linked=project.repository is not None)
    return schema.variable(project.variables.edit(changed), decrypt=False)


async def _remove(call: Call) -> dict[str, Any]:
    return schema.variable(call.project().variables.remove(call.path("id")), decrypt=False)


async def _remove_many(call: Call) -> dict[str, Any]:
    """All of them, or none if one is not there."""
    variables, body = call.project().variables, await call.body(VariableIdsBody)
    for identifier in body.ids:
        variables.get(identifier)
    for identifier in body.ids:
        variables.remove(identifier)
    return {"deleted": len(body.ids), "ids": body.ids}


async def _pull(call: Call) -> dict[str, Any]:
    """What ``vercel env pull`` writes to a file: every value in clear but the sensitive ones, which are empty."""
    variables = call.project().variables
    target = call.request.path_params.get("target", "development")
    branch = call.request.path_params.get("branch")
    hidden = {one.key for one in variables.all() if one.type == "sensitive" and target in one.target}
    values = variables.snapshot(target, branch, {"VERCEL_ENV": target})
    return {"env": {key: "" if key in hidden else value for key, value in values.items()}, "buildEnv": {}}


async def _custom_environments(call: Call) -> dict[str, Any]:
    """Always none: the operation that makes them answers 501."""
    call.project()
    return {"environments": []}


_ENV = "/projects/{idOrName}/env"
_ONE = _ENV + "/{id}"
_PULL = "/env/pull/{idOrName}"
_LISTING = "decrypt gitBranch target source limit since until"

OPERATIONS = (
    operation("GET", (9, 10), _ENV, _list, query=_LISTING, limits="env-get"),
    operation("POST", (10,), _ENV, _create, query="upsert", status=201, limits="env-create"),
    operation("GET", (1,), _ONE, _get, query="source", limits="env-get"),
    operation("PATCH", (9, 10), _ONE, _edit, limits="env-update"),
    operation("DELETE", (9, 10), _ONE, _remove, limits="env-delete"),
    operation("DELETE", (1,), _ENV, _remove_many, limits="env-batch-delete"),
    operation("GET", (0, 9), "/projects/{idOrName}/custom-environments", _custom_environments, query="gitBranch"),
    operation("GET", (3,), _PULL, _pull, query="source", limits="env-pull"),
    operation("GET", (3,), _PULL + "/{target}", _pull, query="source", limits="env-pull"),
    operation("GET", (3,), _PULL + "/{target}/{branch}", _pull, query="source", limits="env-pull"),
)
