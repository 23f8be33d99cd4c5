"""The app of a check that was killed is stopped, and that of a check that goes on is left alone."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import modal
import pytest

from deploybook.clouds.connections import Connections
from deploybook.clouds.modal import probe
from deploybook.clouds.modal.probe import stop_abandoned


def dead_process() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        pass
    return ended.pid


def running(clouds: Connections, name: str) -> None:
    """An app of this name is live, as that of a check is whose process was killed."""

    async def start(client: modal.Client) -> None:
        await modal.App.lookup.aio(name, client=client, create_if_missing=True)

    clouds.modal.run("start an app", start)


@pytest.mark.parametrize(
    ("machine", "process", "age", "stopped"),
    [
        ("here", "dead", 1, True),
        ("here", "alive", 1, False),
        ("elsewhere", "dead", 1, False),
        ("elsewhere", "dead", 2 * probe.PROBE_SECONDS, True),
        ("here", "alive", 2 * probe.PROBE_SECONDS, True),
    ],
)
def test_what_a_killed_check_left_is_stopped(
    clouds: Connections, machine: str, process: str, age: float, stopped: bool
) -> None:
    place = probe._machine() if machine == "here" else "0" * 8
    number = os.getpid() if process == "alive" else dead_process()
    name = f"deploybook-check-{place}-{number}-{int(time.time() - age)}"
    running(clouds, name)
    assert stop_abandoned(clouds.modal, "") == [name] * stopped


@pytest.mark.parametrize("name", ["deploybook-check", "deploybook-check-mine", "studio"])
def test_what_is_no_app_of_a_check_is_left(clouds: Connections, name: str) -> None:
    running(clouds, name)
    assert stop_abandoned(clouds.modal, "") == []


def test_each_check_has_an_app_of_its_own_name() -> None:
    assert probe.APP.fullmatch(probe._app_name())
