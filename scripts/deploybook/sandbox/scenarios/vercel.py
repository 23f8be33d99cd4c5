"""Scenarios at Vercel, as somebody makes them in its dashboard, and of the application that it serves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import httpx

from deploybook.sandbox.core.faults import Fault
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.scenarios.registry import by_hand, scenario
from deploybook.sandbox.scenarios.vercel_project import (
    deploy_again,
    edit_variable,
    only_project,
    redeploy,
    remove_variable,
    serving,
)
from deploybook.sandbox.turso.service import TursoService
from deploybook.sandbox.vercel.backend.builds import BUILD_FAULTS
from deploybook.sandbox.vercel.backend.edge import SITE
from deploybook.sandbox.vercel.backend.platform import Platform
from deploybook.sandbox.vercel.service import VercelService
from deploybook.sandbox.vercel.state.deployments import GOING, Deployment
from deploybook.sandbox.vercel.state.identifiers import now
from deploybook.sandbox.vercel.state.projects import Project, Repository

# More requests, and more seconds, than are spent while it lasts.
ALL, LONG = 10_000, 3600.0
# A deployment is waited for at least so long (``deploy_minutes`` of the settings).
LEAST_DEPLOY_MILLISECONDS = 60_000


@scenario("playback")
async def storage_backend_removed(context: Context) -> None:
    """STORAGE_BACKEND is removed in the dashboard, and the app deployed again."""
    platform, project = only_project(context)
    remove_variable(project, "STORAGE_BACKEND")
    await redeploy(platform, project)


@scenario("upload-checksum")
async def checksum_choice_removed(context: Context) -> None:
    """AWS_REQUEST_CHECKSUM_CALCULATION is removed in the dashboard, and the app deployed again."""
    platform, project = only_project(context)
    remove_variable(project, "AWS_REQUEST_CHECKSUM_CALCULATION")
    await redeploy(platform, project)


@scenario("app-errors")
async def set_for_previews(context: Context) -> None:
    """DEPLOY_ENV and NEXT_PUBLIC_APP_URL are added in the dashboard with *Preview* ticked and *Production* not; the app is deployed."""
    platform, project = only_project(context)
    for variable in project.variables.all():
        if variable.key in {"DEPLOY_ENV", "NEXT_PUBLIC_APP_URL"}:
            project.variables.edit(replace(variable, target=("preview",)).sealed())
    await redeploy(platform, project)


@scenario("webhook-401")
async def secret_with_a_line_break(context: Context) -> None:
    """INTERNAL_WEBHOOK_SECRET is pasted into the dashboard with the line break at its end, and the app deployed again."""
    platform, project = only_project(context)
    edit_variable(project, "INTERNAL_WEBHOOK_SECRET", lambda value: f"{value}\n")
    await redeploy(platform, project)


@scenario("other-database")
async def database_of_another_environment(context: Context) -> None:
    """The Turso pair of a staging environment is pasted into the dashboard, and the app deployed again."""
    turso = context.service(TursoService).platform
    databases = {database.name: database for database in turso.databases()}
    staging = databases.get("studio-staging") or await turso.create_database("studio-staging", turso.groups()[0].name)
    token = turso.mint(staging, "never", "full-access")
    platform, project = only_project(context)
    edit_variable(project, "TURSO_DATABASE_URL", lambda _: f"libsql://{staging.hostname}")
    edit_variable(project, "TURSO_AUTH_TOKEN", lambda _: token)
    await redeploy(platform, project)


@scenario("database-schema")
async def table_dropped(context: Context) -> None:
    """Somebody drops the jobs table in Turso's SQL console, to begin anew; the app has been at work before, and has made it."""
    _, project = only_project(context)
    trust = str(context.certificates.authority_path)
    async with httpx.AsyncClient(verify=trust, trust_env=False, timeout=60) as visitor:
        await visitor.get(f"https://{project.domain}/api/audio/jobs/00000000-0000-4000-8000-000000000000")
    turso = context.service(TursoService)
    await turso.console(turso.platform.databases()[0], "DROP TABLE audio_prep_jobs")


@scenario("end-to-end")
async def release_with_a_bug(context: Context) -> None:
    """A release of the app answers for a job that does not exist as if it did."""
    path = "/api/audio/jobs/00000000-0000-4000-8000-000000000000"
    fault = Fault(SITE, "status", path=path, times=ALL, status=200, body="{}", scenario="end-to-end")
    fault.headers = {"content-type": "application/json"}
    context.faults.inject(fault)


@by_hand("end-to-end")
async def release_fixed(context: Context) -> None:
    """Fix the app, push, and let it be deployed."""
    context.faults.end("end-to-end")


@scenario("vercel-repository")
async def another_repository(context: Context) -> None:
    """Somebody disconnects the repository in *Settings* → *Git*, and connects their fork."""
    _, project = only_project(context)
    assert project.repository is not None
    project.repository = Repository.parse("github", f"somebody/{project.repository.name}")


@by_hand("vercel-repository")
async def own_repository(context: Context) -> None:
    """Connect the first one again: its deployments name it."""
    platform, project = only_project(context)
    source = next(one.git_source for one in platform.deployments_of(project) if one.git_source)
    project.repository = Repository.parse("github", f"{source['org']}/{source['repo']}")


@scenario("vercel-variables")
async def secret_readable(context: Context) -> None:
    """Somebody removes INTERNAL_WEBHOOK_SECRET in the dashboard and adds it again, without *Sensitive*."""
    _, project = only_project(context)
    for variable in project.variables.all():
        if variable.key == "INTERNAL_WEBHOOK_SECRET":
            project.variables.remove(variable.id)
            project.variables.add(replace(variable, type="encrypted", comment=None), upsert=False)


