"""The questions of ``deploybook init``: what cannot be derived, each once; an empty answer leaves it open."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from deploybook.checkout.git_remote import github_repository
from deploybook.clouds.access import accounts_within_reach
from deploybook.commands.context import CommandContext
from deploybook.commands.prose import say
from deploybook.contract.definitions import Credential
from deploybook.contract.model import Contract
from deploybook.contract.nearest import nearest
from deploybook.errors import InvalidValue
from deploybook.runbook.app_settings import read_app_settings
from deploybook.runbook.credential_sources import complete, printed_by
from deploybook.runbook.settings import command_problem
from deploybook.runbook.settings_edit import Kept, keep
from deploybook.state.atomic import write_private
from deploybook.state.env_file import may_be_committed
from deploybook.state.pins import Account, Pins

REPOSITORY = "git_repository"


def ask_for_parameters(context: CommandContext, sections: Sequence[str]) -> CommandContext:
    """Ask for each parameter that a section cannot do without and that no settings have; keep the answers."""
    kept = Kept()
    for name, rule in context.contract.parameters.items():
        settled = context.settings.parameters
        lacking = [
            slug
            for slug in rule.required_to
            if slug in sections
            and not (settled.get(rule.instead.get(slug, "")) or os.environ.get(rule.instead.get(slug, "")))
        ]
        if settled.get(name) or not lacking:
            continue
        derived, where = _derived(context, name)
        offer = f"\nEnter takes {derived}, from {where}." if derived else ""
        answer = _asked(f"{rule.description}{offer}\n{name}", _rule(name, rule.validate_value), derived)
        if answer:
            kept.parameters[name] = answer
    return _keep(context, kept)


def _derived(context: CommandContext, name: str) -> tuple[str, str]:
    """What a parameter is by the application's checkout, or by this one, and where that stands; empty for what neither says."""
    if name != REPOSITORY:
        return "", ""
    named = read_app_settings(context.layout, context.vault.environment).directory
    folder = context.layout.root / Path(named).expanduser() if named else context.layout.root
    return github_repository(folder), f"the git remote of {folder}"


def ask_for_credentials(context: CommandContext) -> CommandContext:
    """Ask for each account, and for where the secrets are kept, as far as no source has them; keep the answers, never a secret."""
    missing = _missing(context)
    kept = Kept()
    secrets = [credential for credential in missing if credential.secret]
    if secrets and context.settings.credentials_file:
        # The settings may be another machine's: its file is not here yet.
        _make_file(context.settings.credentials_file, missing)
    elif secrets:
        _ask_for_file(context, kept)
        context, kept = _keep(context, kept), Kept()
        missing = _missing(context)
    for credential in missing:
        if credential.secret and context.settings.credentials_file is None:
            _ask_for_command(context.contract, credential, kept)
    # With them the accounts can be listed.
    context, kept = _keep(context, kept), Kept()
    environ = _environ(context)
    for credential in missing:
        if not credential.secret:
            _ask_for_account(credential, accounts_within_reach(credential.name, environ), kept)
    return _keep(context, kept)


def _environ(context: CommandContext) -> dict[str, str]:
    """The environment with what the settings' sources give."""
    # A copy: the table says later where each came from, which a name that is in the environment already would hide.
    environ = dict(os.environ)
    names = [credential.name for credential in context.contract.credentials]
    complete(context.contract, context.settings, environ, names)
    return environ


def _missing(context: CommandContext) -> list[Credential]:
    environ = _environ(context)
    pins = Pins(context.layout.state, context.vault.environment)
    # Where an environment lives already, an identifier that may be left out is known.
    settled = {provider.name for provider in context.contract.providers if pins.get(provider.name)}
    return [
        credential
        for credential in context.contract.credentials
        if not environ.get(credential.name) and not (credential.optional and credential.provider in settled)
    ]


def _ask_for_file(context: CommandContext, kept: Kept) -> None:
    answer = _asked(
        "The credentials are read anew each time, from a place of yours: nothing secret is written by this command.\n"
        "Name a dot-env file that holds them, or is to (such as ~/studio.env), or press Enter to name a command for each, "
        "such as op read …\nfile",
        usable_file,
    )
    if not answer:
        return
    kept.credentials_file = answer
    _make_file(_expanded(answer), _missing(context))


