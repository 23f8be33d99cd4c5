"""Scenarios at Cloudflare: the operator's token, R2, the bucket's token and its CORS rule."""

from __future__ import annotations

import time
from dataclasses import replace

from deploybook.sandbox.cloudflare.service import CloudflareService
from deploybook.sandbox.cloudflare.state import permissions
from deploybook.sandbox.cloudflare.state.policies import ALL_BUCKETS, new_policy
from deploybook.sandbox.cloudflare.state.tokens import Condition, Token, Tokens, digest, issue_value
from deploybook.sandbox.core.service import Context, issue_id
from deploybook.sandbox.r2.service import ObjectService
from deploybook.sandbox.r2.state.buckets import Bucket
from deploybook.sandbox.scenarios.registry import by_hand, scenario
from deploybook.sandbox.scenarios.vercel_project import edit_variable, only_project, redeploy

# More seconds than are spent while it lasts.
LONG = 3600.0


@scenario("credential-refused")
async def operator_deleted(context: Context) -> None:
    """Somebody tidies up in *Account API tokens*, and deletes the operator's."""
    service = context.service(CloudflareService)
    await service.cloud.remove("account", service.operator.id)


@by_hand("credential-refused")
async def operator_made_again(context: Context) -> None:
    """Make another with the same permissions; the dashboard shows its value."""
    await context.service(CloudflareService).replace_operator()


@scenario("permission-missing")
async def operator_narrowed(context: Context) -> None:
    """Somebody edits the operator's token, and sets *Workers R2 Storage* to *Read*."""
    await _regrant(context, permissions.R2_READ)


@by_hand("permission-missing")
async def operator_widened(context: Context) -> None:
    """Set it to *Edit* again."""
    await _regrant(context, permissions.R2_WRITE)


@scenario("r2-token-address")
async def addresses_filtered(context: Context) -> None:
    """Somebody lets the operator's token be used from the office only, under *Client IP Address Filtering*."""
    await _filter(context, Condition(inside=("198.51.100.0/24",)))


@by_hand("r2-token-address")
async def filter_deleted(context: Context) -> None:
    """Delete the filter."""
    await _filter(context, None)


@scenario("r2-account-or-plan")
async def subscription_ended(context: Context) -> None:
    """The account's R2 subscription is cancelled."""
    context.service(ObjectService).storage.buckets.subscribed = False


@by_hand("r2-account-or-plan")
async def subscribed_again(context: Context) -> None:
    """Switch R2 on."""
    context.service(ObjectService).storage.buckets.subscribed = True


@scenario("token-name-ambiguous")
async def second_token(context: Context) -> None:
    """Somebody makes a token for themselves, and copies the name of the one that was made last for a bucket."""
    cloud = context.service(CloudflareService).cloud
    await cloud.keep(replace(_bucket_tokens(cloud.tokens)[-1], id=issue_id(), secret=_new_secret()))


@by_hand("token-name-ambiguous")
async def second_token_deleted(context: Context) -> None:
    """Delete the newer one: its id is not the application's ``R2_ACCESS_KEY_ID``."""
    cloud = context.service(CloudflareService).cloud
    await cloud.remove("account", _bucket_tokens(cloud.tokens)[-1].id)


@scenario("r2-keys")
async def token_rolled(context: Context) -> None:
    """Somebody presses *Roll* on the bucket's token: the secret that everything uses is void."""
    cloud = context.service(CloudflareService).cloud
    await cloud.keep(replace(_bucket_token(cloud.tokens), secret=_new_secret()))


@scenario("r2-new-key")
async def key_is_new(context: Context) -> None:
    """The bucket's token was changed some seconds ago: R2 does not know its key yet."""
    context.service(ObjectService).storage.keys_known_from = time.monotonic() + LONG


@by_hand("r2-new-key")
async def key_is_known(context: Context) -> None:
    """Wait a minute."""
    context.service(ObjectService).storage.keys_known_from = 0.0


