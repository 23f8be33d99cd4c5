"""The layers of a render app's image: built upon each other from the uploaded files, and a step that fails is the build's failure."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from modal_proto import api_pb2

from deploybook.sandbox.modal.state.workspace import Workspace
from deploybook.sandbox.own_app.modal_image import ModalImages
from deploybook.sandbox.own_app.processes import Machine


@pytest.fixture
def workspace() -> Workspace:
    return Workspace()


def mount(workspace: Workspace, files: Mapping[str, str]) -> str:
    """A mount of uploaded files, as `add_local_dir` makes it; its id."""
    digests = {f"/{path}": hashlib.sha256(text.encode()).hexdigest() for path, text in files.items()}
    for path, text in files.items():
        workspace.artifacts.put_file(digests[f"/{path}"], text.encode())
    return workspace.artifacts.add_mount(digests).object_id


def layer(workspace: Workspace, lines: list[str], base: str = "", context: str = "") -> str:
    """A layer's id."""
    bases = [api_pb2.BaseImage(docker_tag="base", image_id=base)] if base else []
    definition = api_pb2.Image(dockerfile_commands=lines, base_images=bases, context_mount_id=context)
    return workspace.artifacts.image(definition).object_id


def build(workspace: Workspace, machine: Machine, folder: Path, *layers: str) -> tuple[str, list[str]]:
    """How the last layer failed, and the lines of all."""
    images, lines, failure = ModalImages(workspace, machine, folder), list[str](), ""

    async def run() -> None:
        nonlocal failure
        for image_id in layers:
            image = workspace.artifacts.images[image_id]
            failure = await images.build(image)
            lines.extend(image.lines)

    asyncio.run(run())
    return failure, lines


@pytest.fixture
def app(workspace: Workspace, files: dict[str, str]) -> list[str]:
    """The layers of an image that copies the application, and installs what it needs."""
    system = layer(workspace, ["FROM python:3.11-slim-bookworm", "RUN apt-get --version", "RUN pip --version"])
    copied = layer(workspace, ["FROM base", "COPY . /app"], system, mount(workspace, files))
    return [system, copied]


def test_copies_and_builds_are_followed_from_layer_to_layer(
    workspace: Workspace, machine: Machine, tmp_path: Path, app: list[str]
) -> None:
    built = layer(workspace, ["FROM base", "RUN cd /app && npm ci", "RUN cd /app && npm run build"], app[-1])
    failure, lines = build(workspace, machine, tmp_path, *app, built)
    assert failure == ""
    assert "=> Step 2: RUN cd /app && npm run build" in lines
    assert "Not executed: apt-get --version" in lines


def test_a_folder_without_its_files_is_the_build_s_failure(
    workspace: Workspace, machine: Machine, tmp_path: Path
) -> None:
    alone = layer(workspace, ["FROM base", "COPY . /app"], context=mount(workspace, {"app.py": ""}))
    installed = layer(workspace, ["FROM base", "RUN cd /app && npm ci"], alone)
    failure, lines = build(workspace, machine, tmp_path, alone, installed)
    assert 'process "/bin/sh -c cd /app && npm ci" did not complete successfully' in failure
    assert [line for line in lines if "package-lock.json" in line]


def test_a_build_that_fails_is_the_image_s_failure(
    workspace: Workspace, machine: Machine, tmp_path: Path, app: list[str]
) -> None:
    built = layer(workspace, ["FROM base", "RUN cd /app && npm run build:render"], app[-1])
    failure, lines = build(workspace, machine, tmp_path, *app, built)
    assert "exit code: 1" in failure
    assert [line for line in lines if "build:render" in line and "Missing script" in line]


def test_a_build_is_begun_once_and_anew_after_a_failure(workspace: Workspace) -> None:
    outcomes = ["no room", ""]

    async def builder(_: object) -> str:
        return outcomes.pop(0)

    async def run() -> list[str]:
        image = workspace.artifacts.images[layer(workspace, ["FROM scratch"])]
        begun = [workspace.artifacts.begin_build(image) for _ in range(2)]
        assert begun[0] is begun[1]
        results = [await it for it in begun[:1] if it]
        return results + [await it for it in [workspace.artifacts.begin_build(image)] if it]

    assert asyncio.run(run()) == []
    workspace.artifacts.builder = builder
    assert asyncio.run(run()) == ["no room", ""]


def test_the_variables_of_an_image_reach_its_containers(workspace: Workspace) -> None:
    base = layer(workspace, ["FROM scratch", "ENV PATH=/opt/bin:$PATH", "ENV NODE_ENV=production"])
    image = layer(workspace, ["FROM base", "ENV TITLE='two words'"], base)
    assert workspace.artifacts.image_variables(image) == {"NODE_ENV": "production", "TITLE": "two words"}
