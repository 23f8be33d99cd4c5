"""Where the operator's credentials come from: the environment, the settings' accounts, a dot-env file, a password manager's command.

The first that has one counts, in this order. Nothing here writes a secret anywhere but into the process's own environment.
"""

from __future__ import annotations

import os
import shlex
import stat
import subprocess
from collections.abc import Collection, Mapping, MutableMapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from deploybook.contract.model import Contract
from deploybook.errors import InvalidValue
from deploybook.runbook.settings import Settings

# Set for the kernels of a run, whose credentials were gathered before it: no kernel asks a password manager again.
GATHERED_VARIABLE = "DEPLOYBOOK_CREDENTIALS_GATHERED"
# A password manager may wait for a finger on a key.
COMMAND_SECONDS = 120


@dataclass
class Sources:
    """Where each credential was found, by name, and why a source that is named for one did not give it."""

    origins: dict[str, str] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)


def credential_names(contract: Contract, sections: Collection[str]) -> list[str]:
    """The credentials that these sections read, or can use, in the contract's order."""
    return [
        credential.name
        for credential in contract.credentials
        if {*credential.sections, *credential.used_if_set} & set(sections)
    ]


def complete(
    contract: Contract, settings: Settings, environ: MutableMapping[str, str], names: Collection[str]
) -> Sources:
    """Put each named credential that ``environ`` lacks into it, from the first source that has it.

    A dot-env file may hold the providers' other variables too, such as an endpoint. Raises InvalidValue for a file that others can read,
    or that cannot be read.
    """
    sources = Sources({name: "the environment" for name in names if environ.get(name)})
    for name, value in settings.accounts.items():
        if name in names and not environ.get(name):
            environ[name] = value
            sources.origins[name] = settings.path.name
    file = settings.credentials_file
    if file and file.exists():
        _from_file(contract, file, environ, names, sources)
    elif file:
        required = {credential.name for credential in contract.credentials if not credential.optional}
        lacking = [name for name in names if name in required and not environ.get(name)]
        sources.problems |= dict.fromkeys(lacking, f"{file} does not exist")
    for name in names:
        if name in settings.commands and not environ.get(name):
            _from_command(contract, name, settings.commands[name], environ, sources)
    return sources


def read_credentials_file(path: Path) -> dict[str, str]:
    """The variables of a dot-env file that only its owner can read; raises InvalidValue."""
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise InvalidValue(f"{path} is not a file.", "Set credentials_file to the path of a dot-env file.")
        if mode & 0o077:
            raise InvalidValue(f"{path} can be read by others.", f"Run chmod 600 {shlex.quote(str(path))}.")
        values = dotenv_values(path, interpolate=False)
    except OSError as problem:
        raise InvalidValue(
            f"{path} cannot be read ({problem.strerror}).",
            "Correct credentials_file in the settings, or write that file.",
        ) from None
    except UnicodeDecodeError:
        raise InvalidValue(f"{path} is not text in UTF-8.", "Save it as UTF-8.") from None
    return {name: value for name, value in values.items() if value}


def _from_file(
    contract: Contract, path: Path, environ: MutableMapping[str, str], names: Collection[str], sources: Sources
) -> None:
    credentials = {credential.name for credential in contract.credentials}
    variables = {variable.name for variable in contract.variables}
    for name, value in read_credentials_file(path).items():
        others = contract.is_operators(name) and name not in credentials | variables
        if (name in names or others) and not environ.get(name):
            environ[name] = value
            sources.origins[name] = path.name


def _from_command(
    contract: Contract, name: str, command: str, environ: MutableMapping[str, str], sources: Sources
) -> None:
    value, problem = printed_by(command, _without_credentials(contract, environ))
    if value:
        environ[name] = value
        sources.origins[name] = f"`{shlex.split(command)[0]}`"
        sources.problems.pop(name, None)
    else:
        sources.problems[name] = f"its command `{command}` {problem}"


def printed_by(command: str, environ: Mapping[str, str]) -> tuple[str, str]:
    """What a command prints, and what went wrong with it. Its prompts reach the terminal; it is not run through a shell."""
    try:
        completed = subprocess.run(
            shlex.split(command),
            env=dict(environ),
            stdout=subprocess.PIPE,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except FileNotFoundError:
        return "", "is not a program on this machine"
    except OSError as problem:
        return "", f"cannot be run ({problem.strerror})"
    except subprocess.TimeoutExpired:
        return "", f"did not end within {COMMAND_SECONDS} seconds"
    if completed.returncode != 0:
        return "", f"failed with exit code {completed.returncode}"
    lines = completed.stdout.decode("utf-8", "replace").strip().splitlines()
    # pass prints notes below the password.
    return (lines[0].strip(), "") if lines else ("", "printed nothing")


def _without_credentials(contract: Contract, environ: Mapping[str, str]) -> dict[str, str]:
    """A process is given none of the operator's credentials that it does not need."""
    names = {credential.name for credential in contract.credentials}
    return {name: value for name, value in environ.items() if name not in names}


def operator_environment(contract: Contract, settings: Settings, sections: Collection[str]) -> Sources:
    """Complete this process's own environment for a live run of the sections, unless a runner has done so."""
    if os.environ.get(GATHERED_VARIABLE):
        return Sources()
    return complete(contract, settings, os.environ, credential_names(contract, sections))
