"""The settings of one environment, ``runbooks/parameters/<environment>.yaml``: committed, without secrets, read by every command.

Its own keys are parameters, as ``papermill -f`` reads them, and five more: ``environment``, which says whose the file is; ``accounts``,
the identifiers that are no secrets; ``credentials``, for each secret the command that prints it; ``credentials_file``, a dot-env file;
``app``, the application's own checkout (``app_settings.py``).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from deploybook.contract.definitions import Credential
from deploybook.contract.model import Contract
from deploybook.contract.nearest import did_you_mean
from deploybook.contract.tables import ENVIRONMENT
from deploybook.errors import DeploybookError, InvalidValue
from deploybook.layout import Layout
from deploybook.runbook import app_settings
from deploybook.runbook.notebook_file import NotebookParameter, read_parameters, require_type
from deploybook.runbook.secret_shapes import looks_secret
from deploybook.runbook.yaml_file import YamlFile, read_yaml

ACCOUNTS, CREDENTIALS, CREDENTIALS_FILE = "accounts", "credentials", "credentials_file"
OWN_KEYS = (ENVIRONMENT, ACCOUNTS, CREDENTIALS, CREDENTIALS_FILE, app_settings.KEY)
# These are no settings: what a run may do is said each time.
NEVER = frozenset({"mode"})


@dataclass(frozen=True)
class Settings:
    """What is settled for an environment. ``file`` is what ``papermill -f`` injects: every key of the file."""

    path: Path
    environment: str
    parameters: Mapping[str, object] = field(default_factory=dict)
    accounts: Mapping[str, str] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict)
    credentials_file: Path | None = None
    file: Mapping[str, object] = field(default_factory=dict)

    @property
    def exist(self) -> bool:
        """Whether there is a file."""
        return bool(self.file)

    def parameters_for(self, contract: Contract, *, rehearsal: bool) -> dict[str, object]:
        """The parameters for a run; for a ``rehearsal``, a dry run, without those that name what the sandbox does not have."""
        return {
            name: value
            for name, value in self.parameters.items()
            if not (rehearsal and contract.parameters[name].external)
        }

    def injects(self, name: str, value: object) -> bool:
        """Whether a value is this file's own, as it is after ``papermill -f``; what a section has no use for is passed over then."""
        return name in self.file and self.file[name] == value


def load_settings(layout: Layout, contract: Contract, environment: str) -> Settings:
    """The settings of an environment; empty ones where there is no file. Raises InvalidValue with every problem of the file at once."""
    path = layout.settings(environment)
    if not path.exists():
        return Settings(path, environment)
    file = read_yaml(path)
    declared = declared_parameters(layout, contract)
    problems = list(_problems(file, contract, declared, environment))
    if problems:
        raise InvalidValue(" ".join(problems), f"Correct {path.relative_to(layout.root)}; its schema is beside it.")
    values = file.values
    located = values.get(CREDENTIALS_FILE)
    return Settings(
        path,
        environment,
        {name: value for name, value in values.items() if name in declared and name != ENVIRONMENT},
        dict(values.get(ACCOUNTS) or {}),
        dict(values.get(CREDENTIALS) or {}),
        layout.root / Path(located).expanduser() if located else None,
        values,
    )


def declared_parameters(layout: Layout, contract: Contract) -> dict[str, NotebookParameter]:
    """Every parameter of every section's runbook, by name."""
    slugs = [slug for slug in contract.order() if layout.notebook(slug).exists()]
    return {name: declared for slug in slugs for name, declared in read_parameters(layout.notebook(slug)).items()}


def keepable(contract: Contract, name: str) -> bool:
    """Whether a parameter may stand in a settings file."""
    rule = contract.parameters.get(name)
    return name not in NEVER and name != ENVIRONMENT and not (rule and rule.once)


