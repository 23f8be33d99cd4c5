"""The checks' scratch objects, which their prefix separates from the application's."""

from __future__ import annotations

from contextlib import suppress

from deploybook.clouds import scratch
from deploybook.clouds.r2.objects import Store
from deploybook.errors import ServiceError

SCRATCH = "deploybook-check"
# A check takes seconds.
LONGEST_CHECK_SECONDS = 3600.0
# S3 lists, and deletes, at most this many objects in one request.
PAGE = 1000


def foreign_keys(store: Store, most: int) -> list[str]:
    """Up to ``most`` keys that are not scratch. Raises a ServiceError if they cannot be listed."""
    keys: list[str] = []
    start = ""
    while len(keys) < most:
        page = store.call("list_objects_v2", MaxKeys=PAGE, StartAfter=start)
        listed = [str(entry["Key"]) for entry in page.get("Contents", [])]
        keys += [key for key in listed if not key.startswith(f"{SCRATCH}/")]
        if not page.get("IsTruncated") or not listed:
            break
        start = listed[-1]
    return keys[:most]


def remove_left_over(store: Store) -> None:
    """Remove the objects of checks that were killed, as far as R2 lets: a check says itself what it may not do.

    One page of them: what is scratch is a handful of objects.
    """
    with suppress(ServiceError):
        listed = store.call("list_objects_v2", Prefix=f"{SCRATCH}/").get("Contents", [])
        for key in (str(entry["Key"]) for entry in listed):
            if scratch.is_left_over(key.removeprefix(f"{SCRATCH}/"), LONGEST_CHECK_SECONDS):
                store.call("delete_object", Key=key)


def remove_objects(store: Store, prefix: str) -> int:
    """Remove every object whose key has the prefix, and return their number. Raises a ServiceError if R2 refuses."""
    removed = 0
    while True:
        page = store.call("list_objects_v2", Prefix=prefix, MaxKeys=PAGE)
        keys = [str(entry["Key"]) for entry in page.get("Contents", [])]
        for key in keys:
            store.call("delete_object", Key=key)
        removed += len(keys)
        if not keys:
            return removed
