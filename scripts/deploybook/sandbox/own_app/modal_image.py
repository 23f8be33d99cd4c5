"""The images of the render app: each layer's Dockerfile lines followed as the worker's are, over the files that the deploy uploaded."""

from __future__ import annotations

import asyncio
import re
import shutil
from pathlib import Path, PurePosixPath

from deploybook.sandbox.modal.state.artifacts import Image as Layer
from deploybook.sandbox.modal.state.workspace import Workspace
from deploybook.sandbox.own_app.image import Follower, Image, ImageFailed
from deploybook.sandbox.own_app.processes import Log, Machine

STEP = re.compile(r"(FROM|RUN|COPY|ADD|WORKDIR) ")


class ModalImages:
    """The built layers of one workspace; a layer is built upon those that its FROM names."""

    def __init__(self, workspace: Workspace, machine: Machine, folder: Path) -> None:
        self._workspace = workspace
        self._machine = machine
        self._folder = folder
        self._built: dict[str, Image] = {}

    async def build(self, layer: Layer) -> str:
        """Build one layer, and log its steps in it; how it failed, or an empty text."""
        folder = self._folder / layer.object_id
        context = await asyncio.to_thread(self._context, layer, folder / "context")
        bases = {
            base.docker_tag: self._built[base.image_id]
            for base in layer.definition.base_images
            if base.image_id in self._built
        }
        follower = Follower(context, self._machine, folder, _as_modal_does(layer.lines), bases)
        try:
            commands = "\n".join(layer.definition.dockerfile_commands)
            self._built[layer.object_id] = await follower.build(commands.encode(), {})
        except ImageFailed as failure:
            return str(failure)
        return ""

    def _context(self, layer: Layer, folder: Path) -> dict[str, Path]:
        """The layer's files, written to a folder: those of its mount, and those that the SDK sends along."""
        shutil.rmtree(folder, ignore_errors=True)
        artifacts, definition = self._workspace.artifacts, layer.definition
        contents = {file.filename: bytes(file.data) for file in definition.context_files}
        if definition.context_mount_id:
            mount = artifacts.mounts[definition.context_mount_id]
            contents |= {path: artifacts.files[digest] for path, digest in mount.files.items()}
        files = {}
        for path, content in contents.items():
            name = PurePosixPath("/", path).relative_to("/")
            if ".." in name.parts:
                continue
            files[name.as_posix()] = target = folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
        return files


def _as_modal_does(lines: list[str]) -> Log:
    """Adds each line to ``lines``; a step is numbered as in the output of Modal's builder."""
    number = 0

    def log(line: str) -> None:
        nonlocal number
        step = STEP.match(line)
        lines.append(f"=> Step {number}: {line}" if step else line)
        number += bool(step)

    return log
