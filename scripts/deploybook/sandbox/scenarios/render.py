"""Scenarios at Render, as somebody makes them in its dashboard: the workspace, the worker, its variables, its deploys."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from deploybook.sandbox.core.faults import Fault
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.render.state.identifiers import xid
from deploybook.sandbox.render.state.workers import UNDER_WAY, Deploy, Owner, Worker
from deploybook.sandbox.scenarios.registry import by_hand, scenario
from deploybook.sandbox.turso.service import TursoService

# More deploys, and more seconds, than are spent while it lasts.
ALL, LONG = 10_000, 3600.0
BY_A_PERSON = "manual"


@scenario("render-owner")
async def invited(context: Context) -> None:
    """Somebody invites the key's user to their workspace: the key sees two."""
    context.service(RenderService).cloud.joined.append(Owner(xid("tea"), "Somebody", "somebody@studio.example"))


@by_hand("render-owner")
async def left(context: Context) -> None:
    """Leave the other workspace."""
    context.service(RenderService).cloud.joined.clear()


@scenario("render-billing")
async def card_expired(context: Context) -> None:
    """The workspace's card has expired: Render suspends the worker."""
    render, worker = _worker(context)
    render.cloud.has_payment_method = False
    await render.deployer.suspend(worker, "billing")


@by_hand("render-billing")
async def card_added(context: Context) -> None:
    """Add a payment method under *Billing*: Render resumes the worker."""
    render, worker = _worker(context)
    render.cloud.has_payment_method = True
    render.deployer.resume(worker)
    await _ended(worker.deploys[-1])


@scenario("render-repository")
async def built_from_a_fork(context: Context) -> None:
    """Somebody points the worker at their fork, in *Settings* → *Build & Deploy*, and deploys."""
    _, worker = _worker(context)
    worker.settings.repo = f"https://github.com/somebody/{worker.settings.repo.rpartition('/')[2]}"
    await deploy(context)


@scenario("render-variables")
async def storage_backend_removed(context: Context) -> None:
    """Somebody removes STORAGE_BACKEND in *Environment*, because they think that DEPLOY_ENV says enough, and deploys."""
    _, worker = _worker(context)
    del worker.variables["STORAGE_BACKEND"]
    await deploy(context)


@scenario("worker-idle")
async def database_of_another_environment(context: Context) -> None:
    """The Turso pair of a staging environment is pasted into the worker's *Environment*, and the worker deployed."""
    turso = context.service(TursoService).platform
    databases = {database.name: database for database in turso.databases()}
    staging = databases.get("studio-staging") or await turso.create_database("studio-staging", turso.groups()[0].name)
    token = turso.mint(staging, "never", "full-access")
    await edit_and_deploy(context, {"TURSO_DATABASE_URL": f"libsql://{staging.hostname}", "TURSO_AUTH_TOKEN": token})


@scenario("render-deploy-failed")
async def push_that_does_not_build(context: Context) -> None:
    """Somebody pushes a commit whose image does not build, and deploys it."""
    printed = "error: failed to solve: process /bin/sh -c npm ci did not complete successfully: exit code: 1"
    fault = Fault("render", "status", method="BUILD", times=ALL, body=printed, scenario="render-deploy-failed")
    context.faults.inject(fault)
    await deploy(context)


@by_hand("render-deploy-failed")
async def push_that_builds(context: Context) -> None:
    """Fix the code, and push it."""
    context.faults.end("render-deploy-failed")


@scenario("render-deploy-slow")
async def build_hangs(context: Context) -> None:
    """Somebody deploys, and the build hangs, for twenty minutes by now."""
    render, worker = _worker(context)
    context.faults.inject(Fault("render", "slow", method="BUILD", seconds=LONG))
    made = render.deployer.deploy(worker, BY_A_PERSON)
    made.created_at -= timedelta(minutes=20)
    while made.status != "build_in_progress":
        await asyncio.sleep(0.05)


@by_hand("render-deploy-slow")
async def build_canceled(context: Context) -> None:
    """Open the deploy under *Events*, and choose *Cancel deploy*."""
    render, worker = _worker(context)
    if worker.under_way:
        render.deployer.cancel(worker, worker.under_way.id)


@scenario("render-not-live")
async def suspended(context: Context) -> None:
    """Somebody presses *Suspend Background Worker*, to save money, and forgets it."""
    render, worker = _worker(context)
    await render.deployer.suspend(worker)


@scenario("render-deploy-hook")
async def made_anew(context: Context) -> None:
    """Somebody deletes the worker, and makes it again with the same settings: it has another id, and another deploy hook."""
    render, old = _worker(context)
    del render.cloud.workers[old.id]
    await render.deployer.halt(old)
    render.cloud.create(old.owner_id, old.settings, list(old.environment().items()))
    await deploy(context)


async def edit_and_deploy(context: Context, variables: Mapping[str, str]) -> None:
    """Edit variables in the worker's *Environment*, and choose *Save, rebuild, and deploy*."""
    _, worker = _worker(context)
    for name, value in variables.items():
        worker.set_variable(name, value)
    await deploy(context)


async def deploy(context: Context) -> None:
    """Choose *Manual Deploy* → *Deploy latest commit*, and wait for its end."""
    render, worker = _worker(context)
    await _ended(render.deployer.deploy(worker, BY_A_PERSON))


async def _ended(made: Deploy) -> None:
    while made.status in UNDER_WAY:
        await asyncio.sleep(0.05)


def _worker(context: Context) -> tuple[RenderService, Worker]:
    """The service, and the one worker that the guide makes."""
    render = context.service(RenderService)
    return render, next(iter(render.cloud.workers.values()))
