"""Chooses the operator's environment variables for a process: the machine's in a dry run, else its section's credentials too."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, MutableMapping
from pathlib import Path

from deploybook import recordings
from deploybook.contract.model import Contract
from deploybook.layout import HOME_VARIABLE
from deploybook.runbook.events import WATCHED_VARIABLE

# A list of what is kept, not of what is put aside: a credential that nobody here has heard of is not on it, and neither are proxies,
# certificates (SSL_CERT_FILE), DEPLOYBOOK_VAULT or the many variables that name a file of credentials.
MACHINE = re.compile(
    "PATH|HOME|USER|LOGNAME|SHELL|LANG|LANGUAGE|LC_[A-Z]+|TZ|TERM|COLORTERM|COLUMNS|LINES|NO_COLOR|FORCE_COLOR|TMPDIR|XDG_CACHE_HOME"
    "|LD_LIBRARY_PATH|DYLD_LIBRARY_PATH|VIRTUAL_ENV|JUPYTER_PATH|PLAYWRIGHT_BROWSERS_PATH"
    "|PYTHON(PATH|HOME|HASHSEED|WARNINGS|UNBUFFERED|UTF8|IOENCODING|DONTWRITEBYTECODE|PYCACHEPREFIX|FAULTHANDLER|NOUSERSITE)"
    f"|{HOME_VARIABLE}|{recordings.FOLDER_VARIABLE}|{WATCHED_VARIABLE}"
)


# Of the prefixes that are the operator's at a provider: no credential, and without it no TLS connection behind the operator's proxy.
CERTIFICATES = frozenset({"AWS_CA_BUNDLE"})
# A Unix socket's name has at most 103 bytes (macOS; Linux has 107), of which those in a kernel's folder take 54: sun_path in unix(7).
LONGEST_TMPDIR = 49
SHORT_TMPDIR = "/tmp"  # noqa: S108 - each process makes a folder of its own in it


def machine(environ: Mapping[str, str]) -> dict[str, str]:
    """The variables that describe this machine, and none that belong to its user. ``XDG_CACHE_HOME`` locates downloaded programs."""
    kept = {name: value for name, value in environ.items() if MACHINE.fullmatch(name)} | _short_tmpdir(environ)
    if "HOME" in kept:
        kept.setdefault("XDG_CACHE_HOME", str(Path(kept["HOME"]) / ".cache"))
    return kept


def shorten_tmpdir(environ: MutableMapping[str, str]) -> None:
    """Name a folder with a shorter path in ``environ`` where Unix sockets in ``TMPDIR`` could not be given a name."""
    environ.update(_short_tmpdir(environ))
    tempfile.tempdir = None


def _short_tmpdir(environ: Mapping[str, str]) -> dict[str, str]:
    return {"TMPDIR": SHORT_TMPDIR} if len(environ.get("TMPDIR", "")) > LONGEST_TMPDIR else {}


def for_section(
    contract: Contract, slug: str, environ: Mapping[str, str], parameters: Mapping[str, object]
) -> dict[str, str]:
    """``environ`` for a live run of one section: of all that is the operator's at the providers, only what this section reads.

    That is its credentials, the credentials that it sets at a consumer, its providers' other variables, every endpoint, the authorities of
    TLS, and variables that a parameter names, such as ``import_from``.
    """
    own = CERTIFICATES | _read_by(contract, slug) | {value for value in parameters.values() if isinstance(value, str)}
    credentials = {credential.name for credential in contract.credentials}
    variables = {variable.name for variable in contract.variables}
    providers = {credential.provider for credential in contract.credentials if credential.name in own}
    namespaces = tuple(f"{name.upper()}_" for name in providers)

    def needed(name: str) -> bool:
        return name in own or (name.startswith(namespaces) and name not in credentials | variables)

    return {name: value for name, value in environ.items() if needed(name) or not contract.is_operators(name)}


def _read_by(contract: Contract, slug: str) -> set[str]:
    names = {
        credential.name
        for credential in contract.credentials
        if slug in {*credential.sections, *credential.used_if_set}
    }
    for consumer in contract.consumers_set_by(slug):
        names |= {variable.name for variable in contract.consumed_by(consumer.name) if variable.section is None}
    return names.union(*(provider.endpoints for provider in contract.providers))
