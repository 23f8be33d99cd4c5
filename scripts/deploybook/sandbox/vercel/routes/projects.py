"""Projects and their protection: ``getProjects`` … ``deleteProject``, ``updateProjectProtectionBypass``."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.schema import projects as schema
from deploybook.sandbox.vercel.schema.projects import BypassBody, ChangedProjectBody, ProjectBody, RepositoryBody
from deploybook.sandbox.vercel.state.projects import Repository


async def _list(call: Call) -> dict[str, Any]:
    """The next page is ``from=<next>``, or ``until``, which the CLI uses."""
    search, before = (call.query("search") or "").lower(), call.integer("from")
    matches = [
        project
        for project in call.state.projects.owned(call.caller.owner.id)
        if search in project.name and (before is None or project.created_at < before)
    ]
    page, pagination = call.page(matches, lambda project: project.created_at)
    return {"projects": [schema.project(one, call.state) for one in page], "pagination": pagination}


async def _create(call: Call) -> dict[str, Any]:
    body = await call.body(ProjectBody)
    repository = Repository.parse(body.git_repository.type, body.git_repository.repo) if body.git_repository else None
    variables = [item.variable(call.caller.user.id) for item in body.environment_variables]
    settings = body.sent("name", "git_repository", "environment_variables")
    project = await call.state.create_project(call.caller, body.name, settings, repository, variables)
    return schema.project(project, call.state)


async def _get(call: Call) -> dict[str, Any]:
    return schema.project(call.project(), call.state)


async def _update(call: Call) -> dict[str, Any]:
    project, body = call.project(), await call.body(ChangedProjectBody)
    if body.name is not None:
        call.state.projects.check_name(body.name, call.caller.owner.id, renamed=project)
        project.name = body.name
    project.configure(body.sent("name", "password_protection", "trusted_ips"))
    return schema.project(project, call.state)


async def _delete(call: Call) -> None:
    await call.state.delete_project(call.project())


async def _bypass(call: Call) -> dict[str, Any]:
    project, body = call.project(), await call.body(BypassBody)
    revoke, generate = body.revoke, body.generate
    project.bypass(
        revoke=revoke.secret if revoke else None,
        regenerate=(revoke is not None and revoke.regenerate) or (generate is not None and generate.secret is None),
        generate=generate.secret if generate else None,
        user_id=call.caller.user.id,
    )
    return {"protectionBypass": project.bypasses}


async def _link(call: Call) -> dict[str, Any]:
    """``vercel git connect``: any repository can be linked, for the sandbox has no list of them."""
    project, body = call.project(), await call.body(RepositoryBody)
    project.repository = Repository.parse(body.type, body.repo)
    return schema.project(project, call.state)


async def _unlink(call: Call) -> dict[str, Any]:
    project = call.project()
    project.repository = None
    return schema.project(project, call.state)


_ONE = "/projects/{idOrName}"

OPERATIONS = (
    operation("GET", (9, 10), "/projects", _list, query="search limit from until since"),
    operation("POST", (1, 9, 10, 11), "/projects", _create),
    operation("GET", (9,), _ONE, _get, query="rollbackInfo"),
    operation("POST", (9,), _ONE + "/link", _link),
    operation("DELETE", (9,), _ONE + "/link", _unlink),
    operation("PATCH", (9,), _ONE, _update),
    operation("DELETE", (2, 9), _ONE, _delete, status=204),
    operation("PATCH", (1,), _ONE + "/protection-bypass", _bypass, limits="protection-bypass-write"),
)
