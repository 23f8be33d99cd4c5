"""`.env.example` as a statement about the repository: what it shows is read somewhere, and what must be set is shown."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.app import example
from deploybook.checks.app.comparison import Compared, alike, finding_of, listed
from deploybook.checks.app.reads import Read
from deploybook.checks.app.routes import code
from deploybook.checks.app.syntax import SUFFIXES
from deploybook.checks.finding import Finding, Severity

RULE = "app-example"
WORD = re.compile(r"[A-Z][A-Z0-9_]{2,}")
# What reads a variable may be written in any language, or be a compose file, a Procfile, a Makefile. A page that explains it reads nothing.
PROSE = (".md", ".mdx", ".txt", ".rst", ".lock", "package-lock.json", ".svg", ".csv")
LARGEST = 1_000_000
# Libraries read these by themselves; each begins as the library's own documentation names it.
READ_BY_LIBRARIES = re.compile(
    r"AI_GATEWAY_|AWS_|GOOGLE_|GCP_|AZURE_|OPENAI_|ANTHROPIC_|GEMINI_|MISTRAL_|GROQ_|COHERE_|REPLICATE_|ELEVENLABS_|DEEPGRAM_|HF_|HUGGING"
    r"|LANGCHAIN_|LANGSMITH_|LANGFUSE_|SENTRY_|OTEL_|DD_|POSTHOG_|LOGTAIL_|AUTH_|NEXTAUTH_|(NEXT_PUBLIC_)?CLERK_|STRIPE_|TWILIO_"
    r"|KV_|BLOB_|EDGE_CONFIG|UPSTASH_|REDIS_|DATABASE_URL|DIRECT_URL|POSTGRES_|PG[A-Z]+|MYSQL_|MONGO|PRISMA_|SUPABASE_|FIREBASE_"
    r"|NOTION_|TELEGRAM_|SLACK_|DISCORD_|GITHUB_|NPM_|NODE_|PLAYWRIGHT_|PUPPETEER_|LIVEKIT_|MODAL_TOKEN|VERCEL_|CLOUDFLARE_"
)


def untrue_examples(compared: Compared) -> Iterator[Finding]:
    """`.env.example` names a variable that nothing reads, or leaves out one that must be set."""
    app = compared.app
    if not app.example:
        return
    read = {access.name for part in app.programs for access in part.reads} | {variable.name for variable in app.scripts}
    read |= {access.name for access in app.modal.reads} if app.modal else set()
    in_contract = {variable.name for variable in compared.contract.variables}
    idle = [line for line in app.example if line.name not in read]
    mentioned = _mentioned(compared, {line.name for line in idle})
    unread = []
    for line in idle:
        if line.name in mentioned or compared.accepts(RULE, line.name, line.path):
            continue
        if meant := alike(line.name, (read | in_contract) - {line.name}):
            message = f"{line.name} is shown, and nothing reads it."
            yield finding_of([line], RULE, message, f"{meant}Correct the name, or take it out.", Severity.WARNING)
        elif not READ_BY_LIBRARIES.match(line.name):
            unread.append(line)
    if unread:
        yield _unread(unread)
    yield from _left_out(compared, read, {line.name for line in app.example})


def _unread(lines: list[Read]) -> Finding:
    names = listed(sorted({line.name for line in lines}))
    are, them = ("are", "them") if len(lines) > 1 else ("is", "it")
    message = f"{names} {are} shown, and no file of the repository mentions {them}."
    return finding_of(lines, RULE, message, "Take out what no library reads by itself.", Severity.NOTE)


def _left_out(compared: Compared, read: set[str], in_example: set[str]) -> Iterator[Finding]:
    names = [
        variable.name
        for variable in compared.contract.variables
        if variable.name in read
        and not variable.optional
        and {"vercel", "render"} & set(variable.consumers)
        and variable.name not in in_example
        and not compared.accepts(RULE, variable.name, example.FILE)
    ]
    if names:
        message = f"{listed(names)} {'are' if len(names) > 1 else 'is'} not shown, and must be set."
        hint = f"Add {'them' if len(names) > 1 else 'it'}, with an empty value or an example."
        yield Finding(example.FILE, 1, RULE, message, hint, Severity.NOTE, subjects=tuple(names))


def _mentioned(compared: Compared, names: set[str]) -> set[str]:
    """The names that stand in some other file, whatever its language: a compose file, a Python service, a script."""
    unmentioned, sources = set(names), compared.app.sources
    for path in sorted(sources.files):
        if not unmentioned:
            break
        name = path.rpartition("/")[2]
        if name.startswith(".env") or name.endswith(PROSE) or sources.size(path) > LARGEST:
            continue
        content = sources.content(path)
        if b"\0" in content[:1024] or not any(it.encode() in content for it in unmentioned):
            continue
        # A comment about a variable reads nothing.
        text = code(compared.app.graph.syntax(path)) if path.endswith(SUFFIXES) else content.decode(errors="replace")
        unmentioned -= set(WORD.findall(text))
    return names - unmentioned
