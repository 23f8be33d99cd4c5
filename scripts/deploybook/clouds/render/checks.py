"""What proves that the worker does its work: it is live, and its own log says that it has started."""

from __future__ import annotations

from typing import TYPE_CHECKING

from deploybook.clouds.render.schema import LIVE
from deploybook.errors import VerificationFailed

if TYPE_CHECKING:
    from deploybook.clouds.render.client import Render
    from deploybook.clouds.render.deploy import Deploy
    from deploybook.state.last_writes import LastWrites

STARTED = "[Worker] Started"
REFUSED = "is required"


def is_live(render: Render, deploy: Deploy) -> str:
    """The worker is not suspended and its newest deploy is live, one aside that began a moment ago."""
    worker = deploy.worker
    serving = deploy.serving(render) if worker.id else deploy.planned()
    status = "suspended" if worker.suspenders else serving.status or ("no deploy" if worker.id else "no worker")
    if status != LIVE:
        message, hint = "The worker on Render is not live.", "Run deploybook run render --mode apply."
        raise VerificationFailed(message, hint, "render-not-live", LIVE, status)
    return serving.id


def has_started(render: Render, deploy: Deploy, last_writes: LastWrites) -> str:
    """The worker's log says that it has started since the deploy that serves was made; once seen it is kept in mind, for logs are not."""
    worker = deploy.worker
    serving = deploy.serving(render) if worker.id else deploy.planned()
    key = f"render:started:{deploy.name}"
    if not serving.id:
        raise _silent("nothing is deployed")
    lines = render.logs(worker.owner_id, worker.id, serving.created, (STARTED, REFUSED))
    last = next((line for line in reversed(lines) if STARTED in line or _refuses(line)), "")
    if _refuses(last):
        hint = "Run deploybook run render --mode apply."
        raise VerificationFailed(f"The worker on Render stopped: {last}.", hint, "worker-idle", STARTED, last)
    last_start = last_writes.get(key)
    if last:
        if last_start.get("deploy") != serving.id:
            last_writes.put(key, {"deploy": serving.id, "line": last})
        return last
    if last_start.get("deploy") == serving.id:
        return f"{last_start['line']} (seen earlier; the log does not reach back so far)"
    lines = render.logs(worker.owner_id, worker.id, serving.created)
    raise _silent(lines[-1] if lines else "an empty log")


def _refuses(line: str) -> bool:
    return line.startswith("[Worker]") and REFUSED in line


def _silent(last_line: str) -> VerificationFailed:
    message, hint = "The log of the worker on Render does not say that it started.", "Look at its log in the dashboard."
    return VerificationFailed(message, hint, "worker-idle", STARTED, last_line)
