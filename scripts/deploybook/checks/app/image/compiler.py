"""What `tsc` writes: where each source's output goes, and which imports it leaves as they are.

TypeScript handbook, *TSConfig reference*: outDir, rootDir ("the longest common path of all non-declaration input files"), include, paths.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from deploybook.checks.app.graph import Graph
from deploybook.checks.app.resolution import read_settings
from deploybook.checks.app.sources import Sources

INPUTS = (".ts", ".tsx", ".mts", ".cts")
OUTPUTS = {".ts": ".js", ".tsx": ".js", ".mts": ".mjs", ".cts": ".cjs"}


@dataclass(frozen=True)
class Compiled:
    """The outputs by their path in the repository, with their sources; ``folder`` is where they are written."""

    outputs: dict[str, str]
    folder: str


def compiled(sources: Sources, graph: Graph, folder: str, project: str = "") -> Compiled | None:
    """What `tsc` in a folder makes; None without a configuration, or with one that emits nothing."""
    path = posixpath.normpath(posixpath.join(folder, project or "tsconfig.json"))
    path = path if path in sources.files else posixpath.join(path, "tsconfig.json")
    if path not in sources.files:
        return None
    home = posixpath.dirname(path)
    settings = read_settings(sources, path)
    options = settings.get("compilerOptions") or {}
    if options.get("noEmit") or options.get("emitDeclarationOnly"):
        return None
    paths = inputs(sources, graph, home, settings)
    root = posixpath.normpath(posixpath.join(home, options["rootDir"])) if "rootDir" in options else _common(paths)
    target = posixpath.normpath(posixpath.join(home, options.get("outDir", "")))
    outputs = {}
    for source in paths:
        stem, suffix = posixpath.splitext(source)
        place = posixpath.relpath(stem, root or ".") if "outDir" in options else posixpath.relpath(stem, target)
        outputs[posixpath.normpath(posixpath.join(target, place + OUTPUTS[suffix]))] = source
    return Compiled(outputs, target)


def inputs(sources: Sources, graph: Graph, home: str, settings: dict[str, Any]) -> set[str]:
    """What the configuration includes, and all that this imports."""
    named = [posixpath.normpath(posixpath.join(home, it)) for it in settings.get("files") or ()]
    patterns = settings.get("include") or (() if named else ("**/*",))
    included = {
        path
        for pattern in patterns
        for path in sources.files
        if path.endswith(INPUTS) and _matches(path, posixpath.normpath(posixpath.join(home, pattern)))
    }
    excluded = [posixpath.normpath(posixpath.join(home, it)) for it in settings.get("exclude") or ("node_modules",)]
    included = {path for path in included if not any(_matches(path, pattern) for pattern in excluded)}
    reached = graph.reachable(path for path in included | set(named) if path in sources.files)
    return {path for path in reached if path.endswith(INPUTS) and not path.endswith(".d.ts")}


def _matches(path: str, pattern: str) -> bool:
    if "**/" in pattern:
        start, _, end = pattern.partition("**/")
        return path.startswith(start) and any(
            fnmatchcase("/".join(path[len(start) :].split("/")[count:]), end or "*")
            for count in range(path.count("/") + 1)
        )
    return fnmatchcase(path, pattern) or path.startswith(f"{pattern.rstrip('*').rstrip('/')}/") or pattern in {".", ""}


def _common(paths: Iterable[str]) -> str:
    folders = [posixpath.dirname(path) for path in paths]
    return posixpath.commonpath(folders) if folders and all(folders) else ""
