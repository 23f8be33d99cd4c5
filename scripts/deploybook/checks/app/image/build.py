"""Follows a Dockerfile step by step over the repository's files, and notes what cannot work."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from deploybook.checkout.dockerfile import Stage, Step, copy_of, filled, pairs, placed, run_text, stages
from deploybook.checks.app.commands import npm_run, simple_commands, workspaces
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.image.compiler import compiled
from deploybook.checks.app.image.contents import Contents, Context
from deploybook.guide.shell import Command

INSTALLS = frozenset({"ci", "install", "i"})
LOCKS = {
    "npm": ("package-lock.json", "npm-shrinkwrap.json"),
    "pnpm": ("pnpm-lock.yaml",),
    "yarn": ("yarn.lock",),
    "bun": ("bun.lock", "bun.lockb"),
}
# Commands that make no file that a program of the application starts from.
HARMLESS = re.compile(
    r"apt-get|apt|apk|curl|wget|chmod|chown|mkdir|rm|ln|echo|cd|useradd|addgroup|adduser|groupadd|corepack|"
    r"set|true|test|export|tar|npm|pnpm|yarn|bun|pip|pip3|python3|update-ca-certificates|ls|cat|sh|\[|node"
)
DEPTH = 4


@dataclass(frozen=True)
class Problem:
    """What fails, at which line of the Dockerfile, and how it is put right."""

    line: int
    message: str
    hint: str


@dataclass
class Built:
    """The image as it came to be: its contents, what cannot work, the last CMD and ENTRYPOINT."""

    contents: Contents
    problems: list[Problem] = field(default_factory=list)
    command: Step | None = None
    entrypoint: Step | None = None


class ImageBuild:
    """One build."""

    def __init__(self, context: Context, graph: Graph, content: bytes) -> None:
        self._context, self._graph = context, graph
        self._stages = stages(content)
        self._done: dict[str, Contents] = {}
        self.problems: list[Problem] = []

    def run(self) -> Built:
        """Follow all stages; the last one is the image."""
        built = Built(Contents(), self.problems)
        for number, stage in enumerate(self._stages):
            built = Built(self._begin(stage), self.problems)
            for step in stage.steps:
                self._follow(step, built)
            self._done[str(number)] = built.contents
            self._done[stage.name.lower() or str(number)] = built.contents
        return built

    def _begin(self, stage: Stage) -> Contents:
        earlier = self._done.get(stage.base.lower())
        return earlier.copy() if earlier else Contents()

    def _follow(self, step: Step, built: Built) -> None:
        contents = built.contents
        if step.instruction == "WORKDIR":
            contents.folder = posixpath.normpath(posixpath.join(contents.folder, filled(step.value, contents.values)))
        elif step.instruction in {"ENV", "ARG"}:
            contents.values |= {name: filled(value, contents.values) for name, value in pairs(step).items()}
        elif step.instruction in {"COPY", "ADD"}:
            self._copy(step, contents)
        elif step.instruction == "RUN":
            self._run(run_text(step), contents.folder, contents, step.line, DEPTH)
        elif step.instruction == "CMD":
            built.command = step
        elif step.instruction == "ENTRYPOINT":
            built.entrypoint, built.command = step, None

    def _copy(self, step: Step, contents: Contents) -> None:
        copy = copy_of(step)
        target = filled(copy.target, contents.values)
        if copy.origin:
            self._copy_from(copy.origin, copy.sources, target, contents)
            return
        sources = [filled(source, contents.values) for source in copy.sources if "://" not in source]
        matches = {source: self._context.matching(source) for source in sources}
        patterns = [source for source in sources if any(sign in source for sign in "*?[")]
        lacking = [source for source in sources if not matches[source] and source not in patterns]
        if sources and not lacking and not any(matches.values()):
            lacking = patterns
        for source in lacking:
            ignored = " (.dockerignore leaves it out)" if source.strip("/") in self._context.sources.files else ""
            self._note(
                step.line,
                f"COPY {source}: the build's context has no such file{ignored}.",
                "Correct the path, or add the file.",
            )
        for source in (match for paths in matches.values() for match in paths):
            is_folder = source not in self._context.files
            place = placed(
                source, target, contents.folder, is_folder=is_folder, several=sum(map(len, matches.values())) > 1
            )
            for path in self._context.below(source) if is_folder else [source]:
                below = path[len(source) :].lstrip("/") if is_folder else ""
                contents.files[posixpath.join(place, below) if below else place] = path

    def _copy_from(self, origin: str, sources: tuple[str, ...], target: str, contents: Contents) -> None:
        stage = self._done.get(origin.lower())
        if stage is None:
            contents.open = True
            return
        contents.open |= stage.open
        for source in sources:
            start = posixpath.normpath(posixpath.join("/", source))
            for path, made_of in stage.files.items():
                if path == start or path.startswith(f"{start.rstrip('/')}/"):
                    is_folder = path != start
                    place = placed(start, target, contents.folder, is_folder=is_folder, several=len(sources) > 1)
                    contents.files[posixpath.join(place, path[len(start) :].lstrip("/")) if is_folder else place] = (
                        made_of
                    )
            for folder, names in stage.packages.items():
                if start in {folder, posixpath.join(folder, "node_modules")}:
                    kept = (
                        posixpath.dirname(posixpath.normpath(posixpath.join(contents.folder, target)))
                        if start != folder
                        else posixpath.normpath(posixpath.join(contents.folder, target))
                    )
                    contents.packages.setdefault(kept, set()).update(names)

    def _run(self, text: str, folder: str, contents: Contents, line: int, depth: int) -> None:
        for command in simple_commands(text):
            if command.name == "cd" and command.arguments:
                folder = posixpath.normpath(posixpath.join(folder, filled(command.arguments[0], contents.values)))
            elif (
                command.name in LOCKS
                and INSTALLS & set(command.arguments[:1] or ("install",))
                and (command.name != "npm" or command.arguments)
            ):
                self._install(command, folder, contents, line)
            elif (run := npm_run(command)) is not None:
                self._script(run.script, posixpath.join(folder, run.folder), command, contents, line, depth)
            elif command.name == "tsc":
                self._compile(command, folder, contents)
            elif not HARMLESS.fullmatch(command.name):
                contents.open = True

    def _install(self, command: Command, folder: str, contents: Contents, line: int) -> None:
        names = [word for word in command.arguments[1:] if not word.startswith("-")]
        if "-g" in command.words or "--global" in command.words:
            return
        package = contents.package(self._context.sources, folder)
        command_line = " ".join(command.words)
        if package is None:
            if not contents.open and not names:
                self._note(
                    line, f"{command_line}: {folder} has no package.json at this step.", "Copy it before this step."
                )
            contents.open = True
            return
        if command.arguments[:1] == ("ci",) and not any(
            posixpath.join(folder, lock) in contents.files for lock in LOCKS["npm"]
        ):
            self._note(
                line,
                f"{command_line}: {folder} has no package-lock.json at this step.",
                "Copy it together with package.json.",
            )
        wanted = workspaces(command) if command.name == "npm" else []
        members = self._members(package, folder, contents)
        if not wanted:
            self._add(command, package, folder, contents, names)
            for place in members.values():
                self._add(command, contents.package(self._context.sources, place) or {}, folder, contents, [])
        for name in wanted:
            named = [place for key, place in members.items() if name in {key, posixpath.basename(place)}]
            if not named:
                has = "has other workspaces." if package.get("workspaces") else "has no workspaces."
                message = f"{command_line}: npm error No workspaces found: --workspace={name}; the package.json in {folder} {has}"
                self._note(line, message, "Install in the root without --workspace, or declare the workspace there.")
            # Whatever it was that was meant: from here on it counts as installed, so that what lies behind is seen too.
            inner = contents.package(self._context.sources, named[0] if named else posixpath.join(folder, name))
            self._add(command, inner or {}, folder, contents, [])

    def _add(
        self, command: Command, package: dict[str, object], folder: str, contents: Contents, names: list[str]
    ) -> None:
        dependencies = package.get("dependencies") or {}
        development = package.get("devDependencies") or {}
        optional = package.get("optionalDependencies") or {}
        options = set(command.arguments)
        shortened = bool(options & {"--omit=dev", "--production", "--prod", "-P", "--only=production"})
        with_development = not shortened and (
            contents.values.get("NODE_ENV") != "production" or bool(options & {"--include=dev", "--production=false"})
        )
        kept = contents.packages.setdefault(folder, set())
        kept |= {*dependencies, *optional, *(name.rpartition("@")[0] or name for name in names)}  # type: ignore[misc]
        if with_development:
            kept |= set(development)  # type: ignore[call-overload]
        else:
            kept -= set(development) - set(dependencies)  # type: ignore[call-overload]
            contents.left_out.setdefault(folder, set()).update(set(development) - set(dependencies))  # type: ignore[call-overload]

    def _members(self, package: dict[str, object], folder: str, contents: Contents) -> dict[str, str]:
        """The workspaces of a package.json that are in the image, by name."""
        declared = package.get("workspaces") or []
        patterns = declared.get("packages", []) if isinstance(declared, dict) else declared
        members = {}
        for path in contents.files:
            if posixpath.basename(path) == "package.json" and isinstance(patterns, list):
                place = posixpath.dirname(path)
                below = posixpath.relpath(place, folder)
                if any(_fits(below, str(pattern)) for pattern in patterns):
                    inner = contents.package(self._context.sources, place) or {}
                    members[str(inner.get("name") or below)] = place
        return members

    def _script(self, script: str, folder: str, command: Command, contents: Contents, line: int, depth: int) -> None:
        folder = posixpath.normpath(folder)
        package = contents.package(self._context.sources, folder)
        if package is None:
            if not contents.open:
                self._note(
                    line,
                    f"{' '.join(command.words)}: {folder} has no package.json at this step.",
                    "Copy it before this step.",
                )
            contents.open = True
            return
        text = (package.get("scripts") or {}).get(script)
        if text is None:
            message = f'{" ".join(command.words)}: npm error Missing script: "{script}"; the package.json in {folder} has no such script.'
            self._note(line, message, "Add the script, or run another.")
        elif depth:
            self._run(str(text), folder, contents, line, depth - 1)

    def _compile(self, command: Command, folder: str, contents: Contents) -> None:
        words = list(command.arguments)
        project = (
            words[words.index(next(word for word in words if word in {"-p", "--project"})) + 1]
            if {"-p", "--project"} & set(words[:-1])
            else ""
        )
        made = contents.files.get(posixpath.join(folder, project or "tsconfig.json"))
        if not made:
            contents.open = True
            return
        home = posixpath.dirname(made)
        result = compiled(self._context.sources, self._graph, home, posixpath.basename(made))
        for path, source in (result.outputs if result else {}).items():
            base = posixpath.dirname(posixpath.join(folder, project or "tsconfig.json"))
            place = posixpath.normpath(posixpath.join(base, posixpath.relpath(path, home or ".")))
            contents.files[place] = f"tsc:{source}"

    def _note(self, line: int, message: str, hint: str) -> None:
        self.problems.append(Problem(line, message, hint))


def _fits(path: str, pattern: str) -> bool:
    return fnmatchcase(path, pattern.removeprefix("./").rstrip("/"))
