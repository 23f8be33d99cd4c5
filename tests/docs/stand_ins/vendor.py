"""Stand-ins for commands of vendors that do not install here.

Each knows its subcommands and options, and no other, and asks the sandbox. Run as ``turso``, ``gh`` or ``npx wrangler``.
What the vendors' own commands print beyond that is not imitated.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from nacl.public import PublicKey, SealedBox

# Subcommand, its positional arguments, its options; a flag has no value.
TURSO = {
    "org list": ((), ()),
    "org switch": (("slug",), ()),
    "plan show": ((), ()),
    "db locations": ((), ()),
    "group list": ((), ()),
    "group create": (("name",), ("--location", "--wait")),
    "db create": (("name",), ("--group", "--wait")),
    "db show": (("name",), ("--url",)),
    "db tokens create": (("name",), ("--expiration",)),
    "db destroy": (("name",), ()),
}
GH = {
    "api": (("path",), ("--jq",)),
    "secret list": ((), ("--repo",)),
    "secret set": (("name?",), ("--repo", "--env-file")),
    "run list": ((), ("--repo", "--limit")),
}
WRANGLER = {"r2 bucket list": ((), ()), "r2 bucket create": (("name",), ())}
FLAGS = {"--wait", "--url"}


def parsed(
    table: Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]], words: list[str]
) -> tuple[str, argparse.Namespace]:
    """The subcommand, and its arguments; ends the process for what the table does not have."""
    for name, (positional, switches) in sorted(table.items(), key=lambda item: -len(item[0])):
        if words[: len(name.split())] == name.split():
            parser = argparse.ArgumentParser(prog=name, allow_abbrev=False)
            for argument in positional:
                parser.add_argument(argument.rstrip("?"), nargs="?" if argument.endswith("?") else None)
            for option in switches:
                parser.add_argument(option, action="store_true" if option in FLAGS else "store")
            return name, parser.parse_args(words[len(name.split()) :])
    sys.exit(f"no such command: {' '.join(words)}")


def asked(method: str, url: str, token: str, **body: Any) -> Any:
    """The JSON of an answer; ends the process with what a refusal says."""
    headers = {"Authorization": f"Bearer {token}", "User-Agent": "stand-in"}
    answer = httpx.request(method, url, headers=headers, json=body or None, trust_env=False, timeout=30)
    if answer.is_error:
        sys.exit(answer.text)
    return answer.json() if answer.content else None


def turso(words: list[str]) -> None:
    """Turso's command, logged in by TURSO_API_TOKEN."""
    name, options = parsed(TURSO, words)
    token, api = os.environ["TURSO_API_TOKEN"], os.environ["TURSO_API_URL"]
    organizations = asked("GET", f"{api}/v1/organizations", token)
    base = f"{api}/v1/organizations/{organizations[0]['slug']}"
    if name == "org switch" and options.slug not in [organization["slug"] for organization in organizations]:
        sys.exit("no such organization")
    if name == "org list":
        print("\n".join(organization["slug"] for organization in organizations))
    elif name == "plan show":
        print(organizations[0]["plan_id"])
    elif name == "db locations":
        print("\n".join(asked("GET", f"{api}/v1/locations", token)["locations"]))
    elif name == "group list":
        print(
            "\n".join(
                f"{group['name']} {group['primary']}" for group in asked("GET", f"{base}/groups", token)["groups"]
            )
        )
    elif name == "group create":
        asked("POST", f"{base}/groups", token, name=options.name, location=options.location)
    elif name == "db create":
        asked("POST", f"{base}/databases", token, name=options.name, group=options.group)
    elif name == "db show":
        print(f"libsql://{asked('GET', f'{base}/databases/{options.name}', token)['database']['Hostname']}")
    elif name == "db tokens create":
        query = f"?expiration={options.expiration}" if options.expiration else ""
        print(asked("POST", f"{base}/databases/{options.name}/auth/tokens{query}", token)["jwt"])
    elif name == "db destroy" and input() == "y":
        asked("DELETE", f"{base}/databases/{options.name}", token)


def gh(words: list[str]) -> None:
    """GitHub's command, with GITHUB_TOKEN."""
    name, options = parsed(GH, words)
    token, api = os.environ["GITHUB_TOKEN"], os.environ["GITHUB_API_URL"]
    if name == "api":
        print(asked("GET", f"{api}/{options.path}", token)[options.jq.removeprefix(".")])
        return
    base = f"{api}/repos/{options.repo}"
    if name == "secret list":
        print("\n".join(secret["name"] for secret in asked("GET", f"{base}/actions/secrets", token)["secrets"]))
    elif name == "run list":
        print("\n".join(run["name"] for run in asked("GET", f"{base}/actions/runs", token)["workflow_runs"]))
    elif name == "secret set":
        text = sys.stdin.read()
        lines = [line.partition("=") for line in text.splitlines()] if options.env_file == "-" else []
        values = {key: value.strip("'") for key, _, value in lines} if lines else {options.name: text}
        key = asked("GET", f"{base}/actions/secrets/public-key", token)
        box = SealedBox(PublicKey(base64.b64decode(key["key"])))
        for secret, value in values.items():
            sealed = base64.b64encode(box.encrypt(value.encode())).decode()
            asked("PUT", f"{base}/actions/secrets/{secret}", token, encrypted_value=sealed, key_id=key["key_id"])


def npx(words: list[str]) -> None:
    """``npx wrangler``, with CLOUDFLARE_API_TOKEN and CLOUDFLARE_ACCOUNT_ID."""
    if words[:1] != ["wrangler"]:
        sys.exit(f"no such package: {words}")
    name, options = parsed(WRANGLER, words[1:])
    token = os.environ["CLOUDFLARE_API_TOKEN"]
    base = f"{os.environ['CLOUDFLARE_API_URL']}/accounts/{os.environ['CLOUDFLARE_ACCOUNT_ID']}/r2/buckets"
    if name == "r2 bucket create":
        asked("POST", base, token, name=options.name)
    else:
        print("\n".join(bucket["name"] for bucket in asked("GET", base, token)["result"]["buckets"]))


if __name__ == "__main__":
    {"turso": turso, "gh": gh, "npx": npx}[Path(sys.argv[1]).name](sys.argv[2:])
