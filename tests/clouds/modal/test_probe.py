"""The app of a check that was killed is stopped, and that of a check that goes on is left alone."""

from __future__ import annotations

import os
import time

import modal
import pytest
from tests.clouds.scratch_names import named

from deploybook.clouds.connections import Connections
from deploybook.clouds.modal import probe
from deploybook.clouds.modal.probe import stop_abandoned


def running(clouds: Connections, name: str) -> None:
    """An app of this name is live, as a killed check leaves it."""

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
    clouds: Connections, ended_process: int, machine: str, process: str, age: float, stopped: bool
) -> None:
    number = os.getpid() if process == "alive" else ended_process
    name = named(number, "" if machine == "here" else "0" * 8, int(time.time() - age))
    running(clouds, name)
    assert stop_abandoned(clouds.modal, "") == [name] * stopped


@pytest.mark.parametrize("name", ["deploybook-check", "deploybook-check-mine", "studio"])
def test_what_is_no_app_of_a_check_is_left(clouds: Connections, name: str) -> None:
    running(clouds, name)
    assert stop_abandoned(clouds.modal, "") == []
