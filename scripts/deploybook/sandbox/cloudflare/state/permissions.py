"""Cloudflare's permission groups: identifiers and names as the vendor's own API lists them, those near to this guide.

Sources: ``r2/api/tokens.mdx``, ``fundamentals/api/reference/permissions.mdx``, the description's examples, and for the rest lists of
``/tokens/permission_groups`` quoted in public repositories.
"""

from __future__ import annotations

from dataclasses import dataclass

ACCOUNT = "com.cloudflare.api.account"
ZONE = "com.cloudflare.api.account.zone"
USER = "com.cloudflare.api.user"
BUCKET = "com.cloudflare.edge.r2.bucket"


@dataclass(frozen=True)
class Group:
    """A named set of permissions, which works only on resources of its scope."""

    id: str
    name: str
    scope: str
    category: str = "developer_platform"


R2_ITEM_WRITE = "Workers R2 Storage Bucket Item Write"
R2_ITEM_READ = "Workers R2 Storage Bucket Item Read"
R2_WRITE = "Workers R2 Storage Write"
R2_READ = "Workers R2 Storage Read"
ACCOUNT_TOKENS_WRITE = "Account API Tokens Write"
ACCOUNT_TOKENS_READ = "Account API Tokens Read"
SETTINGS_WRITE = "Account Settings Write"
SETTINGS_READ = "Account Settings Read"
USER_TOKENS_WRITE = "API Tokens Write"
USER_TOKENS_READ = "API Tokens Read"
USER_WRITE = "User Details Write"
USER_READ = "User Details Read"

GROUPS = (
    Group("2efd5506f9c8494dacb1fa10a3e7d5b6", R2_ITEM_WRITE, BUCKET),
    Group("6a018a9f2fc74eb6b293b0c548f38b39", R2_ITEM_READ, BUCKET),
    Group("bf7481a1826f439697cb59a20b22293e", R2_WRITE, ACCOUNT),
    Group("b4992e1108244f5d8bfbd5744320c2e1", R2_READ, ACCOUNT),
    Group("5bc3f8b21c554832afc660159ab75fa4", ACCOUNT_TOKENS_WRITE, ACCOUNT, "account_and_billing"),
    Group("eb56a6953c034b9d97dd838155666f06", ACCOUNT_TOKENS_READ, ACCOUNT, "account_and_billing"),
    Group("1af1fa2adc104452b74a9a3364202f20", SETTINGS_WRITE, ACCOUNT, "account_and_billing"),
    Group("c1fde68c7bcc44588cbb6ddbc16d6480", SETTINGS_READ, ACCOUNT, "account_and_billing"),
    Group("686d18d5ac6c441c867cbf6771e58a0a", USER_TOKENS_WRITE, USER, "account_and_billing"),
    Group("0cc3a61731504c89b99ec1be78b77aa0", USER_TOKENS_READ, USER, "account_and_billing"),
    Group("55a5e17cc99e4a3fa1f3432d262f2e55", USER_WRITE, USER, "account_and_billing"),
    Group("8acbe5bb0d54464ab867149d7f7cf8ac", USER_READ, USER, "account_and_billing"),
    Group("e086da7e2179491d91ee5f35b3ca210a", "Workers Scripts Write", ACCOUNT),
    Group("1a71c399035b4950a1bd1466bbe4f420", "Workers Scripts Read", ACCOUNT),
    Group("f7f0eda5697f475c90846e879bab8666", "Workers KV Storage Write", ACCOUNT),
    Group("8b47d2786a534c08a1f94ee8f9f599ef", "Workers KV Storage Read", ACCOUNT),
    Group("4755a26eedb94da69e1066d98aa820be", "DNS Write", ZONE, "dns_and_zones"),
    Group("82e64a83756745bbbb1c9c2701bf816b", "DNS Read", ZONE, "dns_and_zones"),
    Group("c8fed203ed3043cba015a93ad1616f1f", "Zone Read", ZONE, "dns_and_zones"),
)
BY_ID = {group.id: group for group in GROUPS}


def listed(name: str, scope: str) -> list[Group]:
    """The groups, of this name and scope only if they are given."""
    return [group for group in GROUPS if name in {"", group.name} and scope in {"", group.scope}]


def named(name: str) -> Group:
    """The group of this name."""
    return next(group for group in GROUPS if group.name == name)
