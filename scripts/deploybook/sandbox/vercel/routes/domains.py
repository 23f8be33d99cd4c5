"""Domains of a project: ``getProjectDomains`` … ``verifyProjectDomain``, ``getDomainConfig``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.schema.variables import ChangedDomainBody, DomainBody, DomainView
from deploybook.sandbox.vercel.state.identifiers import now
from deploybook.sandbox.vercel.state.projects import Domain, check_redirect
from deploybook.sandbox.vercel.state.refusals import bad_request, no_environment


async def _list(call: Call) -> dict[str, Any]:
    """Every domain is verified, so ``verified=false`` lists none."""
    target = "production" if call.flag("production") else call.query("target")
    redirects, verified = call.query("redirects") != "false", call.query("verified") != "false"
    matches = [
        one
        for one in call.project().domains.values()
        if verified
        and (target is None or (target == "production") == (one.git_branch is None))
        and (redirects or one.redirect is None)
    ]
    page, pagination = call.page(matches, lambda one: one.created_at)
    return {"domains": [DomainView.model_validate(one) for one in page], "pagination": pagination}


async def _add(call: Call) -> DomainView:
    project, body = call.project(), await call.body(DomainBody)
    if body.custom_environment_id is not None:
        raise no_environment(body.custom_environment_id)
    if body.git_branch is not None and project.repository is None:
        raise bad_request("The project isn't connected to a Git repository.")
    domain = Domain(body.name, project.id, body.git_branch, body.redirect, body.redirect_status_code)
    return DomainView.model_validate(call.state.add_domain(project, domain))


async def _get(call: Call) -> DomainView:
    return DomainView.model_validate(_domain(call))


async def _update(call: Call) -> DomainView:
    project, domain = call.project(), _domain(call)
    changes = (await call.body(ChangedDomainBody)).model_dump(exclude_unset=True)
    changed = replace(domain, **changes, updated_at=now())
    check_redirect(changed, list(project.domains.values()))
    project.domains[domain.name] = changed
    return DomainView.model_validate(changed)


async def _remove(call: Call) -> dict[str, Any]:
    call.state.remove_domain(call.project(), _domain(call))
    return {}


async def _config(call: Call) -> dict[str, Any]:
    """There is no DNS on loopback: only the assigned domain is configured."""
    name = call.path("domain").lower()
    owned = call.state.projects.owned(call.caller.owner.id)
    assigned = any(name in project.domains and project.domains[name].is_assigned for project in owned)
    return {
        "configuredBy": "http" if assigned else None,
        "acceptedChallenges": ["http-01"] if assigned else [],
        "recommendedIPv4": [{"rank": 1, "value": ["76.76.21.21"]}],
        "recommendedCNAME": [{"rank": 1, "value": "cname.vercel-dns.com."}],
        "misconfigured": not assigned,
    }


def _domain(call: Call) -> Domain:
    return call.project().named_domain(call.path("domain"))


_ALL = "/projects/{idOrName}/domains"
_ONE = _ALL + "/{domain}"
_LISTING = "production target redirects verified limit since until"

OPERATIONS = (
    operation("GET", (9, 10), _ALL, _list, query=_LISTING, limits="project-domains-get", per_user=True),
    operation("POST", (9, 10), _ALL, _add, limits="project-domains-write"),
    operation("GET", (9,), _ONE, _get, limits="project-domains-get", per_user=True),
    operation("PATCH", (9,), _ONE, _update, limits="project-domains-write"),
    operation("DELETE", (9,), _ONE, _remove, limits="project-domains-write"),
    operation("POST", (9,), _ONE + "/verify", _get, limits="project-domains-verify", per_user=True),
    operation("GET", (6,), "/domains/{domain}/config", _config, limits="domain-config-get", per_user=True),
)
