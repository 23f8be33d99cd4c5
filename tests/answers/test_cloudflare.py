"""Cloudflare's client understands every answer that its description allows, or says in one error of ours what it did not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import SecretStr
from tests.answers.conftest import TIMES
from tests.answers.provider import RandomProvider, run

from deploybook.clouds import r2
from deploybook.clouds.api import Api
from deploybook.clouds.connections import Connections
from deploybook.clouds.r2.client import REFUSALS, Cloudflare, _explain
from deploybook.clouds.r2.schema import CorsRule
from deploybook.clouds.r2.token import TokenState

Provider = Callable[[str], RandomProvider]
RULE = CorsRule.model_validate({"id": "a", "allowed": {"methods": ["GET"], "origins": ["*"]}})
# Not requests of their own.
LOCAL = {"close", "account", "from_environment"}


class Clouds(Connections):
    """Connections whose Cloudflare is a random one."""

    def __init__(self, provider: RandomProvider) -> None:
        super().__init__({})
        self._provider = provider
        self.renew()

    def renew(self) -> None:
        """A client that has read nothing yet."""
        client = self._provider.client("https://api.cloudflare.com/client/v4")
        api = Api("Cloudflare", client, _explain, "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_URL", REFUSALS)
        self.cloudflare = Cloudflare(api, "a" * 32)

    def objects(self, variables: Mapping[str, SecretStr]) -> None:
        """No store: S3 is another API."""
        del variables


def put_and_remove(client: Cloudflare) -> None:
    client.put_cors_rules("studio", [RULE])
    client.put_cors_rules("studio", [])


CLIENT: Mapping[str, Callable[[Cloudflare], object]] = {
    "named_account": lambda client: client.named_account(),
    "verify_token": lambda client: client.verify_token(),
    "token_policies": lambda client: client.token_policies("/user", "t1"),
    "permission_group": lambda client: client.permission_group("Workers R2 Storage Write"),
    "tokens": lambda client: list(client.tokens()),
    "create_token": lambda client: client.create_token("t", []),
    "update_token": lambda client: client.update_token("t1", "t", []),
    "roll_token": lambda client: client.roll_token("t1"),
    "delete_token": lambda client: client.delete_token("t1"),
    "buckets": lambda client: client.buckets(),
    "bucket": lambda client: client.bucket("studio"),
    "create_bucket": lambda client: client.create_bucket("studio", "weur"),
    "delete_bucket": lambda client: client.delete_bucket("studio"),
    "cors_rules": lambda client: client.cors_rules("studio"),
    "put_cors_rules": put_and_remove,
}


def differences(resource: Any, clouds: Clouds) -> object:
    state = resource.read(clouds)
    return [str(change) for change in resource.differences(state)] if state else None


def cors(clouds: Clouds) -> None:
    rule = r2.Cors("studio", "https://app.example.com")
    if (rules := rule.read(clouds)) is not None:
        rule.differences(rules)
        rule.update(clouds, rules, [])
        rule.delete(clouds, rules)


def token(clouds: Clouds) -> None:
    resource = r2.BucketToken("t", "studio", stored={})
    state = resource.read(clouds)
    if state is not None:
        resource.differences(state)
        resource.born(state)
        resource.is_marked(state, "abc")
    resource.strays(clouds, state or TokenState("t1"), [])


FLOWS: Mapping[str, Callable[[Clouds], object]] = {
    "the preflight": lambda clouds: (r2.token_is_active(clouds.cloudflare), r2.may_manage_r2(clouds.cloudflare)),
    "a bucket": lambda clouds: differences(r2.Bucket("studio"), clouds),
    "a new bucket": lambda clouds: r2.Bucket("studio").create(clouds),
    "a bucket that goes": lambda clouds: r2.Bucket("studio").delete(clouds, r2.Bucket("studio").planned()),
    "a CORS rule": cors,
    "a token": token,
    "a new token": lambda clouds: r2.BucketToken("t", "studio", stored={}).create(clouds),
}


def perform(operation: str, provider: Any) -> object:
    """An operation by its name, against recorded answers."""
    clouds = Clouds(provider)
    return CLIENT[operation](clouds.cloudflare) if operation in CLIENT else FLOWS[operation](clouds)


def test_every_request_of_the_client_is_tried() -> None:
    public = {name for name, member in inspect.getmembers(Cloudflare, callable) if not name.startswith("_")}
    assert public - LOCAL == CLIENT.keys()


@pytest.mark.parametrize("name", CLIENT)
def test_the_client_understands_every_described_answer(provider: Provider, name: str) -> None:
    random = provider("cloudflare")
    clouds = Clouds(random)

    def request() -> None:
        clouds.renew()
        CLIENT[name](clouds.cloudflare)

    run(random, request, TIMES)
    assert sum(random.operations.values()) >= TIMES


@pytest.mark.parametrize("name", FLOWS)
def test_a_step_of_the_runbook_ends_well_or_in_one_error(provider: Provider, name: str) -> None:
    random = provider("cloudflare")
    clouds = Clouds(random)

    def step() -> None:
        clouds.renew()
        FLOWS[name](clouds)

    run(random, step, TIMES // 3)
