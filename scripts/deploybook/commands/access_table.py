"""What ``deploybook init`` ends with: for each credential where it came from, and for each provider the account and what may be done."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

from rich import box
from rich.table import Table

from deploybook import http
from deploybook.clouds.access import Access, look
from deploybook.clouds.connections import Connections
from deploybook.commands.context import CommandContext
from deploybook.contract.model import Contract
from deploybook.errors import DeploybookError
from deploybook.runbook.credential_sources import Sources
from deploybook.runner.inputs import CREDENTIAL, Problem, find_problems
from deploybook.runner.plan import Plan
from deploybook.state.pins import Pins

# A provider that takes longer is reported as one that does not answer.
PATIENCE_SECONDS = 12.0
Looks = Mapping[str, Access | DeploybookError]


def look_at_all(context: CommandContext, plan: Plan) -> dict[str, Access | DeploybookError]:
    """Look at every provider whose credentials are there and well-formed, side by side, reading only."""
    contract = context.contract
    unusable = {
        problem.message.split()[0]
        for problem in find_problems(plan)
        if problem.kind == CREDENTIAL or problem.message.startswith("git_repository")
    }
    ready = [
        provider.name
        for provider in contract.providers
        if not unusable & {credential.name for credential in contract.credentials_of(provider)}
        and not (provider.name == "github" and "git_repository" in unusable)
    ]
    pins = Pins(context.layout.state, context.vault.environment)
    with (
        closing(Connections(os.environ, pins, context.vault)) as clouds,
        http.patience(PATIENCE_SECONDS),
        ThreadPoolExecutor(max(len(ready), 1)) as pool,
    ):
        sections = {provider.name: provider.section for provider in contract.providers}
        futures = {name: pool.submit(look, name, clouds, plan.parameters.get(sections[name], {})) for name in ready}
        return {name: future.result() for name, future in futures.items()}


def access_table(contract: Contract, sources: Sources, looks: Looks, environ: Mapping[str, str]) -> Table:
    """One row for each credential; account and rights stand in the first of a provider's."""
    table = Table(box=box.SIMPLE, pad_edge=False, show_edge=False)
    table.add_column("credential", no_wrap=True)
    for heading in ("from", "account", "may"):
        table.add_column(heading, overflow="fold")
    for provider in contract.providers:
        access = looks.get(provider.name)
        about = (
            (access.account, access.may) if isinstance(access, Access) else ("✗ see below", "") if access else ("–", "")
        )
        for credential in contract.credentials_of(provider):
            origin = sources.origins.get(credential.name, "the environment") if environ.get(credential.name) else ""
            missing = "not set" if credential.optional else "MISSING"
            table.add_row(credential.name, origin or missing, *about)
            about = ("", "")
    return table


def access_data(contract: Contract, sources: Sources, looks: Looks, problems: Sequence[Problem]) -> dict[str, Any]:
    """The same as JSON: ``providers`` has for each that was asked its account and rights, or why it refuses."""
    providers: list[dict[str, Any]] = []
    for provider in contract.providers:
        names = [credential.name for credential in contract.credentials_of(provider)]
        about: dict[str, Any] = {"name": provider.name, "title": provider.title, "credentials": names}
        match looks.get(provider.name):
            case Access() as access:
                providers.append(about | {"account": access.account, "may": access.may})
            case DeploybookError() as error:
                providers.append(about | {"refused": str(error), "hint": error.hint, "entry": error.entry})
    missing = [{"name": problem.name, "line": problem.line(), "hint": problem.hint} for problem in problems]
    return {"providers": providers, "problems": missing, "from": dict(sources.origins)}


def problem_lines(contract: Contract, problems: Sequence[Problem], looks: Looks) -> Iterator[str]:
    """What the operator has to do, below the table."""
    credentials = {credential.name: credential for credential in contract.credentials}
    for problem in problems:
        yield f"✗ {problem.line()}"
        credential = credentials.get(problem.message.split()[0])
        if credential and credential.secret and not problem.malformed:
            yield f"    tick: {credential.permissions}"
    for name, error in looks.items():
        if isinstance(error, DeploybookError):
            yield f"✗ {contract.provider(name).title}: {error}"
            yield from (f"    {line}" for line in error.lines()[1:])
