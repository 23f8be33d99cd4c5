"""Where programs begin: the files that Next.js calls by itself, and those that a command names."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Iterable
from typing import Any

from deploybook.checks.app.commands import npm_run, simple_commands
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.sources import Sources
from deploybook.checks.app.syntax import SUFFIXES

# Next.js, "File-system conventions": in the app folder, in the pages folder, and beside them.
ROUTED = re.compile(
    r"(page|layout|route|template|loading|error|global-error|not-found|global-not-found|forbidden|unauthorized|default|sitemap|robots"
    r"|manifest|(apple-)?icon\d*|opengraph-image\d*|twitter-image\d*)"
)
BESIDE = re.compile(r"(middleware|proxy|instrumentation|instrumentation-client|mdx-components|next\.config)")
TESTS = re.compile(r"(^|/)(__tests__|__mocks__|tests?|e2e|cypress|playwright)/|\.(test|spec|stories|d)\.[cm]?[jt]sx?$")
# What Vercel runs of package.json when it builds; each has its pre and post.
BUILD = ("install", "build", "vercel-build")
BUILT = frozenset({"dist", "build", "out", "lib", ".build"})
FOLDERS_OF_SOURCES = ("", "src")


def of_next(sources: Sources, root: str) -> list[str]:
    """The files that Next.js calls in the app at ``root``, and those that its build runs."""
    start = f"{root}/" if root else ""
    result = []
    for path in sources.matching(root, *SUFFIXES):
        if TESTS.search(path):
            continue
        folder, _, name = path.removeprefix(start).removeprefix("src/").rpartition("/")
        stem = posixpath.splitext(name)[0]
        top = folder.partition("/")[0]
        routed = top == "app" and ROUTED.fullmatch(stem)
        if routed or top == "pages" or (not folder and BESIDE.fullmatch(stem)):
            result.append(path)
    return result


def of_build(graph: Graph, sources: Sources, root: str) -> set[str]:
    """The files that the scripts of package.json run when Vercel builds."""
    scripts = package_scripts(sources, root)
    names = [f"{order}{name}" for name in BUILD for order in ("pre", "", "post")]
    return named_by(graph, sources, root, [scripts[name] for name in names if name in scripts])


def named_by(graph: Graph, sources: Sources, folder: str, texts: Iterable[str], *, compiled: bool = False) -> set[str]:
    """The files that commands name, those of package.json's scripts that they run included.

    A command begins in ``folder``; `cd` and npm's `--prefix`, `--workspace` lead elsewhere. Where what runs is ``compiled``, a file
    stands for its source: `dist/worker/index.js` is worker/index.ts.
    """
    entries, waiting, visited = set[str](), [(text, "") for text in texts], set[tuple[str, str]]()
    while waiting:
        text, place = waiting.pop()
        for command in simple_commands(text):
            if command.name == "cd":
                place = posixpath.normpath(posixpath.join(place, *command.arguments[:1]))
                continue
            run = npm_run(command)
            if run is None:
                named = (_file(graph, where, word, compiled) for word in command.words for where in (place, folder))
                entries |= {file for file in named if file}
                continue
            for where in dict.fromkeys((run.folder or place, folder, "")):
                script = package_scripts(sources, where).get(run.script)
                if script is not None and (where, run.script) not in visited:
                    visited.add((where, run.script))
                    waiting.append((script, where))
                if script is not None:
                    break
    return entries


def _file(graph: Graph, folder: str, word: str, compiled: bool) -> str | None:
    path = posixpath.normpath(word.partition("=")[2] or word).lstrip("/")
    if not path.endswith(SUFFIXES):
        return None
    parts = path.split("/")
    # In the image the repository stands in some folder: /app/worker/index.js. What a build names elsewhere may be what it makes.
    tails = ["/".join(parts[start:]) for start in range(len(parts) if compiled or word.startswith("/") else 1)]
    for tail in tails:
        for place in dict.fromkeys(["", folder]):
            path = posixpath.join(place, tail)
            for source in _sources_of(path) if compiled else [path]:
                if file := graph.resolver.file(source):
                    return file
    return None


def _sources_of(path: str) -> list[str]:
    """The file itself, and where its source may stand if it was compiled."""
    parts = path.split("/")
    paths = [path]
    for index, part in enumerate(parts[:-1]):
        if part in BUILT:
            paths += [posixpath.join(*parts[:index], source, *parts[index + 1 :]) for source in FOLDERS_OF_SOURCES]
    return [posixpath.normpath(candidate) for candidate in paths]


def package_scripts(sources: Sources, folder: str) -> dict[str, str]:
    """The scripts of a folder's package.json; none if there is no such file, or it can't be read."""
    path = posixpath.normpath(posixpath.join(folder, "package.json"))
    if path not in sources.files:
        return {}
    try:
        package: dict[str, Any] = json.loads(sources.text(path))
        return {str(name): str(command) for name, command in (package.get("scripts") or {}).items()}
    except (ValueError, AttributeError):
        return {}
