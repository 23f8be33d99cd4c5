"""The claims of the R2 section, each as a test: None or a detail if it holds, an error if not."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from functools import partial

from pydantic import SecretStr

from deploybook.clouds import scratch
from deploybook.clouds.negative import ExpectedRefusal, Reply, reply_of, require_accepted, require_refused
from deploybook.clouds.r2.client import Cloudflare
from deploybook.clouds.r2.objects import Store, browser
from deploybook.clouds.r2.scratch import SCRATCH, remove_left_over
from deploybook.errors import NotFound, PermissionDenied, ServiceError, Unauthorized, VerificationFailed

BUCKETS_WRITE = "Workers R2 Storage Write"
TOKENS_WRITE = "Account API Tokens Write"
# Cloudflare docs, R2 → API → Error codes: with 403, the account has no R2 subscription.
NOT_ENTITLED = "10042"
# How R2 refuses what the token does not cover, and a signature made with another secret.
NOT_COVERED = ExpectedRefusal(frozenset({403}), frozenset({"AccessDenied"}))
BAD_SIGNATURE = ExpectedRefusal(frozenset({403}), frozenset({"SignatureDoesNotMatch"}))
# A preflight that no rule allows is answered without permission, whatever its status: R2 has 403, other S3 servers 200 or 204.
NO_PERMISSION = ExpectedRefusal(frozenset({200, 204, 403}), frozenset({"no permission"}))
CONTENT = b"deploybook checks that what goes in comes out again. " * 40


def token_is_active(cloudflare: Cloudflare) -> str:
    """The operator's token is known and active."""
    token = cloudflare.verify_token()
    if token.status != "active":
        message = f"Cloudflare says that the token in CLOUDFLARE_API_TOKEN is {token.status}."
        raise Unauthorized("Cloudflare", "verify the token", message, "Make a new one; the prerequisites say where.")
    if token.owner != "/user":
        return "account-owned"
    # Only a Super Administrator's may make account tokens, and no token may ask for its user's roles (cloudflare/cloudflare-docs#26550).
    return "user-owned: the first change shows whether its user is a Super Administrator"


def may_manage_r2(cloudflare: Cloudflare) -> str:
    """The account exists, R2 is enabled, and the token may manage buckets and tokens: by its own policies where they can be read."""
    try:
        cloudflare.buckets()
    except (NotFound, PermissionDenied) as error:
        if isinstance(error, PermissionDenied) and error.code != NOT_ENTITLED:
            raise
        hint = "Check CLOUDFLARE_ACCOUNT_ID, and enable R2 in the dashboard (it asks for a payment method)."
        raise type(error)(
            "Cloudflare", error.operation, error.message, hint, "r2-account-or-plan", error.status, error.code
        ) from None
    token = cloudflare.verify_token()
    try:
        policies = cloudflare.token_policies(token.owner, token.id)
    except ServiceError:
        return "its policies cannot be read; the first change will tell"
    allowed = {group.name for policy in policies if policy.effect == "allow" for group in policy.permission_groups}
    missing = [name for name in (BUCKETS_WRITE, TOKENS_WRITE) if name not in allowed]
    if missing:
        message = f"The token in CLOUDFLARE_API_TOKEN lacks {' and '.join(missing)}."
        hint = "Edit the token and tick what the prerequisites list."
        raise PermissionDenied("Cloudflare", "read the token's permissions", message, hint)
    return f"{BUCKETS_WRITE}, {TOKENS_WRITE}"


def lists_writes_reads_deletes(store: Store) -> str:
    """Put, list, head, ranged get (206) and delete, through boto3."""
    with _scratch(store) as key:
        store.call("put_object", Key=key, Body=CONTENT, ContentType="text/plain")
        keys = [entry["Key"] for entry in store.call("list_objects_v2", Prefix=f"{SCRATCH}/").get("Contents", [])]
        _expect("the listing names the object", key, key if key in keys else "a listing without it")
        _expect("its length", len(CONTENT), store.call("head_object", Key=key)["ContentLength"])
        part = store.call("get_object", Key=key, Range="bytes=0-1023")
        _expect("the status of a ranged get", 206, part["ResponseMetadata"]["HTTPStatusCode"])
        _expect("the first 1024 bytes", CONTENT[:1024], part["Body"])
        store.call("delete_object", Key=key)
        _expect_gone(store, key)
    return "206 for a range, gone after delete"


def presigned_put_works(store: Store, origin: str) -> str:
    """A presigned PUT from a page of the app, with the preflight that a browser sends first; then a presigned GET of the same."""
    with _scratch(store) as key:
        url = store.presign("put_object", key, content_type="audio/wav")
        _preflight(url, origin)
        put = browser(url, "PUT", content=CONTENT, headers={"Origin": origin, "Content-Type": "audio/wav"})
        _expect("the status of the presigned PUT", 200, put.status_code)
        _expect("Access-Control-Allow-Origin", True, put.headers.get("access-control-allow-origin") in {origin, "*"})
        got = browser(store.presign("get_object", key), "GET", headers={"Origin": origin})
        _expect("the status of the presigned GET", 200, got.status_code)
        _expect("the bytes", CONTENT, got.content)
    return "preflight, PUT, GET"


