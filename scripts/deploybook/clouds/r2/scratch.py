"""The checks' scratch objects, which their prefix separates from the application's."""

from __future__ import annotations

from deploybook.clouds.r2.objects import Store

SCRATCH = "deploybook-check"
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
