"""An image without a container engine: the Dockerfile's steps, followed in a folder that stands for its root."""

from __future__ import annotations

import os
import posixpath
import re
import shutil
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType

from deploybook.checkout.dockerfile import Stage, Step, copy_of, exec_form, filled, pairs, placed, run_text, stages
from deploybook.checkout.shell import programs, sequence
from deploybook.sandbox.own_app import caches
from deploybook.sandbox.own_app.processes import Log, Machine, run

# Programs that change the system around the application (its packages, its users, its Python), or that fetch what is not a package.
SYSTEM = frozenset(
    [
        "curl",
        "wget",
        "git",
        "pip",
        "pip3",
        "uv",
        "poetry",
        "conda",
        "micromamba",
        "ldconfig",
        "debconf-set-selections",
        "chown",
        "apt-get",
        "apt",
        "apk",
        "yum",
        "dnf",
        "microdnf",
        "useradd",
        "adduser",
        "groupadd",
        "addgroup",
        "update-ca-certificates",
        "corepack",
    ]
)
# Paths of the system: what a step puts there belongs to an image, not to this machine.
SYSTEM_PATH = re.compile(r"(?<![\w.])/(usr|etc|var|opt|bin|sbin|root)(/|\b)")
PIP = re.compile(r"\bpython3?(\.\d+)? -m (pip|venv)\b")
# An absolute path that stands for one of the image: not of a URL, and no device.
ABSOLUTE = re.compile(r"(?<![\w.:/$}*?])/(?!dev/|proc/)(?=[\w.])")
CHANGES_FOLDER = re.compile(r"cd\s+(\S+)")
INSTALLS = re.compile(r"(npm\s+(ci|install|i)|pnpm\s+(i|install)|yarn(\s+install)?|bun\s+install)(\s|$)")


# Instructions that write files.
WRITING = frozenset({"WORKDIR", "COPY", "ADD", "RUN"})


class ImageFailed(Exception):
    """A step of the build failed; says which and how, as BuildKit does."""


@dataclass
class Image:
    """What a build made: a folder for the root, the variables, the working directory, and the program."""

    root: Path
    variables: dict[str, str] = field(default_factory=dict)
    folder: str = "/"
    entrypoint: str = ""
    command: str = ""

    @property
    def orphaned(self) -> signal.Signals:
        """It is a process of this machine."""
        return signal.SIGKILL

    @property
    def working_directory(self) -> Path:
        """Where its program starts."""
        return self.root / self.folder.lstrip("/")

    def program(self, override: str = "") -> str:
        """The command line that starts it; ``override`` is the host's own command in place of CMD."""
        return " ".join(part for part in (self.entrypoint, override or self.command) if part)

    def search_too(self, folder: Path) -> None:
        """Look for programs in one more folder, after all others."""
        self.variables["PATH"] = f"{self.variables.get('PATH', os.environ.get('PATH', ''))}:{folder}"

    async def clear(self) -> None:
        """Its process leaves nothing outside the sandbox's folder."""