def other_origins_are_refused(store: Store, origin: str = "") -> str:
    """A page of another origin gets no permission from the preflight, and the app's ``origin``, once known, gets it."""
    url = store.presign("put_object", f"{SCRATCH}/never-written", content_type="audio/wav")
    right = partial(_preflight, url, origin) if origin else partial(store.call, "list_objects_v2", MaxKeys=1)
    require_accepted("the app's own origin" if origin else "the vault's key", right)
    fault = VerificationFailed(
        "The bucket lets pages of any origin upload.",
        "Run deploybook run r2 --mode apply, and remove other rules that allow any origin.",
        "cors",
        "no Access-Control-Allow-Origin",
        "one for https://elsewhere.invalid",
    )
    reply = require_refused(
        "another origin", partial(_permission, url), NO_PERMISSION, fault, lambda reply: reply.code == "permission"
    )
    return f"{reply.status}, no permission"


def presigned_get_works(store: Store) -> str:
    """A presigned GET without any origin, as a player fetches it: whole and in part."""
    with _scratch(store) as key:
        store.call("put_object", Key=key, Body=CONTENT)
        url = store.presign("get_object", key)
        _expect("the bytes", CONTENT, browser(url, "GET").content)
        part = browser(url, "GET", headers={"Range": "bytes=0-1023"})
        _expect("the status of a ranged get", 206, part.status_code)
    return "whole and in part"


def other_buckets_are_refused(store: Store) -> str:
    """The credentials open this bucket and no other, nor the list of buckets."""
    other = f"{store.bucket[:50]}-not-this-one"
    require_accepted("the vault's key for its own bucket", partial(store.call, "list_objects_v2", MaxKeys=1))
    listing = partial(store.call, "list_objects_v2", Bucket=other, MaxKeys=1)
    _require_refused("list another bucket", listing, NOT_COVERED)
    writing = partial(store.call, "put_object", Bucket=other, Key=f"{SCRATCH}/x", Body=b"x")
    _require_refused("write to another bucket", writing, NOT_COVERED)
    _require_refused("list the buckets", store.list_buckets, NOT_COVERED)
    return f"{NOT_COVERED} for another bucket, and for the list of buckets"


def wrong_secret_is_refused(store: Store) -> str:
    """A request signed with another secret is refused: the signature is really checked."""
    require_accepted("the vault's key", partial(store.call, "list_objects_v2", MaxKeys=1))
    with closing(store.with_secret(SecretStr(secrets.token_hex(32)))) as impostor:
        listing = partial(impostor.call, "list_objects_v2", MaxKeys=1)
        _require_refused("list with a wrong secret", listing, BAD_SIGNATURE)
    return str(BAD_SIGNATURE)


def _preflight(url: str, origin: str) -> None:
    answer = browser(url, "OPTIONS", headers=_preflight_headers(origin))
    allowed = answer.headers.get("access-control-allow-origin")
    if answer.status_code not in {200, 204} or allowed not in {origin, "*"}:
        raise VerificationFailed(
            f"The bucket's CORS policy does not let pages of {origin} upload.",
            "Run deploybook run r2 --mode apply; a changed policy takes up to 30 seconds.",
            "cors",
            expected=f"Access-Control-Allow-Origin: {origin}",
            found=f"{answer.status_code}, {allowed or 'no such header'}",
        )
    methods = answer.headers.get("access-control-allow-methods", "")
    _expect("PUT among Access-Control-Allow-Methods", True, "PUT" in methods)


def _preflight_headers(origin: str) -> dict[str, str]:
    return {"Origin": origin, "Access-Control-Request-Method": "PUT", "Access-Control-Request-Headers": "content-type"}


@contextmanager
def _scratch(store: Store) -> Iterator[str]:
    """A key that no one else uses, removed again whatever happens, once those that killed checks left are removed."""
    key = f"{SCRATCH}/{scratch.new_name()}"
    remove_left_over(store)
    try:
        yield key
    finally:
        with suppress(ServiceError):
            store.call("delete_object", Key=key)


def _expect(subject: str, expected: object, actual: object) -> None:
    if actual != expected:
        texts = (f"{len(value)} bytes" if isinstance(value, bytes) else str(value) for value in (expected, actual))
        raise VerificationFailed(f"R2: {subject} is not as promised.", "", "storage-errors", *texts)


def _permission(url: str) -> Reply:
    """The preflight of another origin: its status, and whether it has been given permission."""
    other = "https://elsewhere.invalid"
    answer = browser(url, "OPTIONS", headers=_preflight_headers(other))
    allowed = answer.headers.get("access-control-allow-origin")
    return Reply(answer.status_code, "permission" if allowed in {other, "*"} else "no permission")


def _require_refused(operation: str, attempt: Callable[[], object], refusal: ExpectedRefusal) -> None:
    fault = VerificationFailed(
        f"R2 let these credentials {operation}.",
        "Run deploybook run r2 --mode apply: it narrows the token.",
        "token-scope",
        str(refusal),
        "200",
    )
    # A bucket that is not there is named only to credentials that would open it.
    let_in = {"", "NoSuchBucket"}
    require_refused(
        f"to {operation}",
        lambda: reply_of(attempt),
        refusal,
        fault,
        lambda reply: reply.code in let_in and reply.status in {200, 404},
    )


def _expect_gone(store: Store, key: str) -> None:
    try:
        store.call("head_object", Key=key)
    except ServiceError as error:
        if error.status == 404:
            return
        raise
    raise VerificationFailed("R2 still shows an object that was deleted.", "", "storage-errors", "404", "200")