def _problems(
    file: YamlFile, contract: Contract, declared: Mapping[str, NotebookParameter], environment: str
) -> Iterator[str]:
    yield from _of_environment(file, environment)
    secrets = {credential.name: credential for credential in contract.credentials}
    for name, value in file.values.items():
        if name in secrets or name in {variable.name for variable in contract.variables}:
            yield f"{file.place(name)}: {name} is not a parameter, and its value does not belong in a file that is committed."
        elif name == ACCOUNTS:
            yield from _of_accounts(file, value, secrets)
        elif name == CREDENTIALS:
            yield from _of_commands(file, value, secrets)
        elif name == app_settings.KEY:
            yield from (f"{file.place(name)}: {problem}." for problem in app_settings.problems(value))
        elif name == CREDENTIALS_FILE:
            if not (isinstance(value, str) and value):
                yield f"{file.place(name)}: {name} is not a path."
        elif name != ENVIRONMENT:
            yield from _of_parameter(file, contract, declared, name)


def _of_environment(file: YamlFile, environment: str) -> Iterator[str]:
    if file.values.get(ENVIRONMENT) != environment:
        # papermill -f takes it from here: without it staging's names would go to production.
        yield f"{file.place(ENVIRONMENT)}: the line `environment: {environment}` is missing, or names another one."


def _of_parameter(
    file: YamlFile, contract: Contract, declared: Mapping[str, NotebookParameter], name: str
) -> Iterator[str]:
    value = file.values[name]
    if name not in declared:
        keepable_names = [*(parameter for parameter in declared if keepable(contract, parameter)), *OWN_KEYS]
        yield f"{file.place(name)}: there is no parameter {name}. {did_you_mean(name, keepable_names)}".rstrip()
    elif not keepable(contract, name):
        yield f"{file.place(name)}: {name} is for one run: set it with -p, and remove it from the file."
    elif isinstance(value, str) and looks_secret(value):
        yield f"{file.place(name)}: the value of {name} looks like a secret, and this file is committed."
    else:
        try:
            # As papermill -f will inject it: nothing is converted.
            require_type(declared[name], value)
            if name in contract.parameters:
                contract.parameters[name].validate_value(name, value)
        except DeploybookError as problem:
            yield f"{file.place(name)}: {problem} {problem.hint}"


def _of_accounts(file: YamlFile, accounts: Any, credentials: Mapping[str, Credential]) -> Iterator[str]:
    place = file.place(ACCOUNTS)
    if not isinstance(accounts, dict):
        yield f"{place}: accounts is not a mapping: write one `NAME: value` a line below it, indented."
        return
    names = [name for name, credential in credentials.items() if not credential.secret]
    for name, value in accounts.items():
        credential = credentials.get(name)
        if credential is None:
            yield f"{place}: {name} is not an account. Use one of {', '.join(names)}."
        elif credential.secret:
            yield f"{place}: {name} is a secret: write the command that prints it below credentials."
        elif not isinstance(value, str):
            yield f"{place}: {name} is not text: write it in quotes."
        elif problem := credential.problem(value):
            yield f"{place}: {name} {problem}."


def _of_commands(file: YamlFile, commands: Any, credentials: Mapping[str, Credential]) -> Iterator[str]:
    place = file.place(CREDENTIALS)
    if not isinstance(commands, dict):
        yield f"{place}: credentials is not a mapping: write one `NAME: command` a line below it, indented."
        return
    for name, command in commands.items():
        if name not in credentials:
            yield f"{place}: {name} is not a credential. Use one of {', '.join(credentials)}."
        elif problem := command_problem(command):
            yield f"{place}: {name}: {problem}."


def command_problem(command: object) -> str:
    """Why a text is not a command that may stand in the file; empty if it may."""
    if not isinstance(command, str) or not command.strip():
        return "the command that prints it is missing"
    try:
        words = shlex.split(command)
    except ValueError as problem:
        return f"the command cannot be parsed ({problem})"
    if any(looks_secret(word) for word in words):
        return "a word of the command looks like a secret, and this file is committed"
    if len(words) < 2 and "/" not in command:
        # One word alone is a pasted token sooner than a command.
        return "a command has a program and an argument, as in `op read op://VAULT/ITEM/FIELD`"
    return ""
