"""What a program made of several files reads: its entry points, all that they import, and the functions that read by name."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from deploybook.checks.app import javascript
from deploybook.checks.app.reads import Read, Reader, ReaderCall
from deploybook.checks.app.resolution import Resolver
from deploybook.checks.app.sources import Sources
from deploybook.checks.app.syntax import Syntax

# A function that reads variables may be passed on by so many index files.
LONGEST_WAY = 4


class Graph:
    """The JavaScript and TypeScript of one repository; each file is read once, and only if something needs it."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self.resolver = Resolver(sources)
        self.script = cache(self._scan)
        self.syntax = cache(self._parse)

    def _scan(self, path: str) -> javascript.Script:
        return javascript.scan(path, self._sources.content(path), self.syntax(path))

    def _parse(self, path: str) -> Syntax:
        return Syntax(path, self._sources.content(path))

    def reachable(self, entries: Iterable[str]) -> set[str]:
        """The entry points and every file that they lead to."""
        result: set[str] = set()
        waiting = list(entries)
        while waiting:
            path = waiting.pop()
            if path not in result:
                result.add(path)
                resolved = (self.resolver.resolve(path, specifier) for specifier in self.script(path).imports)
                waiting += [file for file in resolved if file]
        return result

    def reads(self, paths: Iterable[str]) -> list[Read]:
        """What these files read, each in its own place."""
        files = []
        for path in paths:
            script = self.script(path)
            files += script.accesses.reads
            for call in script.accesses.calls:
                reader = self._reader(path, script, call)
                files += reader.reads(call, path) if reader else []
        return sorted(set(files))

    def _reader(self, path: str, script: javascript.Script, call: ReaderCall) -> Reader | None:
        """The function that is called, if it is one that reads variables by name."""
        if call.function in script.accesses.readers:
            return script.accesses.readers[call.function]
        local, _, member = call.function.partition(".")
        if local not in script.bindings:
            return None
        name, specifier = script.bindings[local]
        if member and name not in {"*", "default"}:
            return None
        source = self.resolver.resolve(path, specifier)
        return self._exported(source, member or name) if source else None

    def _exported(self, path: str, name: str, way: int = LONGEST_WAY) -> Reader | None:
        script = self.script(path)
        readers = script.accesses.readers
        if name in readers:
            return readers[name]
        if name == "default" and len(readers) == 1:
            return next(iter(readers.values()))
        if not way:
            return None
        sources = (self.resolver.resolve(path, specifier) for specifier in script.reexports)
        return next(
            (definition for source in sources if source and (definition := self._exported(source, name, way - 1))), None
        )
