"""Clean-up: everything that a check made is removed, this one's and what a killed one left, and the bucket and the table prove it."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial

from deploybook.clouds import scratch
from deploybook.clouds.modal import endpoint
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.studio.inventory import Inventory, JobRow, job_rows, objects
from deploybook.clouds.studio.journey import ENDED, Journey
from deploybook.errors import DeploybookError, ServiceError, VerificationFailed

AGAIN = "Run deploybook run end_to_end --mode verify again: it removes what an earlier check left."
# A pipeline that is cancelled goes on to its end, and may write one object twice, a second apart, with retries in between.
LONGEST_SETTLE_SECONDS, QUIET_SECONDS = 30.0, 3.0
PAUSE = 0.5


@dataclass(frozen=True)
class Traces:
    """What checks have made and is still there; ``rendering`` are those of the jobs at which Modal is still at work."""

    jobs: tuple[str, ...] = ()
    live: tuple[str, ...] = ()
    rendering: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()


def take_inventory(journey: Journey) -> str:
    """Remove what a killed check left, then note what is in the bucket and in the table."""
    names = {name for name in _names(journey) if scratch.is_left_over(name)}
    removed, rendering = _remove(journey, names) if names else (0, ())
    journey.before = Inventory.of(journey.store, journey.database)
    removals = f"; {removed} objects and jobs of a check that was killed are removed" if removed else ""
    still = f"; Modal is still at work at its render {', '.join(rendering)}" if rendering else ""
    return f"{journey.before}{removals}{still}"


def clean_up(journey: Journey) -> str:
    """Remove every object and row that this check made. Raises VerificationFailed naming what can't be removed."""
    removed, rendering = _remove(journey, {journey.name})
    if rendering:
        # Its video is still to come: without the row nobody would know whose it is.
        message = f"Modal is still at work at the render {', '.join(rendering)}: its row stays until then."
        raise VerificationFailed(message, AGAIN, "modal-dispatch")
    return f"{removed} objects and jobs"


def nothing_is_left(journey: Journey) -> str:
    """Bucket and table hold what they held before, as far as this check is concerned; what others did meanwhile is counted."""
    if journey.before is None:
        raise VerificationFailed("There is no inventory to compare with.", AGAIN, "end-to-end")
    after = Inventory.of(journey.store, journey.database)
    own = _traces(journey, {journey.name})
    remains = [*(f"job {job}" for job in own.jobs), *own.prefixes]
    if remains:
        raise VerificationFailed(f"The check left {', '.join(remains)}.", AGAIN, "end-to-end")
    jobs, keys = after.jobs - journey.before.jobs, (after.keys or frozenset()) - (journey.before.keys or frozenset())
    others = f"; {len(keys)} objects and {len(jobs)} jobs are others'" if keys or jobs else ""
    return f"{after}{others or ', as before'}"


def _remove(journey: Journey, names: set[str]) -> tuple[int, tuple[str, ...]]:
    """Cancel what has not ended, then remove objects and rows; how many, and the renders that are left because Modal is at work at them.

    Raises VerificationFailed naming what can't be removed.
    """
    traces = _traces(journey, names)
    if traces.live:
        for job in traces.live:
            with suppress(ServiceError):
                journey.studio.call("cancel the job", "POST", f"/api/audio/jobs/{job}/cancel")
        _settle(journey, traces.live)
        traces = _traces(journey, names)
    not_removed: list[str] = []
    keys: list[str] = []
    for prefix in traces.prefixes:
        _try(partial(_collect, journey.store, prefix, keys), prefix, not_removed)
    for key in dict.fromkeys(keys):
        _try(partial(journey.store.call, "delete_object", Key=key), key, not_removed)
    # By its row the next check finds what is still there: the row goes last, and only when its objects are gone.
    remaining: list[str] = []
    for prefix in traces.prefixes:
        _try(partial(_collect, journey.store, prefix, remaining), prefix, not_removed)
    not_removed += [key for key in remaining if key not in not_removed]
    # Some rows are found through the asset that another one names: the one that names it goes after them.
    for job in () if not_removed else reversed(traces.jobs):
        delete = ("DELETE FROM audio_prep_jobs WHERE jobId = ?", (job,))
        _try(partial(journey.database.execute, delete), f"job {job}", not_removed)
    if not_removed:
        raise VerificationFailed(f"The check could not remove {', '.join(not_removed)}.", AGAIN, "end-to-end")
    return len(dict.fromkeys(keys)) + len(traces.jobs), traces.rendering


