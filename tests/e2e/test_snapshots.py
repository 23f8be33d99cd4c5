"""A provisioned world is frozen, destroyed and brought back: it is the same world, to the byte where that makes sense."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from tests.e2e.crashes_inventory import Inventory, inventory
from tests.e2e.kept import Kept
from tests.e2e.wiring import Stack
from tests.sandboxes import RunningSandbox

pytestmark = pytest.mark.xdist_group("e2e")

MAILBOX = "CREATE TABLE IF NOT EXISTS mailbox (body BLOB)"


@dataclass(frozen=True)
class Held:
    """What the providers hold: their inventory, the database's schema and rows, the bucket's objects with their headers."""

    inventory: Inventory
    schema: Any
    rows: Any
    objects: dict[str, tuple[bytes, str, dict[str, str]]]


def looked_at(stack: Stack) -> Held:
    journey = stack.journey()
    keys = [entry["Key"] for entry in journey.store.call("list_objects_v2").get("Contents", [])]
    objects = {}
    for key in keys:
        answer = journey.store.call("get_object", Key=key)
        objects[key] = (answer["Body"], answer["ContentType"], answer["Metadata"])
    query = journey.database.query
    schema = query("SELECT name, sql FROM sqlite_master ORDER BY name")
    return Held(inventory(stack.environ), schema, query("SELECT hex(body) FROM mailbox"), objects)


@dataclass(frozen=True)
class Returned:
    """A stack that was frozen, changed, destroyed and brought back."""

    before: Held
    changed: Held
    destroyed: Inventory
    after: Held
    newer_token: str


@pytest.fixture(scope="module")
def returned(stack: Stack, stack_sandbox: RunningSandbox, kept: Kept) -> Iterator[Returned]:
    journey = stack.journey()
    journey.store.call(
        "put_object", Key="kept/a b+ü.txt", Body=b"kept", ContentType="text/plain", Metadata={"by": "us"}
    )
    journey.store.call("put_object", Key="kept/changed", Body=b"before")
    journey.database.query(MAILBOX)
    journey.database.query("INSERT INTO mailbox VALUES (x'00ff')")
    before = looked_at(stack)
    with Kept(stack_sandbox, stack.home) as filled:
        yield _returned(stack, stack_sandbox, filled, before)
    kept.restore()


def _returned(stack: Stack, sandbox: RunningSandbox, kept: Kept, before: Held) -> Returned:
    journey = stack.journey()
    journey.store.call("put_object", Key="kept/changed", Body=b"after")
    journey.store.call("put_object", Key="kept/new", Body=b"new")
    journey.store.call("delete_object", Key="kept/a b+ü.txt")
    journey.database.query("DELETE FROM mailbox")
    changed = looked_at(stack)
    kept.restore()
    again = looked_at(stack)
    assert again == before, "changes of what is there are taken back"
    sandbox.reset()
    destroyed, newer_token = inventory(stack.environ), _mint_after_the_reset(stack)
    kept.restore()
    return Returned(before, changed, destroyed, looked_at(stack), newer_token)


def _mint_after_the_reset(stack: Stack) -> str:
    """A token of Cloudflare's that exists only in the world that is thrown away."""
    environ = stack.environ
    url = f"{environ['CLOUDFLARE_API_URL']}/accounts/{environ['CLOUDFLARE_ACCOUNT_ID']}/tokens"
    headers = {"Authorization": f"Bearer {environ['CLOUDFLARE_API_TOKEN']}"}
    groups = httpx.get(f"{url}/permission_groups", headers=headers, trust_env=False).json()["result"]
    policy = {
        "effect": "allow",
        "permission_groups": [{"id": groups[0]["id"]}],
        "resources": {f"com.cloudflare.api.account.{environ['CLOUDFLARE_ACCOUNT_ID']}": "*"},
    }
    made = httpx.post(url, headers=headers, json={"name": "newer", "policies": [policy]}, trust_env=False).json()
    return str(made["result"]["value"])


def test_the_inventory_of_every_provider_is_as_before(returned: Returned) -> None:
    assert len(returned.before.inventory) > 40
    assert len(returned.destroyed) < 5
    assert returned.after.inventory == returned.before.inventory


def test_every_object_is_as_before_to_the_byte_with_its_headers(returned: Returned) -> None:
    assert returned.changed.objects != returned.before.objects
    assert returned.after.objects == returned.before.objects


def test_the_databases_schema_and_rows_are_as_before(returned: Returned) -> None:
    assert returned.changed.rows != returned.before.rows
    assert returned.after.schema == returned.before.schema
    assert returned.after.rows == returned.before.rows


def test_a_credential_that_was_issued_in_another_world_is_not_accepted(stack: Stack, returned: Returned) -> None:
    url = f"{stack.environ['CLOUDFLARE_API_URL']}/accounts/{stack.environ['CLOUDFLARE_ACCOUNT_ID']}/tokens/verify"
    headers = {"Authorization": f"Bearer {returned.newer_token}"}
    assert httpx.get(url, headers=headers, trust_env=False).status_code == httpx.codes.UNAUTHORIZED


def test_the_stack_that_was_brought_back_passes_every_step_of_the_end_to_end_check(
    stack: Stack, returned: Returned
) -> None:
    """Web app, worker and renders run again, with the credentials of before."""
    assert stack.check().step == ""
