"""What a build makes of the uploaded files. None of them is run: a build fails by what its command says, or by a fault."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_FAILING = re.compile(r"\s*(?:exit\s+([1-9]\d*)|(false))\s*")
_PREBUILT = ".vercel/output/"


@dataclass(frozen=True)
class Build:
    """The command, why it fails (None: it doesn't), and the files that it leaves to serve."""

    command: str | None
    exit_status: int
    output: dict[str, bytes]
    prebuilt: bool


def plan(files: Mapping[str, bytes], settings: Mapping[str, Any]) -> Build:
    """Decide a build from the files and the settings that apply (the deployment's own over the project's)."""
    if any(path.startswith(_PREBUILT) for path in files):
        static = _PREBUILT + "static/"
        return Build(None, 0, _below(files, static), prebuilt=True)
    root = (settings.get("rootDirectory") or "").strip("/")
    sources = _below(files, root + "/") if root else dict(files)
    configuration = _json(sources.get("vercel.json"))
    command = configuration.get("buildCommand") or settings.get("buildCommand") or _script(sources)
    directory = configuration.get("outputDirectory") or settings.get("outputDirectory") or "public"
    output = _below(sources, str(directory).strip("/") + "/") or {
        path: content for path, content in sources.items() if path not in {"package.json", "vercel.json"}
    }
    return Build(command, _exit_status(sources, command), output, prebuilt=False)


def _script(sources: Mapping[str, bytes]) -> str | None:
    scripts = _scripts(sources)
    name = next((name for name in ("vercel-build", "build") if scripts.get(name)), None)
    return f"npm run {name}" if name else None


def _scripts(sources: Mapping[str, bytes]) -> dict[str, str]:
    scripts = _json(sources.get("package.json")).get("scripts")
    return {str(key): str(value) for key, value in scripts.items()} if isinstance(scripts, dict) else {}


def _exit_status(sources: Mapping[str, bytes], command: str | None) -> int:
    """The status with which ``command`` ends, as far as can be told without running it: 0 unless it says otherwise."""
    if command is None:
        return 0
    script = re.fullmatch(r"(?:npm|pnpm|yarn)(?: run)? ([\w:-]+)", command.strip())
    text = _scripts(sources).get(script[1], command) if script else command
    for step in re.split(r"&&|;|\n", text):
        failing = _FAILING.fullmatch(step)
        if failing:
            return int(failing[1] or 1)
    return 0


def _below(files: Mapping[str, bytes], folder: str) -> dict[str, bytes]:
    return {path.removeprefix(folder): content for path, content in files.items() if path.startswith(folder)}


def _json(content: bytes | None) -> dict[str, Any]:
    try:
        value = json.loads(content or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
