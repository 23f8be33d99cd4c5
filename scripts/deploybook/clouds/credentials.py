"""The operator's credentials, read from an environment under the names that the providers' own tools use."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from deploybook.contract.definitions import pasted_along
from deploybook.errors import InvalidValue, MissingVariable


def required(environ: Mapping[str, str], name: str) -> str:
    """A variable's value; raises MissingVariable if it is unset or empty, InvalidValue if something was pasted with it."""
    value = environ.get(name, "")
    if not value:
        raise MissingVariable(f"{name} is not set.", f"Export {name}; the prerequisites say where it is made.")
    if problem := pasted_along(value):
        raise InvalidValue(
            f"{name} {problem}.",
            f"Export it again, without anything that was pasted with it: read -rs {name} && export {name}.",
        )
    return value


def secret(environ: Mapping[str, str], name: str) -> SecretStr:
    """The same for a secret."""
    return SecretStr(required(environ, name))


def endpoint(environ: Mapping[str, str], name: str, default: str) -> str:
    """A base URL, without the slash at its end; raises InvalidValue unless it is http or https."""
    value = (environ.get(name) or default).rstrip("/")
    if not value.startswith(("https://", "http://")):
        raise InvalidValue(f"{name} is not a URL.", f"Unset it, or set it to {default}.")
    return value
