"""Looks at secrets from where they can be seen: a container. Modal shows no value, but hands it to the functions that ask for it."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from deploybook.clouds import scratch
from deploybook.clouds.modal.client import Modal
from deploybook.redact import fingerprint

if TYPE_CHECKING:
    import modal

# A first run may build the image.
PROBE_SECONDS = 300.0
CONTAINER_SECONDS = 60


def differing(cloud: Modal, name: str, environment: str, values: Mapping[str, SecretStr]) -> list[str]:
    """The names in ``values`` that have another value, or none, in a container with the secret.

    An app without a deployment runs one function once and is gone; one that a killed check left goes first. Only salted fingerprints
    leave the container.
    """
    stop_abandoned(cloud, environment)
    salt = secrets.token_hex(8)

    async def run(client: modal.Client) -> dict[str, str]:
        import modal

        app = modal.App(scratch.new_name(), include_source=False)
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        secret = modal.Secret.from_name(name, environment_name=environment or None)
        image = modal.Image.debian_slim(python_version=version)
        options: dict[str, Any] = {
            "image": image,
            "secrets": [secret],
            "timeout": CONTAINER_SECONDS,
            "serialized": True,
        }
        function = app.function(**options)(_reader())
        async with app.run.aio(client=client, environment_name=environment or None):
            prints: dict[str, str] = await function.remote.aio(sorted(values), salt)
            return prints

    prints = cloud.run(f"look at the secret {name} from a container", run, PROBE_SECONDS)
    return [name for name, value in values.items() if prints.get(name) != fingerprint(value, salt)]


def stop_abandoned(cloud: Modal, environment: str) -> list[str]:
    """Stop the apps of checks that were killed, and return their names. A check that may still go on, of whatever clone, keeps its own."""
    return cloud.stop_runs(environment, _is_abandoned)


def _is_abandoned(name: str) -> bool:
    return scratch.is_left_over(name, PROBE_SECONDS)


def _reader() -> Callable[[list[str], str], dict[str, str]]:
    """The function that runs at Modal: nested, so that it travels by value, and with no import but Python's own."""

    def fingerprints(names: list[str], salt: str) -> dict[str, str]:
        import hashlib
        import os

        present = {name: os.environ[name].encode() for name in names if name in os.environ}
        options: dict[str, Any] = {"salt": salt.encode(), "n": 2**12, "r": 8, "p": 1, "dklen": 4}
        return {name: hashlib.scrypt(value, **options).hex() for name, value in present.items()}

    return fingerprints
