"""What is kept between runs: installed packages, and what a build made."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

from deploybook.sandbox.own_app.processes import Log, Machine, cache_folder, run

# What decides which packages an installation brings.
DECIDING = (
    "package.json",
    "package-lock.json",
    "npm-shrinkwrap.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "pnpm-workspace.yaml",
    "bun.lock",
    ".npmrc",
)
MODULES = "node_modules"
# A value that is shorter could stand in a build by chance.
SHORTEST = 8
TEXTS = (".js", ".mjs", ".cjs", ".json", ".html", ".rsc", ".body", ".meta", ".txt", ".css", ".map")


async def install(folder: Path, command: str, machine: Machine, home: Path, log: Log) -> int:
    """Install packages in a folder, or take them from the last time that the same files asked for them; the exit status."""
    key = _digest([command, *await _version(machine, home), *_deciding(folder)])
    kept = cache_folder() / f"modules-{key}"
    if kept.is_dir():
        log(f"Installed packages of an earlier run are used ({kept.name}).")
        for modules in _modules(kept):
            await _link(modules, folder / modules.relative_to(kept))
        return 0
    status = await run(command, folder, machine.installing(home), log)
    if status == 0:
        fresh = kept.with_suffix(f".{os.getpid()}")
        for modules in _modules(folder):
            await _link(modules, fresh / modules.relative_to(folder))
        if fresh.is_dir() and not kept.exists():
            fresh.rename(kept)
    return status


class Build:
    """The output of one build: of these files, by this command, with variables of these names.

    Addresses and tokens of the sandbox differ from run to run; they are put in where an earlier run's stood.
    """

    def __init__(self, files: Mapping[str, bytes], command: str, variables: Mapping[str, str], output: str) -> None:
        self._variables = dict(variables)
        self._output = output
        contents = (f"{path}\0{hashlib.sha256(content).hexdigest()}" for path, content in sorted(files.items()))
        self._kept = cache_folder() / f"build-{_digest([command, output, *sorted(variables), *contents])}"

    async def restore(self, folder: Path) -> bool:
        """Put the output of an earlier run into a folder; False if there is none."""
        record = self._kept / "variables.json"
        if not record.is_file():
            return False
        await asyncio.to_thread(shutil.copytree, self._kept / "output", folder / self._output, symlinks=True)
        earlier: dict[str, str] = json.loads(record.read_text())
        changed = {
            old: self._variables[name]
            for name, old in earlier.items()
            if len(old) >= SHORTEST and old != self._variables.get(name)
        }
        await asyncio.to_thread(_replace, folder / self._output, changed)
        return True

    async def keep(self, folder: Path) -> None:
        """Keep what was built, for the next run."""
        fresh = self._kept.with_suffix(f".{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        ignored = shutil.ignore_patterns("cache")
        await asyncio.to_thread(shutil.copytree, folder / self._output, fresh / "output", symlinks=True, ignore=ignored)
        (fresh / "variables.json").touch(mode=0o600)
        (fresh / "variables.json").write_text(json.dumps(self._variables))
        if not self._kept.exists():
            fresh.rename(self._kept)


class Layer:
    """What one command changed below a folder: its result for the same files, variables and command, as an image builder keeps it.

    Installed packages count by what decides them, which lies beside them.
    """

    def __init__(self, root: Path, command: str, variables: Mapping[str, str]) -> None:
        self._root = root
        self._before = _stamps(root)
        contents = (
            f"{path}\0{hashlib.sha256((root / path).read_bytes()).hexdigest()}"
            for path in sorted(self._before)
            if MODULES not in Path(path).parts and not (root / path).is_symlink()
        )
        values = (f"{name}={value}" for name, value in sorted(variables.items()))
        self._kept = cache_folder() / f"layer-{_digest([command, *values, *contents])}"

    async def restore(self) -> bool:
        """Put an earlier result into the folder; False if there is none."""
        record = self._kept / "deleted.json"
        if not record.is_file():
            return False
        await asyncio.to_thread(shutil.copytree, self._kept / "files", self._root, symlinks=True, dirs_exist_ok=True)
        for path in json.loads(record.read_text()):
            (self._root / path).unlink(missing_ok=True)
        return True

    async def keep(self) -> None:
        """Keep what is new, changed or gone, for the next run."""
        after = _stamps(self._root)
        fresh = self._kept.with_suffix(f".{os.getpid()}")
        shutil.rmtree(fresh, ignore_errors=True)
        (fresh / "files").mkdir(parents=True)
        for path in [path for path, stamp in after.items() if self._before.get(path) != stamp]:
            target = fresh / "files" / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(self._root / path, target, follow_symlinks=False)
        (fresh / "deleted.json").write_text(json.dumps(sorted(self._before.keys() - after.keys())))
        if not self._kept.exists():
            fresh.rename(self._kept)


def _stamps(root: Path) -> dict[str, tuple[int, int]]:
    """Each file below a folder with its time of change and its size."""
    stamps = {}
    for place, folders, names in os.walk(root):
        links = [name for name in folders if (Path(place) / name).is_symlink()]
        for name in [*names, *links]:
            path = Path(place) / name
            status = path.lstat()
            stamps[path.relative_to(root).as_posix()] = (status.st_mtime_ns, status.st_size)
    return stamps


def duplicate(source: Path, target: Path) -> None:
    """A copy of a folder in which installed packages are the same on disk."""

    def copy(path: str, goal: str) -> None:
        (_hard_link if f"/{MODULES}/" in path else shutil.copy2)(path, goal)

    shutil.copytree(source, target, symlinks=True, copy_function=copy, dirs_exist_ok=True)


def _replace(folder: Path, values: Mapping[str, str]) -> None:
    pairs = [(old.encode(), new.encode()) for old, new in sorted(values.items(), key=lambda pair: -len(pair[0]))]
    for path in folder.rglob("*") if pairs else ():
        if path.suffix in TEXTS and path.is_file():
            content = changed = path.read_bytes()
            for old, new in pairs:
                changed = changed.replace(old, new)
            if changed != content:
                path.write_bytes(changed)


def _deciding(folder: Path) -> Iterable[str]:
    for path in sorted(folder.rglob("*")):
        if path.name in DECIDING and MODULES not in path.parts:
            yield f"{path.relative_to(folder)}\0{hashlib.sha256(path.read_bytes()).hexdigest()}"


def _modules(folder: Path) -> list[Path]:
    """The node_modules folders that lie in no other one."""
    entries = []
    for place, folders, _ in os.walk(folder):
        if MODULES in folders:
            entries.append(Path(place) / MODULES)
        folders[:] = [name for name in folders if name not in {MODULES, ".git", ".next"}]
    return entries


async def _link(source: Path, target: Path) -> None:
    """A copy whose files are the same on disk: an installation is never written to again."""
    target.parent.mkdir(parents=True, exist_ok=True)
    await asyncio.to_thread(shutil.copytree, source, target, symlinks=True, copy_function=_hard_link)


def _hard_link(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


async def _version(machine: Machine, home: Path) -> list[str]:
    lines: list[str] = []
    await run("node --version", machine.directory, machine.installing(home), lines.append)
    return lines


def _digest(parts: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:20]