@scenario("r2-super-administrator")
async def administrator_only(context: Context) -> None:
    """The token's owner becomes an *Administrator*, and is no longer a Super Administrator."""
    context.service(CloudflareService).cloud.super_administrator = False


@by_hand("r2-super-administrator")
async def super_administrator_again(context: Context) -> None:
    """Have the role *Super Administrator* given back under *Manage Account* → *Members*."""
    context.service(CloudflareService).cloud.super_administrator = True


@scenario("token-scope")
async def token_for_all_buckets(context: Context) -> None:
    """Somebody edits the bucket's token: *Apply to all buckets*."""
    cloud = context.service(CloudflareService).cloud
    resources = {f"com.cloudflare.api.account.{cloud.owner.account_id}": {ALL_BUCKETS: "*"}}
    policy = new_policy(cloud.owner, [permissions.named(permissions.R2_ITEM_WRITE).id], resources)
    await cloud.keep(replace(_bucket_token(cloud.tokens), policies=(policy,)))


@scenario("cors")
async def other_origin(context: Context) -> None:
    """Somebody edits the bucket's CORS policy for a page on their own machine, and leaves it so."""
    bucket = _bucket(context)
    bucket.rules = [replace(rule, origins=("http://localhost:3000",)) for rule in bucket.rules]


@scenario("not-found")
async def bucket_deleted(context: Context) -> None:
    """Somebody empties the bucket and deletes it."""
    storage = context.service(ObjectService).storage
    name = _bucket(context).name
    await storage.empty_bucket(name)
    await storage.delete_bucket(name, "default")


@scenario("storage-errors")
async def value_in_place_of_secret(context: Context) -> None:
    """Somebody pastes an API token's value into *R2_SECRET_ACCESS_KEY* at Vercel, and deploys again."""
    platform, project = only_project(context)
    edit_variable(project, "R2_SECRET_ACCESS_KEY", lambda _: issue_value("account"))
    await redeploy(platform, project)


@scenario("bucket-not-empty")
async def object_uploaded(context: Context) -> None:
    """The application has uploaded to the bucket that was made last."""
    storage = context.service(ObjectService).storage
    await storage.server.put_empty(list(storage.buckets.by_name)[-1], "assets/upload.wav")


@by_hand("bucket-not-empty")
async def bucket_emptied(context: Context) -> None:
    """Select all objects of the bucket, and press *Delete*."""
    storage = context.service(ObjectService).storage
    await storage.empty_bucket(list(storage.buckets.by_name)[-1])


@scenario("r2-jurisdiction")
async def bucket_in_the_eu(context: Context) -> None:
    """Somebody has made a bucket by hand, and chosen *Specify jurisdiction*: European Union."""
    await context.service(ObjectService).storage.create_bucket(Bucket("studio-eu", "eu"))


async def _filter(context: Context, condition: Condition | None) -> None:
    """Set from which addresses the operator's token may be used."""
    service = context.service(CloudflareService)
    await service.cloud.keep(replace(service.operator, condition=condition))


async def _regrant(context: Context, name: str) -> None:
    """Set what the operator's token may do to R2."""
    service = context.service(CloudflareService)
    names = (name, permissions.ACCOUNT_TOKENS_WRITE)
    await service.cloud.keep(replace(service.operator, policies=service.operator_policies(names)))


def _bucket_token(tokens: Tokens) -> Token:
    return _bucket_tokens(tokens)[0]


def _bucket_tokens(tokens: Tokens) -> list[Token]:
    """The tokens of buckets, oldest first: each opens one bucket by name."""
    return [
        token
        for token in tokens.of("account")
        if any("r2.bucket" in str(policy.resources) for policy in token.policies)
    ]


def _bucket(context: Context) -> Bucket:
    return next(iter(context.service(ObjectService).storage.buckets.by_name.values()))


def _new_secret() -> str:
    return digest(issue_value("account"))
