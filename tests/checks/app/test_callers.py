"""A route asks who calls where it judges the request; a token that the application fetches for itself judges nobody."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploybook.checks.app.callers import Callers
from deploybook.checks.app.graph import Graph
from deploybook.checks.app.sources import Sources
from deploybook.checks.app.traffic import read

ANSWERS = "export async function GET(request) { return Response.json(await list()); }"
ASKED = {
    "header": 'export const GET = (request) => check(request.headers.get("Authorization"));',
    "header-by-brackets": 'export default (req, res) => check(req.headers["x-api-key"]);',
    "header-by-name": "export default (req, res) => check(req.headers.authorization);",
    "header-behind-a-name": 'export const GET = async () => { const sent = await headers(); check(sent.get("x-secret")); };',
    "cookie": 'export const GET = async () => check((await cookies()).get("session"));',
    "token-in-the-query": 'export const GET = (request) => check(new URL(request.url).searchParams.get("token"));',
    "secret-in-the-body": "export const POST = async (r) => { const b = await r.json(); if (b.secret !== process.env.SECRET) stop(); };",
    "session-of-a-package": 'import { auth } from "@clerk/nextjs/server";\nexport const GET = async () => { await auth.protect(); };',
    "token-of-the-request": 'import { getToken } from "next-auth/jwt";\nexport const GET = (req) => getToken({ req });',
    "wrapper-of-a-package": 'import { withAuth } from "some-package";\nexport const GET = withAuth(async () => list());',
    "refusal": "export const GET = () => Response.json({}, { status: 401 });",
    "refusal-by-a-word": 'export const GET = () => { throw new Problem("unauthorized:chat"); };',
    "function-of-the-repository": 'import { member } from "./guard";\nexport const GET = async () => { await member(); };',
    "handler-of-the-repository": 'export { GET } from "./guard";',
    "function-that-is-handed-on": 'import { member } from "./guard";\nexport default createHandler({ createContext: member });',
}
OPEN = {
    "nothing": ANSWERS,
    "token-that-is-fetched": "const getToken = async () => fetch(URL, { headers: { Authorization: `Bearer ${KEY}` } });\n"
    f'{ANSWERS.replace("list", "getToken")}\nconst problem = "Fetching Session Token Failed";',
    "token-of-a-package": f'import {{ getAccessToken }} from "google-auth-library";\n{ANSWERS.replace("list", "getAccessToken")}',
    "token-by-a-function-of-the-repository": f'import {{ authorize }} from "./outgoing";\n{ANSWERS.replace("list", "authorize")}',
    "signed-url": f'import {{ getSignedUrl }} from "@aws-sdk/s3-request-presigner";\n{ANSWERS.replace("list", "getSignedUrl")}',
    "what-somebody-else-refuses": "export const GET = async () => { const r = await fetch(URL); if (r.status === 403) retry(); };",
    "word-of-somebody-else-s-refusal": 'export const GET = async () => { if (problem.message.includes("Unauthorized")) retry(); };',
    "header-of-an-answer": 'export const GET = async () => { const answer = await fetch(URL); next(answer.headers.get("x-auth-token")); };',
    "token-in-a-cache": 'export const GET = async () => next(await redis.get("access-token"));',
    "token-that-is-missing": "export const GET = async () => { if (token === undefined) renew(); };",
}
GUARD = 'import { getServerSession } from "next-auth";\nexport const member = async () => getServerSession();\nexport const GET = member;'
OUTGOING = 'export const authorize = async () => fetch("https://api.example.com/token", { method: "POST" });'


def _judges(folder: Path, code: str) -> bool:
    for name, content in {"route.ts": code, "guard.ts": GUARD, "outgoing.ts": OUTGOING}.items():
        (folder / name).write_text(content)
    return Callers(Graph(Sources(folder))).judges("route.ts")


@pytest.mark.parametrize("name", ASKED)
def test_what_looks_at_the_request_judges_who_calls(name: str, tmp_path: Path) -> None:
    assert _judges(tmp_path, ASKED[name])


@pytest.mark.parametrize("name", OPEN)
def test_what_speaks_of_tokens_alone_judges_nobody(name: str, tmp_path: Path) -> None:
    assert not _judges(tmp_path, OPEN[name])


MIDDLEWARE = {
    "condition": 'if (path.startsWith("/api/private/")) { return check(request); }',
    "name": 'const isPrivate = path.startsWith("/api/private/");\nif (isPrivate) { return authorize(request); }',
    "exceptions": 'const open = ["/api/private/health"];\nconst isOpen = open.includes(path);\n'
    'const isPrivate = path.startsWith("/api/private/");\n'
    "if (isPrivate && !isOpen) { return authorize(request); }",
    "another-condition": 'const isPrivate = path.startsWith("/api/private/");\nif (isPrivate) { return authorize(request); }\n'
    'if (path.startsWith("/api/") && !isPrivate) { return missing(); }',
}


@pytest.mark.parametrize(
    ("name", "path", "guarded"),
    [
        ("condition", "/api/private/x", False),
        ("name", "/api/private/x", True),
        ("name", "/api/other", False),
        ("exceptions", "/api/private/x", True),
        ("exceptions", "/api/private/health", False),
        ("exceptions", "/api/private/health/deep", True),
        ("another-condition", "/api/private/x", True),
        ("another-condition", "/api/other", False),
    ],
)
def test_middleware_guards_what_its_conditions_are_about(name: str, path: str, guarded: bool, tmp_path: Path) -> None:
    (tmp_path / "middleware.ts").write_text(f"export function middleware(request) {{\n{MIDDLEWARE[name]}\n}}\n")
    sources = Sources(tmp_path)
    assert read(sources, Graph(sources), "", []).is_guarded(path) == guarded
