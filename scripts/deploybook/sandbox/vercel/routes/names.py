"""Names: a project's domains (``getProjectDomains`` … ``getDomainConfig``), aliases, and what production points at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from deploybook.sandbox.core.refusals import not_implemented
from deploybook.sandbox.vercel.api import Call, operation
from deploybook.sandbox.vercel.schema.deployments import AliasBody, AliasView, OwnAliasView
from deploybook.sandbox.vercel.schema.variables import ChangedDomainBody, DomainBody, DomainView
from deploybook.sandbox.vercel.state.deployments import Alias
from deploybook.sandbox.vercel.state.identifiers import now
from deploybook.sandbox.vercel.state.projects import Domain, check_redirect
from deploybook.sandbox.vercel.state.refusals import bad_request, no_environment


async def _list_domains(call: Call) -> dict[str, Any]:
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


async def _add_domain(call: Call) -> DomainView:
    project, body = call.project(), await call.body(DomainBody)
    if body.custom_environment_id is not None:
        raise no_environment(body.custom_environment_id)
    if body.git_branch is not None and project.repository is None:
        raise bad_request("The project isn't connected to a Git repository.")
    domain = Domain(body.name, project.id, body.git_branch, body.redirect, body.redirect_status_code)
    return DomainView.model_validate(call.state.add_domain(project, domain))


async def _get_domain(call: Call) -> DomainView:
    return DomainView.model_validate(_domain(call))


async def _update_domain(call: Call) -> DomainView:
    project, domain = call.project(), _domain(call)
    changes = (await call.body(ChangedDomainBody)).model_dump(exclude_unset=True)
    changed = replace(domain, **changes, updated_at=now())
    check_redirect(changed, list(project.domains.values()))
    project.domains[domain.name] = changed
    return DomainView.model_validate(changed)


async def _remove_domain(call: Call) -> dict[str, Any]:
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


async def _list_aliases(call: Call) -> dict[str, Any]:
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


async def _get_alias(call: Call) -> AliasView:
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


async def _delete_alias(call: Call) -> dict[str, Any]:
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


_DOMAINS = "/projects/{idOrName}/domains"
_DOMAIN = _DOMAINS + "/{domain}"
_DOMAINS_LISTING = "production target redirects verified limit since until"
_ALIASES_LISTING = "projectId domain limit since until"
_OF_DEPLOYMENT = "/deployments/{id}/aliases"
_PROMOTE, _ROLLBACK = (f"/projects/{{projectId}}/{verb}/{{deploymentId}}" for verb in ("promote", "rollback"))

OPERATIONS = (
    operation(
        "GET", (9, 10), _DOMAINS, _list_domains, query=_DOMAINS_LISTING, limits="project-domains-get", per_user=True
    ),
    operation("POST", (9, 10), _DOMAINS, _add_domain, limits="project-domains-write"),
    operation("GET", (9,), _DOMAIN, _get_domain, limits="project-domains-get", per_user=True),
    operation("PATCH", (9,), _DOMAIN, _update_domain, limits="project-domains-write"),
    operation("DELETE", (9,), _DOMAIN, _remove_domain, limits="project-domains-write"),
    operation("POST", (9,), _DOMAIN + "/verify", _get_domain, limits="project-domains-verify", per_user=True),
    operation("GET", (6,), "/domains/{domain}/config", _config, limits="domain-config-get", per_user=True),
    operation("GET", (4,), "/aliases", _list_aliases, query=_ALIASES_LISTING, limits="aliases-list", per_user=True),
    operation("GET", (3,), "/now/aliases", _list_aliases, query=_ALIASES_LISTING, limits="aliases-list", per_user=True),
    operation("GET", (4,), "/aliases/{idOrAlias}", _get_alias, limits="alias-get", per_user=True),
    operation("DELETE", (2,), "/aliases/{aliasId}", _delete_alias, limits="aliases-delete"),
    operation("GET", (2,), _OF_DEPLOYMENT, _of_deployment, limits="aliases-list", per_user=True),
    operation("GET", (0,), "/now" + _OF_DEPLOYMENT, _of_deployment, limits="aliases-list", per_user=True),
    operation("POST", (2,), _OF_DEPLOYMENT, _assign, limits="alias-create"),
    operation("POST", (9, 10), _PROMOTE, _promote, status=201, limits="production-deployment", per_user=True),
    operation("POST", (9,), _ROLLBACK, _rollback, status=201, limits="production-deployment"),
)
