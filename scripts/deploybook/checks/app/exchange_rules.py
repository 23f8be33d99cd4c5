"""What the other parts send to the render app's endpoints against what those read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import reduce

from deploybook.checks.app.comparison import Compared, listed
from deploybook.checks.app.endpoints import Endpoint
from deploybook.checks.app.requests import Request
from deploybook.checks.app.syntax import literal, text
from deploybook.checks.finding import Finding


@dataclass(frozen=True)
class Sent:
    """The fields of a request: all that it names, and those of them that no caller ever fills."""

    named: frozenset[str]
    empty: frozenset[str]


def differing_fields(compared: Compared) -> Iterator[Finding]:
    """Fields that are sent and not read, or read and not sent."""
    app = compared.app
    if app.modal is None:
        return
    sections = {variable.name for variable in compared.contract.variables if variable.section == "modal"}
    for request in app.traffic.requests:
        if request.body is None or not request.body.whole or not request.variables & sections:
            continue
        endpoint = _endpoint(app.modal.endpoints, request)
        if endpoint is None or not endpoint.whole:
            continue
        sent = _sent(compared, request)
        unread = sent.named - sent.empty - endpoint.fields
        unsent = endpoint.fields - (sent.named - sent.empty)
        if unread or (unsent & endpoint.required):
            yield _finding(request, endpoint, unread, unsent)


def _finding(request: Request, endpoint: Endpoint, unread: frozenset[str], unsent: frozenset[str]) -> Finding:
    parts = []
    if unread:
        parts.append(
            f"{endpoint.name} does not read {listed(sorted(unread))}, which {'are' if len(unread) > 1 else 'is'} sent to it"
        )
    if unsent:
        parts.append(f"{'it' if parts else endpoint.name} reads {listed(sorted(unsent))}, which nobody sends")
    return Finding(
        request.file,
        request.line,
        "app-fields-differ",
        f"The render app's {'; '.join(parts)}.",
        f"Name each field alike in {request.file} and in {endpoint.path}.",
        others=((endpoint.path, endpoint.line),),
        subjects=(endpoint.name,),
    )


def _endpoint(endpoints: Sequence[Endpoint], request: Request) -> Endpoint | None:
    """The endpoint that a request is for: the only one of its method, or the one that its variable names."""
    fitting = [endpoint for endpoint in endpoints if endpoint.method == (request.method or "POST")]
    named = [one for one in fitting if any(one.name.upper() in name for name in request.variables)]
    candidates = named or fitting
    return candidates[0] if len(candidates) == 1 else None


def _sent(compared: Compared, request: Request) -> Sent:
    """What is sent. A field that is taken from the caller's options is empty where no caller gives that option."""
    assert request.body is not None
    named = frozenset(request.body.fields)
    options = {
        name: value.argument.removeprefix(f"{request.parameter}.")
        for name, value in request.body.fields.items()
        if request.parameter and value.argument.startswith(f"{request.parameter}.")
    }
    filled = _filled(compared, request.function)
    if filled is None:
        return Sent(named, frozenset())
    return Sent(named, frozenset(name for name, option in options.items() if option not in filled))


def _filled(compared: Compared, function: str) -> frozenset[str] | None:
    """The options that callers of a function give; None where that can't be told."""
    files = {path for part in compared.app.programs for path in part.files}
    calls = []
    for path in sorted(files):
        if function.encode() not in compared.app.sources.content(path):
            continue
        for arguments in compared.app.graph.syntax(path).nodes("(call_expression arguments: (arguments) @node)"):
            called = arguments.parent.child_by_field_name("function") if arguments.parent else None
            if text(called) != function:
                continue
            first = arguments.named_children[0] if arguments.named_children else None
            if (
                first is None
                or first.type != "object"
                or any(child.type == "spread_element" for child in first.named_children)
            ):
                return None
            keys = {
                literal(key) or text(key)
                for child in first.named_children
                if (key := child.child_by_field_name("key") if child.type == "pair" else child) is not None
            }
            calls.append(frozenset(keys))
    return reduce(frozenset.union, calls) if calls else None
