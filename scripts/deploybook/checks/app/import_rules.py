"""Imports of files that are not there: what builds or type-checks the file that imports them fails."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from pathspec import GitIgnoreSpec

from deploybook.checks.app.comparison import Compared
from deploybook.checks.app.entries import TESTS
from deploybook.checks.app.image.compiler import inputs
from deploybook.checks.app.resolution import CONFIGURATIONS, read_settings
from deploybook.checks.app.routes import code
from deploybook.checks.app.sources import SKIPPED
from deploybook.checks.app.syntax import SUFFIXES, line, literal
from deploybook.checks.finding import Finding

RULE = "app-import-absent"
IMPORTS = """
(import_statement source: (string) @node)
(export_statement source: (string) @node)
(call_expression function: (import) arguments: (arguments . (string) @node))
"""
# Folders whose files a generator writes before the build.
GENERATED = frozenset({"generated", "__generated__", ".prisma", "gen"})


def absent_imports(compared: Compared) -> Iterator[Finding]:
    """Modules of the repository that are imported and are not there, or that .vercelignore keeps from the build."""
    left_out = _left_out(compared)
    deployed = compared.app.sources.files - left_out
    built = {path for part in compared.app.programs for path in part.files}
    places: dict[str, list[tuple[str, int]]] = {}
    for path in sorted((built | _type_checked(compared)) & deployed):
        if not path.endswith(SUFFIXES):
            continue
        of_the_web_app = compared.app.web is not None and path in compared.app.web.files
        for node in compared.app.graph.syntax(path).nodes(IMPORTS):
            target = compared.app.graph.resolver.meant(path, literal(node) or "")
            ignored = of_the_web_app and _resolved(compared, path, literal(node) or "") in left_out
            if target and (ignored or not _is_there(target, compared.app.sources.files)):
                places.setdefault(target, []).append((path, line(node)))
    for target, (first, *others) in sorted(places.items()):
        who = "imported by what is built" if any(path in built for path, _ in (first, *others)) else "imported"
        reason = "there is no such file: the build fails"
        if _is_there(target, compared.app.sources.files):
            reason = ".vercelignore leaves it out: next build fails"
        elif who == "imported":
            reason = "there is no such file: next build type-checks the file that imports it, and fails"
        hint = "Add the file, or take out what imports it."
        yield Finding(*first, RULE, f"{target} is {who}, and {reason}.", hint, others=tuple(others), subjects=(target,))


def _resolved(compared: Compared, path: str, specifier: str) -> str:
    return compared.app.graph.resolver.resolve(path, specifier) or ""


def _left_out(compared: Compared) -> frozenset[str]:
    """The files that .vercelignore keeps from Vercel."""
    sources = compared.app.sources
    if ".vercelignore" not in sources.files:
        return frozenset()
    ignored = GitIgnoreSpec.from_lines(sources.text(".vercelignore").splitlines())
    return frozenset(path for path in sources.files if ignored.match_file(path))


def _type_checked(compared: Compared) -> set[str]:
    """What `next build` type-checks beside what it bundles: all that tsconfig.json includes."""
    web, sources = compared.app.web, compared.app.sources
    configuration = posixpath.join(web.root, CONFIGURATIONS[0]) if web else ""
    if web is None or configuration not in sources.files:
        return set()
    if web.home.endswith(SUFFIXES) and "ignoreBuildErrors" in code(compared.app.graph.syntax(web.home)):
        return set()
    paths = inputs(sources, compared.app.graph, web.root, read_settings(sources, configuration))
    return {path for path in paths if not TESTS.search(path)}


def _is_there(target: str, files: frozenset[str]) -> bool:
    """Whether a path is a file with any suffix, or a folder; or one that a build or a generator makes."""
    if (SKIPPED | GENERATED) & set(target.split("/")):
        return True
    stem = posixpath.splitext(target)[0]
    starts = (f"{target}.", f"{target}/", f"{stem}.d.", f"{stem}.ts", f"{stem}.tsx", f"{stem}.mts")
    return target in files or target in {"", "."} or any(path.startswith(starts) for path in files)
