"""Which file of the repository an import means: relative paths, and the aliases of the nearest tsconfig.json or jsconfig.json."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import cache
from typing import Any

import json5

from deploybook.checks.app.sources import Sources
from deploybook.checks.app.syntax import SUFFIXES

CONFIGURATIONS = ("tsconfig.json", "jsconfig.json")
# TypeScript lets an import name the file that will be compiled: `./store.js` is store.ts.
COMPILED = {".js": (".ts", ".tsx"), ".jsx": (".tsx",), ".mjs": (".mts",), ".cjs": (".cts",)}


@dataclass(frozen=True)
class Aliases:
    """`compilerOptions.paths` and `baseUrl`, as folders of the repository."""

    patterns: tuple[tuple[str, tuple[str, ...]], ...] = ()
    base: str | None = None

    def targets(self, specifier: str) -> list[str]:
        """The paths that a specifier can mean, the most telling pattern first."""
        paths = []
        for pattern, targets in sorted(self.patterns, key=lambda item: -len(item[0])):
            start, star, end = pattern.partition("*")
            if not star and specifier == pattern:
                paths += list(targets)
            elif star and specifier.startswith(start) and specifier.endswith(end):
                middle = specifier[len(start) : len(specifier) - len(end)]
                paths += [target.replace("*", middle, 1) for target in targets]
        return paths if self.base is None else [*paths, posixpath.join(self.base, specifier)]


class Resolver:
    """The imports of one repository."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._aliases = cache(self._read_aliases)

    def resolve(self, importer: str, specifier: str) -> str | None:
        """The file that ``importer`` means, or None for a package, a style sheet or a file that is not there."""
        folder = posixpath.dirname(importer)
        if specifier.startswith("."):
            return self.file(posixpath.join(folder, specifier))
        return next((path for target in self._aliases(folder).targets(specifier) if (path := self.file(target))), None)

    def meant(self, importer: str, specifier: str) -> str | None:
        """The path in the repository that an import means, without a suffix if it names none; None for a package.

        An alias that fits everything (`*`) says nothing: the import may be a package.
        """
        folder = posixpath.dirname(importer)
        bare = specifier.partition("?")[0]
        if bare.startswith("."):
            path = posixpath.normpath(posixpath.join(folder, bare))
            return None if path.startswith("..") else path
        for pattern, targets in self._aliases(folder).patterns:
            start = pattern.partition("*")[0]
            if start.endswith("/") and bare.startswith(start) and len(targets) == 1:
                path = posixpath.normpath(targets[0].replace("*", bare[len(start) :], 1))
                return None if path.startswith("..") else path
        return None

    def file(self, path: str) -> str | None:
        """The code at a path that may lack its suffix, name a folder, or name the compiled file."""
        path = posixpath.normpath(path)
        stem, suffix = posixpath.splitext(path)
        candidates = [path] if suffix in SUFFIXES else []
        candidates += [stem + other for other in COMPILED.get(suffix, ())]
        candidates += [path + suffix for suffix in SUFFIXES] + [f"{path}/index{suffix}" for suffix in SUFFIXES]
        return next((candidate for candidate in candidates if candidate in self._sources.files), None)

    def _read_aliases(self, folder: str) -> Aliases:
        for name in CONFIGURATIONS:
            path = posixpath.join(folder, name)
            if path in self._sources.files:
                return self._configured(path)
        return self._aliases(posixpath.dirname(folder)) if folder else Aliases()

    def _configured(self, path: str, visited: frozenset[str] = frozenset()) -> Aliases:
        settings = _read(self._sources.text(path))
        options, folder = settings.get("compilerOptions") or {}, posixpath.dirname(path)
        inherited = Aliases()
        extends = settings.get("extends") or []
        for reference in [extends] if isinstance(extends, str) else extends:
            parent = posixpath.normpath(posixpath.join(folder, reference))
            parent = parent if parent.endswith(".json") else f"{parent}.json"
            if parent in self._sources.files and parent not in visited:
                inherited = self._configured(parent, visited | {path})
        base = posixpath.normpath(posixpath.join(folder, options["baseUrl"])) if "baseUrl" in options else None
        start = folder if base is None else base
        patterns = tuple(
            (pattern, tuple(posixpath.join(start, target) for target in targets))
            for pattern, targets in (options.get("paths") or {}).items()
        )
        return Aliases(patterns or inherited.patterns, inherited.base if base is None else base)


def read_settings(sources: Sources, path: str, visited: frozenset[str] = frozenset()) -> dict[str, Any]:
    """A tsconfig with what it inherits by a path (`extends`)."""
    settings = _read(sources.text(path))
    extends = settings.get("extends") or []
    for reference in [extends] if isinstance(extends, str) else extends:
        parent = posixpath.normpath(posixpath.join(posixpath.dirname(path), reference))
        parent = parent if parent.endswith(".json") else f"{parent}.json"
        if parent in sources.files and parent not in visited:
            inherited = read_settings(sources, parent, visited | {path})
            options = {**(inherited.get("compilerOptions") or {}), **(settings.get("compilerOptions") or {})}
            settings = {**inherited, **settings, "compilerOptions": options}
    return settings


def _read(text: str) -> dict[str, Any]:
    """A tsconfig: JSON with comments and commas at the end. One that can't be read has no aliases."""
    try:
        data = json5.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
