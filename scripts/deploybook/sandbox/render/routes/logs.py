"""Logs (``list-logs``, ``list-logs-values`` of render.json)."""

from __future__ import annotations

import re

from deploybook.sandbox.core.api import operation
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.render.api import READ, Call
from deploybook.sandbox.render.schema.views import LogPageView
from deploybook.sandbox.render.state import logs

_OWN_LABELS = ("instance", "level", "type")
# A background worker has no request logs, so a filter on one of these leaves nothing.
_REQUEST_LABELS = ("host", "statusCode", "method", "path")
_NAMED_LABELS = frozenset({*_OWN_LABELS, *_REQUEST_LABELS} - {"path"})
_QUERY = " ".join(("ownerId resource startTime endTime direction text limit", *_OWN_LABELS, *_REQUEST_LABELS))


async def _list(call: Call) -> LogPageView:
    """A page by time, the most recent first unless ``direction=forward``."""
    direction = call.query("direction") or "backward"
    if direction not in {"forward", "backward"}:
        raise Refusal(400, "direction must be forward or backward")
    start, end = call.time_range()
    page = logs.page(_lines(call), start, end, forward=direction == "forward", limit=call.limit)
    return LogPageView.model_validate(page)


async def _values(call: Call) -> list[str]:
    """The values that a label has in the range."""
    label = call.query("label") or ""
    if label not in _NAMED_LABELS:
        raise Refusal(400, "invalid label")
    values = {line.labels[label] for line in _lines(call) if label in line.labels}
    return sorted(values)[: call.limit]


def _lines(call: Call) -> list[logs.LogLine]:
    owner, resources = call.query("ownerId"), call.words("resource")
    if not owner:
        raise Refusal(400, "ownerId is required")
    call.state.cloud.check_owner(owner)
    if not resources:
        raise Refusal(400, "resource is required")
    for resource in resources:
        call.state.cloud.worker(resource)
    filters = {"resource": resources} | {name: call.words(name) for name in (*_OWN_LABELS, *_REQUEST_LABELS)}
    texts = call.request.query_params.getlist("text")
    try:
        return call.state.cloud.logs.matching(*call.time_range(), filters, texts)
    except re.error as problem:
        raise Refusal(400, f"invalid regular expression: {problem}") from None


OPERATIONS = (
    operation("GET", "/v1/logs", _list, query=_QUERY, needs=READ),
    operation("GET", "/v1/logs/values", _values, query=_QUERY + " label", needs=READ),
)
