"""Domains of a project: ``getProjectDomains`` … ``verifyProjectDomain``, ``getDomainConfig``."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response

from deploybook.sandbox.vercel import views
from deploybook.sandbox.vercel.calls import Call, operation
from deploybook.sandbox.vercel.domains import Domain, check_redirect
from deploybook.sandbox.vercel.errors import bad_request
from deploybook.sandbox.vercel.identifiers import now
from deploybook.sandbox.vercel.requests import ChangedDomain, NewDomain


async def _list(call: Call) -> Response:
    newest_first = sorted(call.project().domains.values(), key=lambda one: -one.created_at)
    if call.flag("production") or call.query("target") == "production":
        newest_first = [one for one in newest_first if one.git_branch is None]
    elif call.query("target") == "preview":
        newest_first = [one for one in newest_first if one.git_branch is not None]
    if call.query("redirects") == "false":
        newest_first = [one for one in newest_first if one.redirect is None]
    if call.query("verified") == "false":
        newest_first = []
    page, pagination = call.page(newest_first, lambda one: one.created_at)
    return JSONResponse({"domains": [views.domain(one) for one in page], "pagination": pagination})


async def _add(call: Call) -> Response:
    project, body = call.project(), await call.body(NewDomain)
    if body.custom_environment_id is not None:
        raise bad_request(f"The custom environment `{body.custom_environment_id}` does not exist.")
    if body.git_branch is not None and project.repository is None:
        raise bad_request("The project isn't connected to a Git repository.")
    wanted = Domain(body.name, project.id, body.git_branch, body.redirect, body.redirect_status_code)
    return JSONResponse(views.domain(call.platform.add_domain(project, wanted)))


async def _get(call: Call) -> Response:
    return JSONResponse(views.domain(_domain(call)))


async def _update(call: Call) -> Response:
    project, domain = call.project(), _domain(call)
    given = (await call.body(ChangedDomain)).model_dump(exclude_unset=True)
    changed = Domain(
        domain.name,
        project.id,
        given.get("git_branch", domain.git_branch),
        given.get("redirect", domain.redirect),
        given.get("redirect_status_code", domain.redirect_status_code),
        created_at=domain.created_at,
        updated_at=now(),
    )
    check_redirect(changed, list(project.domains.values()))
    project.domains[domain.name] = changed
    return JSONResponse(views.domain(changed))


async def _remove(call: Call) -> Response:
    call.platform.remove_domain(call.project(), _domain(call))
    return JSONResponse({})


async def _config(call: Call) -> Response:
    """There is no DNS on loopback: only the assigned domain is configured."""
    name = call.path("domain").lower()
    owned = call.platform.state.projects.owned(call.scope.owner_id)
    domain = next((project.domains[name] for project in owned if name in project.domains), None)
    assigned = domain is not None and domain.is_assigned
    return JSONResponse(
        {
            "configuredBy": "http" if assigned else None,
            "acceptedChallenges": ["http-01"] if assigned else [],
            "recommendedIPv4": [{"rank": 1, "value": ["76.76.21.21"]}],
            "recommendedCNAME": [{"rank": 1, "value": "cname.vercel-dns.com."}],
            "misconfigured": not assigned,
        }
    )


def _domain(call: Call) -> Domain:
    return call.platform.state.domain(call.project(), call.path("domain"))


_DOMAINS = "/projects/{idOrName}/domains"
_ONE = _DOMAINS + "/{domain}"

OPERATIONS = (
    operation(
        "GET",
        (9, 10),
        _DOMAINS,
        _list,
        query="production target redirects verified limit since until",
        rates=["project-domains-get"],
        per_user=True,
    ),
    operation("POST", (9, 10), _DOMAINS, _add, rates=["project-domains-write"]),
    operation("GET", (9,), _ONE, _get, rates=["project-domains-get"], per_user=True),
    operation("PATCH", (9,), _ONE, _update, rates=["project-domains-write"]),
    operation("DELETE", (9,), _ONE, _remove, rates=["project-domains-write"]),
    operation("POST", (9,), _ONE + "/verify", _get, rates=["project-domains-verify"], per_user=True),
    operation("GET", (6,), "/domains/{domain}/config", _config, rates=["domain-config-get"], per_user=True),
)
