"""Requests against the routes that answer them: called and not there, sent and not accepted, open to anybody."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from tree_sitter import Node

from deploybook.checks.app.comparison import Compared, listed
from deploybook.checks.app.requests import Body, Request
from deploybook.checks.app.routes import Route, matches
from deploybook.checks.app.schemas import Field, Schema
from deploybook.checks.app.syntax import descendants, text
from deploybook.checks.finding import Finding, Severity

STORAGE = re.compile(
    r"@aws-sdk/client-s3|@vercel/blob|@google-cloud/storage|@azure/storage-blob|minio|@supabase/storage-js"
)
FILES = re.compile(r"(node:)?(fs|fs/promises|child_process)")
OPENS = re.compile(
    r"(^|\.)(readFile|readFileSync|createReadStream|open|openSync|copyFile|copyFileSync|readdir|readdirSync|exec|execFile|spawn)$"
)


def absent_routes(compared: Compared) -> Iterator[Finding]:
    """A route of the web app that some part calls and that is not there, or that does not answer the method."""
    routes = compared.app.traffic.routes
    if not routes or compared.app.traffic.rewrites:
        return
    absent: dict[str, list[Request]] = {}
    for request in _to_own_routes(compared):
        path = request.path or ""
        answering = [route for route in routes if matches(route.pattern, path)]
        if not answering:
            # Routes below one folder are missing for one reason.
            absent.setdefault(path.partition("*")[0], []).append(request)
        elif request.method and not any(request.method in route.methods for route in answering):
            message = f"{request.method} {path.replace('*', '…')} is called, and the route answers {listed(sorted(answering[0].methods))}."
            yield _finding(
                [request], "app-route-absent", message, "Add the method, or call one that is there.", subject=path
            )
    for requests in absent.values():
        paths = sorted({(request.path or "").replace("*", "…") for request in requests})
        none = (
            "are called, and there are no such routes." if len(paths) > 1 else "is called, and there is no such route."
        )
        message = f"{listed(paths)} {none}"
        yield _finding(
            requests, "app-route-absent", message, "Add what is missing, or call what is there.", subject=paths[0]
        )


def refused_bodies(compared: Compared) -> Iterator[Finding]:
    """A body that the route refuses: a field that it requires is missing, or a value that it does not know."""
    for request in _to_own_routes(compared):
        route = _answering(compared, request)
        if route is None or request.body is None:
            continue
        method = request.method or "POST"
        if problem := _problem(request.body, route, method):
            yield _finding(
                [request],
                "app-body-refused",
                f"{method} {route.pattern} {problem}",
                f"Send what {route.file} accepts.",
                subject=route.pattern,
            )


def opened_paths(compared: Compared) -> Iterator[Finding]:
    """Routes that open a path which the request names, and ask nobody who calls."""
    for route in compared.app.traffic.routes:
        if not _is_guarded(compared, route) and (call := _opens_what_is_sent(route)):
            opener = text(call.child_by_field_name("function"))
            message = f"{opener} opens a path that the request names, and {route.pattern} asks nobody who calls: "
            message += "anyone can read files of the function."
            hint = "Remove the path from the request, or check who calls."
            line = call.start_point[0] + 1
            yield Finding(route.file, line, "app-route-file", message, hint, subjects=(route.pattern,))


def open_routes(compared: Compared) -> Iterator[Finding]:
    """Routes that reach storage or the file system and ask nobody who calls."""
    open_to_all = [route for route in compared.app.traffic.routes if not _is_guarded(compared, route)]
    reaching = [route for route in open_to_all if _reaches_storage(compared, route)]
    reaching = [route for route in reaching if not compared.accepts("app-route-open", route.pattern, route.file)]
    if reaching:
        count = len(reaching)
        subject = "1 route reaches" if count == 1 else f"{count} routes reach"
        message = f"{subject} storage or the file system without asking who calls: {listed([route.pattern for route in reaching])}."
        first, *others = [(route.file, 1) for route in reaching]
        hint = "Check a session or a secret in middleware, or protect the deployment."
        names = tuple(route.pattern for route in reaching)
        yield Finding(*first, "app-route-open", message, hint, Severity.WARNING, tuple(others), names)


def _problem(body: Body, route: Route, method: str) -> str:
    reads_form, reads_json = "formData()" in route.source, ".json()" in route.source
    if body.kind == "form" and reads_json and not reads_form:
        return "reads JSON, and a form is sent."
    if body.kind == "json" and reads_form and not reads_json:
        return "reads a form, and JSON is sent."
    schema = route.schema(method)
    if schema and body.kind == "form" and (problem := _flattened(schema, body, route)):
        return problem
    if schema is None or (body.kind == "form" and reads_form and len(schema.variants) > 1):
        return ""
    return _against(schema, body)


def _flattened(schema: Schema, body: Body, route: Route) -> str:
    """A required object in whose place a form sends a file or a text, where the route makes no such object of it."""
    if len(schema.variants) != 1:
        return ""
    for name, field in schema.variants[0].items():
        value = body.fields.get(name)
        if not (field.required and field.kinds) or (value and value.encoded):
            continue
        made = rf"\b{re.escape(field.choice)}\s*:\s*[\"']({'|'.join(map(re.escape, sorted(field.kinds)))})[\"']"
        if not re.search(made, route.source) and (value or body.whole):
            kinds = listed(sorted(field.kinds), last="or")
            return f"takes {name} as an object whose {field.choice} is {kinds}, and a form sends a file or a text in it, or nothing."
    return ""


def _against(schema: Schema, body: Body) -> str:
    variants = list(schema.variants)
    if schema.discriminator and (value := body.fields.get(schema.discriminator)) and value.strings:
        variants = [one for one in variants if one.get(schema.discriminator, Field(False)).strings & value.strings]
        if not variants:
            accepted = sorted(
                {string for one in schema.variants for string in one.get(schema.discriminator, Field(False)).strings}
            )
            return f"knows {schema.discriminator} {listed(accepted, last='or')}, and {listed(sorted(value.strings), last='or')} is sent."
    problems = [_lacking(fields, body) or _unknown(fields, body) for fields in variants]
    return problems[0] if problems and all(problems) else ""


def _lacking(fields: dict[str, Field], body: Body) -> str:
    missing = sorted(name for name, field in fields.items() if field.required and name not in body.fields)
    return (
        f"requires {listed(missing)}, which {'are' if len(missing) > 1 else 'is'} not sent."
        if missing and body.whole
        else ""
    )


def _unknown(fields: dict[str, Field], body: Body) -> str:
    for name, value in body.fields.items():
        accepted = fields.get(name, Field(False)).strings
        if accepted and value.strings and not value.strings & accepted:
            return f"knows {name} {listed(sorted(accepted), last='or')}, and {listed(sorted(value.strings), last='or')} is sent."
    return ""


def _to_own_routes(compared: Compared) -> Iterable[Request]:
    return (request for request in compared.app.traffic.requests if request.path and request.path.startswith("/api/"))


def _answering(compared: Compared, request: Request) -> Route | None:
    answering = [route for route in compared.app.traffic.routes if matches(route.pattern, request.path or "")]
    exact = [route for route in answering if route.pattern.count("*") == (request.path or "").count("*")]
    return exact[0] if len(exact) == 1 else None


def _is_guarded(compared: Compared, route: Route) -> bool:
    return compared.app.traffic.is_guarded(route.pattern) or compared.app.callers.judges(route.file)


def _reaches_storage(compared: Compared, route: Route) -> bool:
    for path in compared.app.graph.reachable([route.file]):
        for specifier in compared.app.graph.script(path).imports:
            if STORAGE.match(specifier) or FILES.fullmatch(specifier):
                return True
    return False


def _opens_what_is_sent(route: Route) -> Node | None:
    """A call that opens a file whose path comes from the request."""
    for method in sorted(route.methods - {"OPTIONS", "HEAD"}):
        handler = route.handler(method)
        tainted = _tainted(handler) if handler else set()
        for call in _calls(handler) if handler else ():
            arguments = call.child_by_field_name("arguments")
            first = arguments.named_children[0] if arguments and arguments.named_children else None
            named = first is not None and first.type in {"member_expression", "identifier"}
            if named and OPENS.search(text(call.child_by_field_name("function"))) and _root(first) in tainted:
                return call
    return None


def _tainted(handler: Node) -> set[str]:
    """The names in a handler that hold what the request says: its body, and what is parsed or taken out of that."""
    tainted = {"request", "req"}
    for _ in range(4):
        for node in descendants(handler):
            if node.type in {"variable_declarator", "assignment_expression"}:
                name = node.child_by_field_name("name") or node.child_by_field_name("left")
                value = node.child_by_field_name("value") or node.child_by_field_name("right")
                if (
                    value is not None
                    and set(re.findall(r"\w+", text(value).partition("(")[0] + _inside(value))) & tainted
                ):
                    tainted |= set(re.findall(r"\w+", text(name)))
    return tainted - {"const", "let"}


def _inside(value: Node) -> str:
    """The arguments of a parse: what comes out of it is what went in."""
    return text(value) if re.match(r"(await\s+)?[\w.]*(safeParse|parse|json|formData)(Async)?\(", text(value)) else ""


def _root(node: Node | None) -> str:
    return re.match(r"\w*", text(node))[0]  # type: ignore[index]


def _calls(node: Node) -> Iterator[Node]:
    return (child for child in descendants(node) if child.type == "call_expression")


def _finding(requests: Iterable[Request], rule: str, message: str, hint: str, *, subject: str) -> Finding:
    (path, line), *others = sorted({(request.file, request.line) for request in requests})
    return Finding(path, line, rule, message, hint, others=tuple(others), subjects=(subject,))