def _settle(journey: Journey, jobs: Iterable[str]) -> None:
    """Wait until nobody writes to cancelled jobs any more."""
    began = changed = time.monotonic()
    states: dict[str, object] = {}
    while time.monotonic() - began < LONGEST_SETTLE_SECONDS:
        latest = {job: (journey.row(job) or {}).get("updatedAt") for job in jobs}
        if latest != states:
            states, changed = latest, time.monotonic()
        elif time.monotonic() - changed > QUIET_SECONDS:
            return
        time.sleep(PAUSE)


def _names(journey: Journey) -> set[str]:
    """The names of all checks that stand in the bucket or in the table."""
    texts = [key for key, _ in objects(journey.store, f"assets/{scratch.PREFIX}")]
    texts += [str(row.metadata) for row in job_rows(journey.database, f"%{scratch.PREFIX}%")]
    return {match[0] for text in texts for match in scratch.NAME.finditer(text)}


def _traces(journey: Journey, names: set[str]) -> Traces:
    """What the checks of these names have made: by their names in keys, rows and assets, and by what this journey knows."""
    own = journey.name in names
    rows = {row.id: row for name in names for row in job_rows(journey.database, f"%{name}%")}
    assets = {*(journey.assets if own else ()), *_assets_of(journey, names)}
    assets |= {str(row.result["assetId"]) for row in rows.values() if row.result.get("assetId")}
    rows |= {row.id: row for asset in assets for row in job_rows(journey.database, f"%{asset}%")}
    # Of a preview that was there already the row names the asset in its result, not in its metadata: found above.
    rendering = [row.id for row in rows.values() if _is_rendering(journey, row)]
    prefixes = [f"assets/{part}/" for part in (*sorted(names), *sorted(assets))]
    prefixes += [f"renders/{row}" for row in rows if row not in rendering]
    prefixes += [str(row.metadata["storageKey"]) for row in rows.values() if row.metadata.get("storageKey")]
    prefixes += _same_content(journey) if own else []
    present = [prefix for prefix in dict.fromkeys(prefixes) if next(objects(journey.store, prefix), None)]
    ending = [row for row in rows.values() if row.id not in rendering]
    live = tuple(row.id for row in ending if row.status not in ENDED)
    return Traces(tuple(row.id for row in ending), live, tuple(rendering), tuple(present))


def _is_rendering(journey: Journey, row: JobRow) -> bool:
    """Whether Modal, asked itself, is still at work at a render that was handed to it; a cancelled one goes on there."""
    call = row.result.get("modalCallId")
    if not call or row.status in {"complete", "failed"} or not journey.status_url:
        return False
    with suppress(DeploybookError):
        return endpoint.status(journey.status_url, str(call)).get("status") == "running"
    return False


def _assets_of(journey: Journey, names: set[str]) -> set[str]:
    """The assets with a file of one of these names: no job need know an asset."""
    with suppress(ServiceError):
        listed = journey.studio.call("list the assets", "GET", "/api/audio/assets").data.get("assets") or ()
        return {
            str(asset["assetId"])
            for asset in listed
            if str(asset.get("originalFilename", "")).removesuffix(".wav") in names
        }
    return set()


def _same_content(journey: Journey) -> list[str]:
    """Uploads with exactly this check's bytes: one has no row if the job store failed after the upload."""
    digest = hashlib.md5(journey.audio, usedforsecurity=False).hexdigest()
    return [key for key, etag in objects(journey.store, "ingest-uploads/") if etag == digest]


def _collect(store: Store, prefix: str, keys: list[str]) -> None:
    keys += [key for key, _ in objects(store, prefix)]


def _try(action: Callable[[], object], name: str, not_removed: list[str]) -> None:
    try:
        action()
    except ServiceError as error:
        if error.status != 404:
            not_removed.append(name)
