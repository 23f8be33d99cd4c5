"""Secrets that reach the browser: under a public name, inlined by next.config, read by a component that runs there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.app.comparison import Compared, by_name, finding_of
from deploybook.checks.app.reads import Read
from deploybook.checks.finding import Finding, Severity

PUBLIC = "NEXT_PUBLIC_"
SECRET = re.compile(r"(^|_)(SECRET|PASSWORD|PASSWD|PRIVATE_KEY|SERVICE_ROLE(_KEY)?|TOKEN|ACCESS_KEY|AUTH_KEY)(_|$)")
# Made to be seen: what a provider calls a publishable, anonymous or site key.
MEANT = re.compile(
    r"PUBLISHABLE|ANON|SITE_?KEY|MAPBOX|POSTHOG|CLIENT_TOKEN|PUBLIC_KEY|TOKEN_(ADDRESS|SYMBOL|NAME|MINT|CONTRACT|LIMIT)|MAX_TOKEN"
)
CLIENT = re.compile(r"""\A\s*(?:(?://[^\n]*\n|/\*.*?\*/)\s*)*["']use client["']""", re.DOTALL)


def public_secrets(compared: Compared) -> Iterator[Finding]:
    """A secret under a name that Next.js writes into what browsers load."""
    web = compared.app.web
    if web is None:
        return
    secrets = {variable.name for variable in compared.contract.variables if variable.secret}
    public = [read for read in (*web.reads, *web.preset, *compared.app.example) if read.name.startswith(PUBLIC)]
    for name, reads in by_name(public).items():
        bare = name.removeprefix(PUBLIC)
        if bare in secrets or (SECRET.search(bare) and not MEANT.search(bare)):
            message = f"{name} is written into what every browser loads, and its name says that it is a secret."
            yield finding_of(
                reads,
                "app-secret-public",
                message,
                f"Read {bare} on the server only, and replace the secret if it was ever deployed.",
            )
    inlined = (
        set(compared.app.graph.script(web.home).inlined) if web.home.endswith((".ts", ".js", ".mjs", ".cjs")) else set()
    )
    for name in sorted(inlined & secrets):
        message = f"next.config inlines {name} under env: it is written into what every browser loads."
        yield Finding(
            web.home,
            1,
            "app-secret-public",
            message,
            "Take it out of env; server code reads process.env by itself.",
            subjects=(name,),
        )


def unseen_in_browsers(compared: Compared) -> Iterator[Finding]:
    """A component that runs in the browser and reads a variable that is not there: it is undefined."""
    web = compared.app.web
    if web is None:
        return
    set_on_vercel = {variable.name for variable in compared.contract.consumed_by("vercel")}
    reads: list[Read] = []
    for path in sorted({read.path for read in web.reads}):
        if CLIENT.match(compared.app.sources.text(path)):
            reads += [
                read
                for read in web.reads
                if read.path == path and read.name in set_on_vercel and not read.name.startswith(PUBLIC)
            ]
    for name, own in by_name(reads).items():
        if name not in web.provided:
            message = f"{name} is read in a component of the browser, where it is undefined."
            yield finding_of(
                own,
                "app-browser-variable",
                message,
                "Read it on the server, and pass on what the component needs.",
                Severity.WARNING,
            )
