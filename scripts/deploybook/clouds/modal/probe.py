"""Looks at secrets from where they can be seen: a container. Modal shows no value, but hands it to the functions that ask for it."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import socket
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from deploybook.clouds.modal.client import Modal
from deploybook.redact import fingerprint
from deploybook.state.processes import is_alive

if TYPE_CHECKING:
    import modal

# The machine, the process and the second in which a check began: whether it goes on can be told from its app's name.
APP = re.compile(r"deploybook-check-(?P<machine>[0-9a-f]{8})-(?P<process>[0-9]+)-(?P<second>[0-9]+)")
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

        app = modal.App(_app_name(), include_source=False)
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


def _app_name() -> str:
    return f"deploybook-check-{_machine()}-{os.getpid()}-{int(time.time())}"


def _is_abandoned(name: str) -> bool:
    match = APP.fullmatch(name)
    if match is None:
        return False
    if match["machine"] == _machine() and not is_alive(int(match["process"])):
        return True
    return time.time() - int(match["second"]) > PROBE_SECONDS


def _machine() -> str:
    """Eight hex digits for what process numbers count in: the machine, and on Linux this boot of it and the container."""
    boot, container = Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid")
    parts = [socket.gethostname()]
    parts += [boot.read_text(encoding="utf-8"), str(container.readlink())] if boot.exists() else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:8]


def _reader() -> Callable[[list[str], str], dict[str, str]]:
    """The function that runs at Modal: nested, so that it travels by value, and with no import but Python's own."""

    def fingerprints(names: list[str], salt: str) -> dict[str, str]:
        import hashlib
        import os

        present = {name: os.environ[name].encode() for name in names if name in os.environ}
        options: dict[str, Any] = {"salt": salt.encode(), "n": 2**12, "r": 8, "p": 1, "dklen": 4}
        return {name: hashlib.scrypt(value, **options).hex() for name, value in present.items()}

    return fingerprints
