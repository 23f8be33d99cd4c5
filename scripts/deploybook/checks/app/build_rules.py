"""What happens when the parts are built: variables inlined too early, modules that the bundler makes promises of, databases changed."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from deploybook.checkout.dockerfile import pairs, run_text, stages
from deploybook.checks.app.commands import simple_commands
from deploybook.checks.app.comparison import Compared, by_name, listed
from deploybook.checks.app.entries import BUILD, package_scripts
from deploybook.checks.app.image.packages import package_of
from deploybook.checks.app.routes import code
from deploybook.checks.app.syntax import literal, text
from deploybook.checks.finding import Finding, Severity

# Next.js leaves these out of its bundle (server-external-packages.jsonc), and their import is asynchronous: they are ES modules.
ASYNCHRONOUS = frozenset({"@libsql/client"})
PAGE = re.compile(r"page\.(tsx|jsx|js|ts)")
CALLS = "(call_expression function: (identifier)) @node"
PUSHES = {
    "drizzle-kit push": "--force",
    "prisma db": "--accept-data-loss",
    "prisma migrate": "reset",
}


def promised_modules(compared: Compared) -> Iterator[Finding]:
    """`require` of a module that imports what the bundler loads asynchronously: it is a promise, and its exports are undefined."""
    web = compared.app.web
    if web is None:
        return
    graph = compared.app.graph
    for path in sorted(web.files):
        if b"require(" not in compared.app.sources.content(path):
            continue
        for node in graph.syntax(path).nodes(
            '(call_expression function: (identifier) @_f arguments: (arguments . (string) @node) (#eq? @_f "require"))'
        ):
            target = graph.resolver.resolve(path, literal(node) or "")
            cause = next((it for it in _asynchronous(compared, target)), None) if target else None
            if cause:
                module, package, line = cause
                message = f"require({text(node)}) is a promise in the bundle, because {module} imports {package}: "
                message += "its exports are undefined (TypeError: a is not a constructor)."
                hint = f"Import it with await import(…), or take {package} by require in {module}."
                yield Finding(
                    path,
                    node.start_point[0] + 1,
                    "app-require-promise",
                    message,
                    hint,
                    others=((module, line),),
                    subjects=(package,),
                )


def _asynchronous(compared: Compared, target: str) -> Iterator[tuple[str, str, int]]:
    graph = compared.app.graph
    for path in sorted(graph.reachable([target])):
        for node in graph.syntax(path).nodes("(import_statement source: (string) @node)"):
            package = package_of(literal(node) or "")
            statement = node.parent
            typed = statement is not None and len(statement.children) > 1 and statement.children[1].type == "type"
            if package in ASYNCHRONOUS and not typed:
                yield path, package, node.start_point[0] + 1


def unbounded_pages(compared: Compared) -> Iterator[Finding]:
    """A page that reads the query in the browser without a Suspense boundary: `next build` can't prerender it, and fails."""
    web = compared.app.web
    for path in sorted(web.files) if web else ():
        folder, name = posixpath.split(path)
        content = compared.app.sources.content(path)
        # A page below a parameter is not made at the build.
        if not PAGE.fullmatch(name) or "[" in folder or b"useSearchParams" not in content:
            continue
        syntax = compared.app.graph.syntax(path)
        calls = [
            node for node in syntax.nodes(CALLS) if text(node.child_by_field_name("function")) == "useSearchParams"
        ]
        bounded = "Suspense" in code(syntax) or "force-dynamic" in code(syntax) or _suspends_above(compared, folder)
        if calls and not bounded:
            message = "useSearchParams() stands in a page without a Suspense boundary: next build fails when it prerenders the page."
            hint = "Move what reads the query into a component of its own, inside <Suspense>."
            yield Finding(path, calls[0].start_point[0] + 1, "app-suspense", message, hint, subjects=(folder,))


def _suspends_above(compared: Compared, folder: str) -> bool:
    """Whether a layout or a loading state around a page is a boundary."""
    while folder:
        for suffix in (".tsx", ".jsx", ".js"):
            layout, loading = f"{folder}/layout{suffix}", f"{folder}/loading{suffix}"
            if loading in compared.app.sources.files:
                return True
            if layout in compared.app.sources.files and "<Suspense" in compared.app.sources.text(layout):
                return True
        folder = posixpath.dirname(folder)
    return False


def forced_pushes(compared: Compared) -> Iterator[Finding]:
    """A build that changes a database, and may drop tables of it."""
    web = compared.app.web
    if web is None:
        return
    scripts = package_scripts(compared.app.sources, web.root)
    path = posixpath.join(web.root, "package.json")
    for name in (f"{order}{each}" for each in BUILD for order in ("pre", "", "post")):
        for command in simple_commands(scripts.get(name, "")):
            forced = PUSHES.get(" ".join(command.words[:2]))
            if forced and forced in command.words:
                line = next(
                    (
                        number
                        for number, content in enumerate(compared.app.sources.text(path).splitlines(), 1)
                        if f'"{name}"' in content
                    ),
                    1,
                )
                message = f"Each build runs {' '.join(command.words)}: it changes the production database, "
                message += "and drops what its schema does not name."
                hint = "Migrate in a step of its own, and never let it see the job database."
                yield Finding(
                    path, line, "app-build-database", message, hint, Severity.WARNING, subjects=(command.name,)
                )


def late_variables(compared: Compared) -> Iterator[Finding]:
    """A public variable that an image inlines when it is built, though it is set only where the image runs."""
    web = compared.app.web
    if web is None:
        return
    public = by_name(read for read in web.reads if read.name.startswith("NEXT_PUBLIC_"))
    in_contract = {variable.name for variable in compared.contract.variables}
    wanted = {name: reads for name, reads in public.items() if name in in_contract and name not in web.provided}
    for path, line, who, has in (*_in_dockerfile(compared), *_in_modal(compared)):
        late = sorted(set(wanted) - has)
        if late:
            message = f"{who} builds the web app without {listed(late)}, which next build inlines: what is set later has no effect."
            hint = "Give the build its value (ARG, or a secret of the build step), or read another name at run time."
            others = tuple((read.path, read.line) for name in late for read in wanted[name])
            yield Finding(path, line, "app-inlined-late", message, hint, Severity.WARNING, others, tuple(late))


def _in_dockerfile(compared: Compared) -> Iterator[tuple[str, int, str, set[str]]]:
    worker = compared.app.worker
    if worker is None:
        return
    for stage in stages(compared.app.sources.content(worker.home)):
        has = set[str]()
        for step in stage.steps:
            if step.instruction in {"ARG", "ENV"}:
                has |= set(pairs(step))
            elif step.instruction == "RUN" and _builds_next(compared, run_text(step)):
                yield worker.home, step.line, "The worker's image", has


def _in_modal(compared: Compared) -> Iterator[tuple[str, int, str, set[str]]]:
    modal = compared.app.modal
    for file in modal.files if modal else ():
        keys = {
            key.value
            for node in ast.walk(file.tree)
            if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Constant)
        }
        for node in ast.walk(file.tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and _builds_next(compared, node.value):
                yield file.path, node.lineno, "The render app's image", {str(name) for name in keys}
                break


def _builds_next(compared: Compared, command: str) -> bool:
    if not re.search(r"(npm|yarn|pnpm) (run )?build(?![\w:-])|next build", command):
        return False
    web = compared.app.web
    if "cd worker" in command or web is None:
        return False
    script = package_scripts(compared.app.sources, web.root).get("build", "")
    return "next build" in command or "next build" in script
