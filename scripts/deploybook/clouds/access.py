"""What the operator's credentials lead to and may do: one read-only look at each provider, by the claims that its section begins with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass

from deploybook.clouds.connections import Connections
from deploybook.errors import DeploybookError
from deploybook.state.pins import Account

Parameters = Mapping[str, object]


@dataclass(frozen=True)
class Access:
    """The account that a provider's credentials lead to, and what they may do there, in the provider's words."""

    account: str
    may: str


def _cloudflare(clouds: Connections, _: Parameters) -> Access:
    from deploybook.clouds import r2

    client = clouds.cloudflare
    kind = r2.token_is_active(client)
    may = r2.may_manage_r2(client)
    return Access(_named(client.named_account, client.account()), f"{may} ({kind})")


def _turso(clouds: Connections, _: Parameters) -> Access:
    from deploybook.clouds import turso

    expiry = turso.token_is_valid(clouds.turso)
    return Access(turso.organization_is_usable(clouds.turso), f"manage the organization; {expiry}")


def _modal(clouds: Connections, _: Parameters) -> Access:
    from deploybook.clouds import modal

    return Access(modal.token_is_valid(clouds.modal), "deploy apps and secrets")


def _vercel(clouds: Connections, _: Parameters) -> Access:
    from deploybook.clouds import vercel

    name = vercel.team_is_visible(clouds.vercel)
    return Access(f"{'team' if clouds.vercel.team_id else 'personal account'} {name}", "deploy; what CI uses, too")


def _render(clouds: Connections, parameters: Parameters) -> Access:
    from deploybook.clouds import render

    workspace = render.key_sees_workspace(clouds.render, str(parameters.get("owner", "")))
    return Access(f"workspace {workspace}", "all that its user may")


def _github(clouds: Connections, parameters: Parameters) -> Access:
    from deploybook.clouds import github

    repository, branch = str(parameters.get("git_repository", "")), str(parameters.get("production_branch", "main"))
    where = github.target(clouds.github, repository, branch)
    login = github.token_sees_repository(clouds.github, where)
    count = github.secrets_can_be_listed(clouds.github, where)
    return Access(login, f"read the repository and its secrets ({count}); the first write shows the rest")


# By the contract's provider; tests/clouds/test_access.py holds that none is missing.
LOOKS: Mapping[str, Callable[[Connections, Parameters], Access]] = {
    "cloudflare": _cloudflare,
    "turso": _turso,
    "modal": _modal,
    "vercel": _vercel,
    "render": _render,
    "github": _github,
}


def look(provider: str, clouds: Connections, parameters: Parameters) -> Access | DeploybookError:
    """What the credentials of a provider lead to, or why it does not say; sends reading requests only."""
    try:
        return LOOKS[provider](clouds, parameters)
    except DeploybookError as error:
        return error


def _vercel_teams(clouds: Connections) -> list[Account]:
    return clouds.vercel.teams()


# By the identifier that an operator gives: how its provider lists the accounts among which it chooses.
LISTED: Mapping[str, Callable[[Connections], list[Account]]] = {"VERCEL_TEAM_ID": _vercel_teams}


def accounts_within_reach(identifier: str, environ: Mapping[str, str]) -> list[Account]:
    """The accounts that the credentials of the environment reach, of which ``identifier`` names one.

    Sends reading requests only. Empty where the provider lists none, or lacks the credential to ask with.
    """
    if identifier not in LISTED:
        return []
    others = {name: value for name, value in environ.items() if name != identifier}
    try:
        with closing(Connections(others)) as clouds:
            return LISTED[identifier](clouds)
    except DeploybookError:
        return []


def _named(ask: Callable[[], Account], account: Account) -> str:
    # Many tokens may not read the account's name.
    try:
        return str(ask())
    except DeploybookError:
        return str(account)