def _make_file(path: Path, missing: Sequence[Credential]) -> None:
    """Write a dot-env file without values where there is none; what is no secret is asked for, and kept in the settings."""
    if not path.exists():
        write_private(path, _template([credential for credential in missing if credential.secret]))
        say(f"{path} was created without values: fill them in with an editor.")


def _expanded(answer: str) -> Path:
    return Path(answer).expanduser().absolute()


def usable_file(answer: str) -> None:
    """Raise InvalidValue for a path at which no file of credentials may stand."""
    path = _expanded(answer)
    if path.exists() and not path.is_file():
        raise InvalidValue(f"{path} is not a file.", "Enter the path of a file.")
    if not path.parent.is_dir():
        raise InvalidValue(f"There is no folder {path.parent}.", "Enter a path in a folder that exists.")
    if may_be_committed(path.resolve()):
        raise InvalidValue(f"{path} is in a git repository that does not ignore it.", "Enter a path outside of it.")


def _template(credentials: Sequence[Credential]) -> str:
    """A dot-env file with a line for each credential that is missing, and above it where it is made and what to tick."""
    parts = [
        f"# {credential.made_at}\n# tick: {credential.permissions}\n{credential.name}=\n" for credential in credentials
    ]
    return "# Credentials that deploybook reads. Only you can read this file; keep it out of every repository.\n\n" + (
        "\n".join(parts)
    )


def _ask_for_account(credential: Credential, within_reach: Sequence[Account], kept: Kept) -> None:
    by_name = {account.name: account.id for account in within_reach if account.name}

    def check(answer: str) -> None:
        if problem := credential.problem(by_name.get(answer, answer)):
            error = InvalidValue(f"{credential.name} {problem}.", f"From: {credential.made_at}.")
            raise error.suggesting(answer, nearest(answer, by_name))

    left_out = f"; Enter: {credential.unset}" if credential.unset else ""
    listed = "".join(f"\n  {account.id}  {account.name}" for account in within_reach)
    choice = f"\nThe credentials can access these; enter an id or a name:{listed}" if listed else ""
    answer = _asked(f"From: {credential.made_at}{left_out}{choice}\n{credential.name}", check)
    if answer:
        kept.accounts[credential.name] = by_name.get(answer, answer)


def _ask_for_command(contract: Contract, credential: Credential, kept: Kept) -> None:
    names = {credential.name for credential in contract.credentials}

    def check(answer: str) -> None:
        if problem := command_problem(answer):
            raise InvalidValue(f"{problem[0].upper()}{problem[1:]}.", "Enter the command, not the credential.")
        value, problem = printed_by(answer, {name: value for name, value in os.environ.items() if name not in names})
        if not value or (problem := credential.problem(value)):
            raise InvalidValue(f"The command {problem}.", "Try it in another terminal, then enter it again.")

    head = f"Made at: {credential.made_at}\nTick: {credential.permissions}"
    answer = _asked(f"{head}\na command that prints {credential.name}", check)
    if answer:
        kept.commands[credential.name] = answer


def _rule(name: str, validate: Callable[[str, object], None]) -> Callable[[str], None]:
    return lambda answer: validate(name, answer)


def _asked(question: str, check: Callable[[str], None], otherwise: str = "") -> str:
    """An answer that passes its check; ``otherwise`` if there is none."""
    about, _, prompt = question.rpartition("\n")
    click.echo()
    for line in about.splitlines():
        say(line)
    while True:
        answer = str(click.prompt(prompt, default="", show_default=False)).strip()
        if not answer:
            return otherwise
        try:
            check(answer)
        except InvalidValue as problem:
            say(f"{problem} {problem.hint}")
        else:
            return answer


def _keep(context: CommandContext, kept: Kept) -> CommandContext:
    if not kept:
        return context
    keep(context.layout, context.contract, context.vault.environment, kept)
    return CommandContext.open(context.vault.environment)
