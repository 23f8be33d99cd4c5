"""The web app: a deployment's files, installed, built and served as Vercel does.

https://vercel.com/docs/builds/configure-a-build: root directory, install command (by the lock file), build command (`vercel-build`, else
`build` of package.json, else the framework's own).
"""

from __future__ import annotations

import json
import posixpath
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploybook.sandbox.own_app import caches
from deploybook.sandbox.own_app.processes import Log, Machine, run

# Lock file → installation; Vercel takes the same that the lock is of. Scripts of packages would fetch programs from anywhere.
INSTALLS = {
    "package-lock.json": "npm ci --ignore-scripts --no-audit --no-fund",
    "yarn.lock": "yarn install --frozen-lockfile --ignore-scripts",
    "pnpm-lock.yaml": "pnpm install --frozen-lockfile --ignore-scripts",
    "bun.lock": "bun install --frozen-lockfile --ignore-scripts",
}
PLAIN_INSTALL = "npm install --ignore-scripts --no-audit --no-fund"
NEXT_OUTPUT = ".next"
# What a build at Vercel has besides the project's variables.
BUILDING = {"CI": "1", "VERCEL": "1", "NODE_ENV": "production"}


class BuildFailed(Exception):
    """The build ended badly; says how, as Vercel does."""


class WebBuild:
    """One deployment's build in a folder of its own."""

    def __init__(self, machine: Machine, folder: Path, files: Mapping[str, bytes], settings: Mapping[str, Any]) -> None:
        self._machine = machine
        self._home = folder / "home"
        self._all = folder / "files"
        self._files = files
        self._settings = settings
        root = str(settings.get("rootDirectory") or "").strip("/")
        self.folder = self._all / root
        self._root = root

    async def run(self, variables: Mapping[str, str], log: Log) -> None:
        """Write the files, install and build. Raises BuildFailed."""
        self._write()
        if not self.folder.is_dir():
            raise BuildFailed(f'The specified Root Directory "{self._root}" does not exist.')
        package = self._json("package.json")
        if not package:
            return
        configuration = self._json("vercel.json")
        await self._step(self._install_command(configuration), log, installs=True, variables={})
        command = configuration.get("buildCommand") or self._settings.get("buildCommand") or _build_script(package)
        if not command:
            return
        build = caches.Build(self._files, str(command), variables, NEXT_OUTPUT)
        if await build.restore(self.folder):
            log(
                "Restored the build of an earlier run: the same files and names of variables. This run's values were put in."
            )
            return
        await self._step(str(command), log, installs=False, variables=variables)
        if (self.folder / NEXT_OUTPUT).is_dir():
            await build.keep(self.folder)

    def serves(self) -> bool:
        """Whether there is a server to start: `next start`, or the project's own `start`."""
        package = self._json("package.json")
        return "next" in (package.get("dependencies") or {}) or "start" in (package.get("scripts") or {})

    def start_command(self, port: int) -> str:
        """What serves the build on a port of loopback."""
        package = self._json("package.json")
        if "next" in (package.get("dependencies") or {}):
            return f"exec node_modules/.bin/next start --hostname 127.0.0.1 --port {port}"
        return "exec npm run start"

    def environment(self, variables: Mapping[str, str], port: int) -> dict[str, str]:
        """What the server sees."""
        return self._machine.running({**BUILDING, **variables, "PORT": str(port), "HOSTNAME": "127.0.0.1"}, self._home)

    async def _step(self, command: str, log: Log, *, installs: bool, variables: Mapping[str, str]) -> None:
        log(f'Running "{command}"')
        if installs:
            status = await caches.install(self.folder, command, self._machine, self._home, log)
        else:
            env = self._machine.running({**BUILDING, **variables}, self._home)
            status = await run(command, self.folder, env, log)
        if status:
            raise BuildFailed(f'Command "{command}" exited with {status}')

    def _install_command(self, configuration: Mapping[str, Any]) -> str:
        own = configuration.get("installCommand") or self._settings.get("installCommand")
        commands = (command for lock, command in INSTALLS.items() if (self.folder / lock).is_file())
        return str(own or next(commands, PLAIN_INSTALL))

    def _write(self) -> None:
        shutil.rmtree(self._all, ignore_errors=True)
        self._home.mkdir(parents=True, exist_ok=True)
        for path, content in self._files.items():
            target = self._all / posixpath.normpath(path)
            if target.resolve().is_relative_to(self._all.resolve()):
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)

    def _json(self, name: str) -> dict[str, Any]:
        try:
            value = json.loads((self.folder / name).read_text())
        except (OSError, ValueError):
            return {}
        return value if isinstance(value, dict) else {}


def _build_script(package: Mapping[str, Any]) -> str | None:
    scripts = package.get("scripts") or {}
    name = next((name for name in ("vercel-build", "build") if scripts.get(name)), None)
    return f"npm run {name}" if name else None