class Follower:
    """One build of one Dockerfile. ``files`` are the context's, by their paths in it; ``images`` those that FROM may name."""

    def __init__(
        self,
        files: Mapping[str, Path],
        machine: Machine,
        folder: Path,
        log: Log,
        images: Mapping[str, Image] = MappingProxyType({}),
    ) -> None:
        self._files = files
        self._machine, self._folder, self._log = machine, folder, log
        self._images = dict(images)
        self.left_out: list[str] = []

    async def build(self, dockerfile: bytes, variables: Mapping[str, str]) -> Image:
        """Follow every step; ``variables`` are the host's, which reach ARGs. Raises ImageFailed."""
        image = Image(self._folder)
        for number, stage in enumerate(stages(dockerfile)):
            image = self._begin(stage, number)
            self._images[str(number)] = self._images[stage.name.lower() or str(number)] = image
            for step in stage.steps:
                await self._follow(step, image, variables)
        for text in self.left_out:
            self._log(f"Not executed: {text}")
        return image

    def _begin(self, stage: Stage, number: int) -> Image:
        root = self._folder / f"stage-{number}"
        earlier = self._images.get(stage.base.lower())
        self._log(f"FROM {stage.base}")
        if earlier is None:
            self.left_out.append(f"FROM {stage.base} (this machine's programs stand in)")
            (root / "tmp").mkdir(parents=True)
            return Image(root)
        if any(step.instruction in WRITING for step in stage.steps):
            caches.duplicate(earlier.root, root)
        else:
            root = earlier.root
        return Image(root, dict(earlier.variables), earlier.folder, earlier.entrypoint, earlier.command)

    async def _follow(self, step: Step, image: Image, variables: Mapping[str, str]) -> None:
        value = filled(step.value, image.variables)
        if step.instruction in WRITING:
            self._log(f"{step.instruction} {' '.join(step.value.split())}")
        if step.instruction == "WORKDIR":
            image.folder = posixpath.normpath(posixpath.join(image.folder, value))
            image.working_directory.mkdir(parents=True, exist_ok=True)
        elif step.instruction == "ENV":
            image.variables |= {name: filled(it, image.variables) for name, it in pairs(step).items()}
        elif step.instruction == "ARG":
            own = {name: variables.get(name, filled(it, image.variables)) for name, it in pairs(step).items()}
            image.variables |= {name: it for name, it in own.items() if it}
        elif step.instruction in {"COPY", "ADD"}:
            self._copy(step, image)
        elif step.instruction == "RUN":
            await self._run(run_text(step), image)
        elif step.instruction == "CMD":
            image.command = _line(step.value)
        elif step.instruction == "ENTRYPOINT":
            image.entrypoint, image.command = _line(step.value), ""

    def _copy(self, step: Step, image: Image) -> None:
        copy = copy_of(step)
        target = filled(copy.target, image.variables)
        sources = [filled(source, image.variables) for source in copy.sources]
        if copy.origin:
            self._copy_from(copy.origin, sources, target, image)
            return
        for source in sources:
            if "://" in source:
                self.left_out.append(f"{step.instruction} {source}")
                continue
            matches = self._matching(source)
            if not matches:
                name = source.lstrip("/")
                raise ImageFailed(
                    f'error: failed to solve: failed to compute cache key: failed to calculate checksum of ref: "/{name}": not found'
                )
            for match in matches:
                is_folder = match not in self._files
                place = placed(
                    match, target, image.folder, is_folder=is_folder, several=len(matches) + len(sources) > 2
                )
                for path, file in self._files.items():
                    if path == match or (is_folder and (not match or path.startswith(f"{match}/"))):
                        below = path[len(match) :].lstrip("/") if is_folder else ""
                        _put(file, image.root / place.lstrip("/") / below if below else image.root / place.lstrip("/"))

    def _copy_from(self, origin: str, sources: list[str], target: str, image: Image) -> None:
        earlier = self._images.get(origin.lower())
        if earlier is None:
            self.left_out.append(f"COPY --from={origin} {' '.join(sources)}")
            return
        for source in sources:
            start = earlier.root / source.lstrip("/")
            if not start.exists():
                raise ImageFailed(
                    f'error: failed to solve: failed to compute cache key: failed to calculate checksum of ref: "{source}": not found'
                )
            place = placed(source, target, image.folder, is_folder=start.is_dir(), several=len(sources) > 1)
            goal = image.root / place.lstrip("/")
            if start.is_dir():
                shutil.copytree(start, goal, symlinks=True, dirs_exist_ok=True)
            else:
                _put(start, goal)

    def _matching(self, source: str) -> list[str]:
        path = posixpath.normpath(source.lstrip("/") or ".")
        if path == ".":
            return [""]
        folders = {"/".join(file.split("/")[:count]) for file in self._files for count in range(1, file.count("/") + 1)}
        every = [*self._files, *folders]
        if any(sign in path for sign in "*?["):
            return sorted(value for value in every if value.count("/") == path.count("/") and fnmatchcase(value, path))
        return [path] if path in every else []

    async def _run(self, text: str, image: Image) -> None:
        parts = sequence(text) or [text]
        kept = [part.strip() for part in parts if not _is_of_the_system(part)]
        self.left_out += [" ".join(part.split()) for part in parts if _is_of_the_system(part)]
        for folder, commands in _in_their_folders(kept, image):
            status = await self._commands(commands, folder, image)
            if status:
                process = f'process "/bin/sh -c {" ".join(text.split())}"'
                raise ImageFailed(
                    f"error: failed to solve: {process} did not complete successfully: exit code: {status}"
                )

    async def _commands(self, commands: list[str], folder: Path, image: Image) -> int:
        """Run commands one after another, as the shell does: an installation by the cache, all others in the folder; the exit status."""
        command = " && ".join(_placed(each, image) for each in commands)
        home = self._folder / "home"
        home.mkdir(parents=True, exist_ok=True)
        if not folder.is_dir():
            self._log(f"cd: {folder.relative_to(image.root)}: No such file or directory")
            return 1
        if INSTALLS.match(commands[0]):
            scriptless = command if "--ignore-scripts" in command else f"{command} --ignore-scripts"
            return await caches.install(folder, scriptless, self._machine, home, self._log)
        layer = caches.Layer(image.root, f"{folder.relative_to(image.root)}: {' && '.join(commands)}", image.variables)
        if await layer.restore():
            self._log("The result of an earlier run is used: the same files, variables and command.")
            return 0
        status = await run(command, folder, self._machine.running(image.variables, home), self._log)
        if not status:
            await layer.keep()
        return status


def _in_their_folders(parts: list[str], image: Image) -> list[tuple[Path, list[str]]]:
    """Commands that run together, each installation alone, with the folder to which the `cd`s before have led."""
    start = folder = image.working_directory
    groups: list[tuple[Path, list[str]]] = []
    waiting: list[str] = []
    for part in [*parts, ""]:
        ends = not part or INSTALLS.match(part)
        if ends and any(not CHANGES_FOLDER.fullmatch(each) for each in waiting):
            groups.append((start, waiting))
        if ends and part:
            groups.append((folder, [part]))
        if ends:
            start, waiting = folder, []
            continue
        waiting.append(part)
        if match := CHANGES_FOLDER.fullmatch(part):
            target = match[1].strip("\"'")
            folder = image.root / target.lstrip("/") if target.startswith("/") else folder / target
    return groups


def _is_of_the_system(command: str) -> bool:
    names = {posixpath.basename(name) for name in programs(command)}
    return bool(names & SYSTEM) or bool(PIP.search(command)) or bool(SYSTEM_PATH.search(command))


def _placed(command: str, image: Image) -> str:
    """The command with its absolute paths moved below the folder that stands for the image's root."""
    return ABSOLUTE.sub(f"{image.root}/", command)


def _line(value: str) -> str:
    words = exec_form(value)
    if words is None:
        return value
    return " ".join("'" + word.replace("'", "'\\''") + "'" for word in words)


def _put(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, target)
