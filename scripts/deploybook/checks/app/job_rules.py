"""Jobs that the web app hands to the worker: put into the queue too early, or done by both."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tree_sitter import Node

from deploybook.checks.app.comparison import Compared, listed
from deploybook.checks.app.connection_rules import CLIENTS
from deploybook.checks.app.routes import declaration
from deploybook.checks.app.syntax import FUNCTIONS, SUFFIXES, ancestors, line, text
from deploybook.checks.finding import Finding, Severity

DECLARATIONS = "(variable_declarator name: (identifier) value: (_)) @node"
CALLS = "(call_expression) @node"
CREATES = re.compile(r"^(create|add|enqueue|insert|submit)(Job|Task)?$")
STORES = re.compile(r"^(put|upload|putObject|uploadFile|save)$")
# What runs after the answer: Next.js's `after`, Vercel's `waitUntil`.
AFTER = frozenset({"after", "unstable_after", "waitUntil"})
# A job that is created as taken, or that is marked before it is begun, is nobody else's.
MARKED = re.compile(r"""["'](processing|running|uploading|claimed|in_progress)["']""")


@dataclass(frozen=True)
class Made:
    """A job that a route makes: the variable that holds it, the call, and the function around."""

    name: str
    call: Node
    around: Node


def early_jobs(compared: Compared) -> Iterator[Finding]:
    """A job that the worker can claim before what it needs is stored."""
    for path in sorted({route.file for route in compared.app.traffic.routes}):
        for made in _made(compared, path):
            if MARKED.search(text(made.call)):
                continue
            late = next((call for call in _after(compared, path, made) if _stores_for(call, made)), None)
            if late is not None:
                message = f"The job is in the queue before {text(late.child_by_field_name('function'))} has stored what it needs: "
                message += "a worker that claims it at once fails."
                hint = "Store it first, under an id of its own, or create the job with a status that the worker does not claim."
                yield Finding(
                    path, line(made.call), "app-job-early", message, hint, Severity.WARNING, ((path, line(late)),)
                )


def doubled_jobs(compared: Compared) -> Iterator[Finding]:
    """A job that the web app runs itself, after its answer, and that the worker claims too."""
    for path in sorted({route.file for route in compared.app.traffic.routes}):
        lines, names = set[int](), set[str]()
        for made in _made(compared, path):
            for call in _after(compared, path, made):
                if text(call.child_by_field_name("function")) not in AFTER:
                    continue
                code = _run_by(compared, path, call)
                both = _called(code) & _of_the_worker(compared)
                passed = re.search(rf"\b{re.escape(made.name)}\b", text(call)) is not None
                if passed and both and not MARKED.search(code):
                    lines.add(line(call))
                    names |= both
        if lines:
            message = f"The web app runs {listed(sorted(names))} for its job itself, after its answer, and the worker claims the same job: "
            message += "both may do it."
            hint = "Mark the job as taken before it is run here, or leave it to the worker."
            first, *rest = sorted(lines)
            others = tuple((path, number) for number in rest)
            yield Finding(path, first, "app-job-twice", message, hint, Severity.WARNING, others, tuple(sorted(names)))


def _made(compared: Compared, path: str) -> Iterator[Made]:
    """`const job = await store.create(…)`, with a store that the worker has too."""
    if compared.app.worker is None or not path.endswith(SUFFIXES):
        return
    syntax = compared.app.graph.syntax(path)
    for node in syntax.nodes(DECLARATIONS):
        value = node.child_by_field_name("value")
        call = value.named_children[0] if value is not None and value.type == "await_expression" else None
        function = call.child_by_field_name("function") if call is not None else None
        around = next((it for it in ancestors(node) if it.type in FUNCTIONS), None)
        if call is None or function is None or around is None or function.type != "member_expression":
            continue
        creates = CREATES.match(text(function.child_by_field_name("property")))
        if creates and _is_shared(compared, path, function.child_by_field_name("object")):
            yield Made(text(node.child_by_field_name("name")), call, around)


def _is_shared(compared: Compared, path: str, store: Node | None) -> bool:
    """Whether a store is, or comes from, a module that the worker runs too."""
    name = text(store)
    declared = declaration(compared.app.graph.syntax(path), name) if re.fullmatch(r"\w+", name) else store
    words = re.findall(r"\w+", text(declared) if declared is not None else name)
    bindings, graph = compared.app.graph.script(path).bindings, compared.app.graph
    sources = (graph.resolver.resolve(path, bindings[word][1]) for word in {name, *words} & set(bindings))
    return any(_leads_to_the_worker_s(compared, source) for source in sources if source)


def _leads_to_the_worker_s(compared: Compared, source: str) -> bool:
    """Whether a module is the worker's too, or leads to a connection that is."""
    worker = compared.app.worker
    common = compared.app.graph.reachable([source]) & worker.files if worker else set()
    return source in common or any(CLIENTS.search(compared.app.sources.text(path)) for path in common)


def _after(compared: Compared, path: str, made: Made) -> Iterator[Node]:
    """The calls in the same function that stand after the job was made."""
    for call in compared.app.graph.syntax(path).nodes(CALLS):
        if made.call.end_byte <= call.start_byte < made.around.end_byte:
            yield call


def _stores_for(call: Node, made: Made) -> bool:
    """Whether something is stored under a name that comes from the job."""
    function = call.child_by_field_name("function")
    if function is None or not STORES.match(text(function.child_by_field_name("property"))):
        return False
    words = set(re.findall(r"\w+", text(call.child_by_field_name("arguments"))))
    if made.name in words:
        return True
    derived = re.findall(rf"(?:const|let)\s+(\w+)\s*=[^;\n]*\b{re.escape(made.name)}\b", text(made.around))
    return bool(words & set(derived))


def _run_by(compared: Compared, path: str, call: Node) -> str:
    """The code that a call of `after` runs: its own, and the functions of the file that it names."""
    syntax = compared.app.graph.syntax(path)
    code = text(call)
    functions = {text(node.child_by_field_name("name")): node for node in syntax.nodes("(function_declaration) @node")}
    named = {word: functions[word] for word in re.findall(r"\w+", code) if word in functions}
    arrows = [
        value
        for word in set(re.findall(r"\w+", code))
        if (value := declaration(syntax, word)) and value.type in FUNCTIONS
    ]
    return "\n".join([code, *(text(node) for node in named.values()), *(text(node) for node in arrows)])


def _called(code: str) -> set[str]:
    return set(re.findall(r"(?<![.\w])(\w+)\((?!\))", code))


def _of_the_worker(compared: Compared) -> set[str]:
    """The functions that files of the worker's alone define or import, and call."""
    worker, web = compared.app.worker, compared.app.web
    if worker is None:
        return set()
    names: set[str] = set()
    for path in worker.files - (web.files if web else frozenset()):
        script = compared.app.graph.script(path)
        local = {
            name
            for name, (_, specifier) in script.bindings.items()
            if compared.app.graph.resolver.resolve(path, specifier)
        }
        names |= local & _called(text(compared.app.graph.syntax(path).root))
    return names