@scenario("vercel-deployment-slow")
async def build_hangs(context: Context) -> None:
    """A push is built, and the build hangs; it has done so for a minute when somebody looks."""
    platform, project = only_project(context)
    context.faults.inject(Fault(BUILD_FAULTS, "slow", seconds=LONG))
    made = await deploy_again(platform, project)
    made.created_at = _after_all_else(platform, project, made)
    while made.state != "BUILDING" or now() - made.created_at < LEAST_DEPLOY_MILLISECONDS:
        await asyncio.sleep(0.05)


@by_hand("vercel-deployment-slow")
async def build_cancelled(context: Context) -> None:
    """Open the deployment, and choose *Cancel Deployment*."""
    platform, project = only_project(context)
    for deployment in [one for one in platform.deployments_of(project) if one.state in GOING]:
        await platform.cancel(deployment)


@scenario("vercel-build-failed")
async def push_that_does_not_build(context: Context) -> None:
    """Somebody pushes a commit whose build fails."""
    context.faults.inject(Fault(BUILD_FAULTS, "status", times=ALL, scenario="vercel-build-failed"))
    await redeploy(*only_project(context))


@by_hand("vercel-build-failed")
async def push_that_builds(context: Context) -> None:
    """Fix the application, and push it."""
    context.faults.end("vercel-build-failed")


@scenario("vercel-redeploy")
async def rolled_back(context: Context) -> None:
    """A newer deployment is made, and somebody chooses *Instant Rollback* to the one before it."""
    platform, project = only_project(context)
    before = serving(platform, project)
    await redeploy(platform, project)
    await platform.promote(project, before, kind="rollback")


@by_hand("vercel-redeploy")
async def promoted(context: Context) -> None:
    """Choose *Promote* beside the newest deployment."""
    platform, project = only_project(context)
    await platform.promote(project, platform.deployments_of(project)[0], kind="promote")


@scenario("vercel-protection")
async def all_protected(context: Context) -> None:
    """Somebody sets *Deployment Protection* to *All Deployments*."""
    only_project(context)[1].sso_protection = {"deploymentType": "all"}


@by_hand("vercel-protection")
async def standard_protection(context: Context) -> None:
    """Choose *Standard Protection*."""
    only_project(context)[1].sso_protection = {"deploymentType": "prod_deployment_urls_and_all_previews"}


@scenario("vercel-firewall")
async def challenged(context: Context) -> None:
    """Somebody switches *Attack Challenge Mode* on, in the project's *Firewall*, and forgets it."""
    only_project(context)[1].attack_mode = True


@by_hand("vercel-firewall")
async def unchallenged(context: Context) -> None:
    """Switch it off."""
    only_project(context)[1].attack_mode = False


@scenario("vercel-paused")
async def paused(context: Context) -> None:
    """The team's spend limit is reached: Vercel pauses the project."""
    only_project(context)[1].paused = True


@by_hand("vercel-paused")
async def resumed(context: Context) -> None:
    """Choose *Resume Service*."""
    only_project(context)[1].paused = False


@scenario("cloudflare-proxy")
async def proxied(context: Context) -> None:
    """Somebody sets the domain's DNS record at Cloudflare to *Proxied*, where a rule stops what is no browser."""
    fault = Fault(
        SITE, "status", times=ALL, status=403, body="<!doctype html>error code: 1020", scenario="cloudflare-proxy"
    )
    fault.headers = {"content-type": "text/html", "cf-mitigated": "challenge"}
    context.faults.inject(fault)


@by_hand("cloudflare-proxy")
async def proxied_no_more(context: Context) -> None:
    """Set it to *DNS only*."""
    context.faults.end("cloudflare-proxy")


@scenario("vercel-staged")
async def staged(context: Context) -> None:
    """Somebody switches *Auto-assign Custom Production Domains* off for a release, and forgets it; then a push is built."""
    platform, project = only_project(context)
    project.configure({"autoAssignCustomDomains": False})
    made = await deploy_again(platform, project)
    while made.state != "READY":
        await asyncio.sleep(0.05)


@by_hand("vercel-staged")
async def promoted_and_assigned(context: Context) -> None:
    """Choose *Promote* beside it, and switch *Auto-assign Custom Production Domains* on."""
    platform, project = only_project(context)
    project.configure({"autoAssignCustomDomains": True})
    await platform.promote(project, platform.deployments_of(project)[0], kind="promote")


@scenario("vercel-limits")
async def deployments_used_up(context: Context) -> None:
    """The team is on the plan Hobby, and has made a hundred deployments since yesterday."""
    context.service(VercelService).use_up_free_deployments()


@by_hand("vercel-limits")
async def on_a_larger_plan(context: Context) -> None:
    """Choose the plan *Pro*."""
    context.service(VercelService).platform.accounts.plan = "pro"


@scenario("vercel-page")
async def serving_deployment_deleted(context: Context) -> None:
    """After a push, somebody tidies up in *Deployments* and deletes the one that serves; those before it stay."""
    platform, project = only_project(context)
    await redeploy(platform, project)
    await platform.delete_deployment(serving(platform, project))


def _after_all_else(platform: Platform, project: Project, made: Deployment) -> int:
    """The first moment at which a deployment can have been made that has every variable, and is newer than all others.

    How long it has been going on is seen by its age alone. A world that has existed for a minute needs no wait so.
    """
    others = [deployment.created_at for deployment in platform.deployments_of(project) if deployment is not made]
    changes = [variable.updated_at for variable in project.variables.all()]
    return max(*others, *changes) + 1
