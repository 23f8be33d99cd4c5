"""Whether the image's program can start: its file, the aliases that the compiler left in it, the packages that it imports."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from deploybook.checkout.dockerfile import run_text
from deploybook.checks.app.commands import npm_run, simple_commands
from deploybook.checks.app.entries import BUILT
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.image.build import Built, Problem
from deploybook.checks.app.image.packages import package_of
from deploybook.checks.app.sources import Sources
from deploybook.guide.shell import Command

LOADERS = frozenset({"tsx", "ts-node", "ts-node-esm", "esno", "jiti"})
# They make an alias work when the program runs.
ALIASED = ("tsconfig-paths", "module-alias", "tsc-alias", "tspath")
COMPILED = "tsc:"


@dataclass(frozen=True)
class Program:
    """What CMD starts: by node (what was compiled), or by a program that reads TypeScript."""

    runner: str
    file: str
    folder: str
    line: int


def problems(built: Built, sources: Sources, graph: Graph) -> Iterator[Problem]:
    """What keeps the program from starting."""
    step = built.entrypoint or built.command
    if step is None:
        return
    text = run_text(step)
    if built.entrypoint and built.command:
        text = f"{' '.join(_words(text))} {' '.join(_words(run_text(built.command)))}"
    for command in _followed(text, built, sources, step.line):
        if isinstance(command, Problem):
            yield command
        elif program := _program(command, built, step.line):
            yield from _of_program(program, built, sources, graph)


def _followed(text: str, built: Built, sources: Sources, line: int) -> Iterator[Command | Problem]:
    """The commands that run in the end: `npm start` is what package.json says."""
    for command in simple_commands(text):
        run = npm_run(command)
        if run is None:
            yield command
            continue
        folder = posixpath.normpath(posixpath.join(built.contents.folder, run.folder))
        package = built.contents.package(sources, folder)
        if package is None:
            if not built.contents.open:
                yield Problem(
                    line, f"{' '.join(command.words)}: {folder} has no package.json.", "Copy it into the image."
                )
        elif (script := (package.get("scripts") or {}).get(run.script)) is None:
            message = f'{" ".join(command.words)}: npm error Missing script: "{run.script}".'
            yield Problem(line, message, f"Add the script to the package.json in {folder}, or start another.")
        else:
            yield from simple_commands(str(script))


def _program(command: Command, built: Built, line: int) -> Program | None:
    words = list(command.words)
    while words and words[0] in {"exec", "dumb-init", "tini", "--", "npx", "pnpm", "yarn"}:
        words.pop(0)
    if not words or posixpath.basename(words[0]) not in LOADERS | {"node", "bun"}:
        return None
    runner = posixpath.basename(words[0])
    rest, loader = words[1:], ""
    while rest and rest[0].startswith("-"):
        option = rest.pop(0)
        if option in {"-r", "--require", "--import", "--loader"} and rest:
            loader = rest.pop(0)
    if "tsx" in loader or "ts-node" in loader:
        runner = loader.partition("/")[0]
    return Program(runner, rest[0], built.contents.folder, line) if rest and "$" not in rest[0] else None


def _of_program(program: Program, built: Built, sources: Sources, graph: Graph) -> Iterator[Problem]:
    contents = built.contents
    wanted = posixpath.normpath(posixpath.join(program.folder, program.file))
    path = next((candidate for candidate in _candidates(wanted) if candidate in contents.files), None)
    if program.runner in LOADERS:
        left_out = {name for names in contents.left_out.values() for name in names}
        if program.runner in left_out and program.runner not in contents.installed_for(wanted):
            message = f"CMD starts {program.runner}, which the installation leaves out: it is one of devDependencies."
            yield Problem(program.line, message, "Install with the development dependencies, or make it a dependency.")
    if path is None and not contents.open:
        path = _meant(wanted, built)
        yield _absent(program, wanted, path)
    if path is not None and (source := contents.files[path]):
        yield from _imports(program, path, source, built, sources, graph)


def _meant(wanted: str, built: Built) -> str | None:
    """The compiled file that was meant: that of the source which stands where the missing file would without its build folder."""
    stem = [part for part in posixpath.splitext(wanted)[0].split("/") if part not in BUILT]
    outputs = {
        path: posixpath.splitext(made.removeprefix(COMPILED))[0].split("/")
        for path, made in built.contents.files.items()
        if made.startswith(COMPILED)
    }
    return next((path for path, source in sorted(outputs.items()) if stem[-len(source) :] == source), None)


def _absent(program: Program, wanted: str, meant: str | None) -> Problem:
    where = f"; tsc writes {posixpath.relpath(meant, program.folder)}" if meant else ""
    message = f"CMD starts {program.file}, which is not in the image{where}: Error: Cannot find module '{wanted}'."
    return Problem(program.line, message, "Start the file that is there, or build the one that is started.")


def _imports(
    program: Program, path: str, source: str, built: Built, sources: Sources, graph: Graph
) -> Iterator[Problem]:
    is_compiled = source.startswith(COMPILED)
    entry = source.removeprefix(COMPILED)
    reached = graph.reachable([entry])
    if is_compiled:
        yield from _aliases(program, entry, reached, built, sources, graph)
    installed = built.contents.installed_for(path)
    packages = {
        name
        for it in reached
        for name in map(package_of, graph.script(it).imports)
        if name and _is_package(name, it, graph)
    }
    missing = sorted(packages - installed)
    if missing and built.contents.packages and not built.contents.open:
        listed = ", ".join(missing)
        message = (
            f"The program imports {listed}, which the image does not install: Error: Cannot find module '{missing[0]}'."
        )
        yield Problem(
            program.line,
            message,
            "Install the package.json that names them, and its development dependencies if one is among them.",
        )


def _is_package(name: str, importer: str, graph: Graph) -> bool:
    return graph.resolver.resolve(importer, name) is None


def _aliases(
    program: Program, entry: str, reached: set[str], built: Built, sources: Sources, graph: Graph
) -> Iterator[Problem]:
    """Imports by an alias of tsconfig: tsc checks them and leaves them as they are."""
    installed = {name for names in built.contents.packages.values() for name in names}
    scripts = " ".join(
        sources.text(path)
        for path in sources.files
        if posixpath.basename(path) == "package.json" and "node_modules" not in path
    )
    if any(name in installed and name in scripts for name in ALIASED) or '"imports"' in scripts:
        return
    aliased = sorted(
        specifier
        for path in reached
        for specifier in graph.script(path).imports
        if not specifier.startswith(".") and graph.resolver.resolve(path, specifier) is not None
    )
    if aliased:
        message = f"tsc leaves the alias in {len(aliased)} imports of what {entry} leads to: Error: Cannot find module '{aliased[0]}'."
        yield Problem(program.line, message, "Start the source with tsx, bundle it, or import by relative paths.")


def _candidates(path: str) -> list[str]:
    return [path, f"{path}.js", f"{path}/index.js", f"{path}.mjs", f"{path}.cjs", f"{path}.ts"]


def _words(text: str) -> list[str]:
    try:
        words = json.loads(text)
    except ValueError:
        return text.split()
    return [str(word) for word in words] if isinstance(words, list) else text.split()
