"""Troubles at Modal, and of those who call it: its secrets, its app, its address as the worker has it."""

from __future__ import annotations

import asyncio

from deploybook.sandbox.core.service import Context
from deploybook.sandbox.modal.service import ModalService
from deploybook.sandbox.modal.state.namespace import Creation
from deploybook.sandbox.render.service import RenderService
from deploybook.sandbox.scenarios.registry import by_hand, scenario


@scenario("modal-secrets")
async def secret_under_another_name(context: Context) -> None:
    """Somebody makes the secret *render-auth* anew in the dashboard, calls it *render_auth*, and deletes the old one."""
    workspace = context.service(ModalService).workspace
    old = next(secret for secret in workspace.secrets.values() if secret.name == "render-auth")
    workspace.named_secret("render_auth", old.environment, Creation.FAIL_IF_EXISTS, old.values, ())
    workspace.delete_secret(old.object_id)


@scenario("modal-app-stopped")
async def app_stopped(context: Context) -> None:
    """Somebody presses *Stop app* in the dashboard, to save money, and forgets it."""
    modal = context.service(ModalService)
    for app in [app for app in modal.workspace.apps.in_environment("") if app.live]:
        await modal.stop(app)


@scenario("modal-spend-limit")
async def limit_reached(context: Context) -> None:
    """The workspace has spent what its owner allows in a billing cycle: nothing that costs money is started."""
    context.service(ModalService).workspace.spend_limit_reached = True


@by_hand("modal-spend-limit")
async def limit_raised(context: Context) -> None:
    """Raise the limit under *Usage and Billing*."""
    context.service(ModalService).workspace.spend_limit_reached = False


@scenario("modal-dispatch")
async def address_not_whole(context: Context) -> None:
    """MODAL_ENDPOINT_URL is pasted into the worker's environment at Render without its https://, and the worker deployed."""
    render = context.service(RenderService)
    worker = next(iter(render.cloud.workers.values()))
    name = "MODAL_ENDPOINT_URL"
    worker.set_variable(name, worker.variables[name].value.removeprefix("https://"))
    deploy = render.deployer.deploy(worker, "manual")
    while deploy.status != "live":
        await asyncio.sleep(0.05)
