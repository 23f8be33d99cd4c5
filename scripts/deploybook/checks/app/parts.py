"""The application's parts, and what each reads: followed from where each begins, not guessed by folder."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import yaml

from deploybook.checks.app import dockerfile, entries, example, modal, traffic, workflows
from deploybook.checks.app.callers import Callers
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.python import PythonFile
from deploybook.checks.app.reads import Read
from deploybook.checks.app.sources import Sources
from deploybook.checks.app.syntax import SUFFIXES

# A string of Python, as far as it can be the path of a program.
STRING = re.compile(r"""["']([\w./-]+\.[cm]?[jt]sx?)["']""")
MODAL_FOLDER = "modal_app"
WORKER_FILE = "worker/Dockerfile"
SCRIPTS = "scripts"
NEXT_CONFIGURATION = "next.config"
WEB_ROOTS = ("", "apps/web", "web")
PLACES = {"web app": "app", "worker": WORKER_FILE, "render app": MODAL_FOLDER, "deploy workflow": workflows.FOLDER}


@dataclass(frozen=True)
class Part:
    """One part of the application; ``home`` is the file that stands for it. ``provided`` are variables that it sets itself."""

    title: str
    consumer: str
    home: str
    reads: tuple[Read, ...] = ()
    provided: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()
    # What its own files set for a variable: in the image, in `.env.production`.
    preset: tuple[Read, ...] = ()
    # The folder that it is built in.
    root: str = ""


@dataclass
class Application:
    """All of it. ``absent`` names the parts that are not there, ``unreadable`` the files that can't be read, with what is wrong."""

    sources: Sources
    graph: Graph
    web: Part | None = None
    worker: Part | None = None
    modal: modal.ModalApp | None = None
    modal_home: str = ""
    # What the programs read that the render app starts in its container: scripts of the repository.
    modal_programs: frozenset[str] = frozenset()
    started_in_modal: tuple[Read, ...] = ()
    workflows: dict[str, workflows.Workflow] = field(default_factory=dict)
    scripts: tuple[Read, ...] = ()
    example: list[Read] = field(default_factory=list)
    traffic: traffic.Traffic = field(default_factory=traffic.Traffic)
    absent: list[tuple[str, str]] = field(default_factory=list)
    unreadable: list[tuple[str, int, str]] = field(default_factory=list)

    @cached_property
    def callers(self) -> Callers:
        """What judges who calls."""
        return Callers(self.graph)

    @property
    def programs(self) -> list[Part]:
        """The web app and the worker, those that are there."""
        return [part for part in (self.web, self.worker) if part]


def read_application(root: Path) -> Application:
    """Read a repository; runs nothing of it."""
    sources = Sources(root)
    graph = Graph(sources)
    application = Application(sources, graph)
    application.web = _web(sources, graph)
    application.worker = _worker(sources, graph)
    _read_modal(sources, application)
    _read_workflows(sources, application)
    application.modal_programs = _started_in_modal(sources, graph)
    application.started_in_modal = tuple(graph.reads(application.modal_programs))
    application.scripts = _scripts(sources, graph, application)
    files = {path for part in application.programs for path in part.files} | application.modal_programs
    application.traffic = traffic.read(sources, graph, application.web.root if application.web else None, files)
    application.example = example.scan(sources, example.FILE)
    parts = {
        "web app": application.web,
        "worker": application.worker,
        "render app": application.modal,
        "deploy workflow": application.workflows,
    }
    application.absent = [(title, PLACES[title]) for title, part in parts.items() if not part]
    return application


def _web(sources: Sources, graph: Graph) -> Part | None:
    for root in WEB_ROOTS:
        routed = entries.of_next(sources, root)
        if any("/app/" in f"/{path}" or "/pages/" in f"/{path}" for path in routed):
            break
    else:
        return None
    files = graph.reachable({*routed, *entries.of_build(graph, sources, root)})
    configuration = next(
        (path for path in sorted(routed) if posixpath.basename(path).startswith(NEXT_CONFIGURATION)), ""
    )
    preset = example.scan(sources, posixpath.join(root, example.PRODUCTION))
    preset_names = {variable.name for variable in preset} | (
        set(graph.script(configuration).inlined) if configuration else set()
    )
    home = configuration or posixpath.join(root, "package.json")
    home = home if home in sources.files else routed[0]
    reads = tuple(graph.reads(files))
    return Part("web app", "vercel", home, reads, frozenset(preset_names), frozenset(files), tuple(preset), root)


def _worker(sources: Sources, graph: Graph) -> Part | None:
    if WORKER_FILE not in sources.files:
        return None
    image = dockerfile.scan(sources, WORKER_FILE)
    folder = posixpath.dirname(WORKER_FILE)
    built = entries.named_by(graph, sources, folder, image.built)
    files = graph.reachable(built | entries.named_by(graph, sources, folder, image.started, compiled=True))
    image_names = frozenset(variable.name for variable in image.provided)
    reads = (*image.reads, *graph.reads(files))
    return Part("worker", "render", WORKER_FILE, reads, image_names, frozenset(files), image.provided)


def _read_modal(sources: Sources, application: Application) -> None:
    files = []
    for path in sources.matching(MODAL_FOLDER, ".py"):
        if posixpath.basename(path).startswith(("test_", "conftest")):
            continue
        try:
            files.append(PythonFile.scan(path, sources.text(path)))
        except SyntaxError as error:
            application.unreadable.append((path, error.lineno or 1, error.msg))
        application.modal_home = application.modal_home if application.modal_home.endswith("/app.py") else path
    application.modal = modal.scan(files) if application.modal_home else None


def _started_in_modal(sources: Sources, graph: Graph) -> frozenset[str]:
    """The render app may start programs of the repository that its image holds: `["npx", "tsx", "scripts/render.ts"]`."""
    entries = set[str]()
    for path in sources.matching(MODAL_FOLDER, ".py"):
        entries |= {word for word in STRING.findall(sources.text(path)) if word in sources.files}
    return frozenset(graph.reachable(path for path in entries if path.endswith(SUFFIXES)))


def _read_workflows(sources: Sources, application: Application) -> None:
    for path in sources.matching(workflows.FOLDER, ".yml", ".yaml"):
        try:
            application.workflows[path] = workflows.scan(path, sources.text(path))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            application.unreadable.append((path, mark.line + 1 if mark else 1, str(getattr(error, "problem", error))))


def _scripts(sources: Sources, graph: Graph, application: Application) -> tuple[Read, ...]:
    """What the scripts read that belong to no part."""
    taken = {path for part in application.programs for path in part.files}
    paths = [
        path for path in sources.matching(SCRIPTS, *SUFFIXES) if path not in taken and not entries.TESTS.search(path)
    ]
    reads = graph.reads(paths)
    for path in sources.matching(SCRIPTS, ".py"):
        try:
            reads += modal.scan([PythonFile.scan(path, sources.text(path))]).reads
        except SyntaxError as error:
            application.unreadable.append((path, error.lineno or 1, error.msg))
    return tuple(sorted(reads))
