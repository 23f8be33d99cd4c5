"""What stops production in a real application, made in the true one: each is one finding, with all its places and what will be seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.checks.app.test_findings import IMAGE, MODAL, MUTATIONS, R2

from deploybook.checks.app import RULES, find
from deploybook.checks.finding import Finding, Severity
from deploybook.contract.model import Contract
from deploybook.runbook.app_settings import Ignored

Change = dict[str, tuple[str | None, str]]
Found = Callable[[Change], list[Finding]]

PACKAGE = "package.json"
BUILD = '"build": "next build"'
BUNDLE = "esbuild worker/index.ts --bundle --platform=node --format=esm --outfile=dist/worker/index.js"
CMD = 'CMD ["node", "dist/worker/index.js"]'
TSCONFIG = (
    '{"extends": "../tsconfig.json", "compilerOptions": {"outDir": "dist", "rootDir": "..", "noEmit": false}, '
    '"include": ["./**/*.ts"]}'
)
STORE_BY_REQUIRE = 'export const jobs = () => { const { jobs } = require("./store"); return jobs(); };'
INGEST = "src/app/api/audio/ingest/route.ts"
INGEST_SCHEMA = """import { z } from "zod";
const Body = z.discriminatedUnion("type", [
  z.object({ type: z.literal("url"), url: z.string(), rights: z.boolean() }),
  z.object({ type: z.literal("youtube"), url: z.string(), quality: z.enum(["low", "high"]).optional() }),
]);
export async function POST(request: Request) {
  const parsed = Body.safeParse(await request.json());
  return Response.json(parsed);
}
"""
PAGE = "src/app/page.tsx"
MIX = "src/app/api/mix/route.ts"
MIX_SCHEMA = """import { z } from "zod";
const Audio = z.discriminatedUnion("type", [
  z.object({ type: z.literal("url"), url: z.string() }),
  z.object({ type: z.literal("asset"), id: z.string() }),
]);
const Body = z.object({ audio: Audio, format: z.string() });
export async function POST(request: Request) {
  const fields = Object.fromEntries(await request.formData());
  return Response.json(Body.safeParse(fields));
}
"""
SENDS_A_FORM = (
    "export default",
    'export function mix(file: File) {\nconst form = new FormData();\nform.append("audio", file);\nform.append("format", "flat");\n'
    'return fetch("/api/mix", { method: "POST", body: form });\n}\nexport default',
)
STORE = """class Store {
  private jobs: Map<string, object> = new Map();
  async create(id: string) { this.jobs.set(id, {}); }
  async get(id: string) { return this.jobs.get(id) ?? null; }
  async update(id: string) { const job = this.jobs.get(id); if (job) this.jobs.set(id, { ...job }); }
}
export const ProgressStore = new Store();
"""
PROGRESS = """import { ProgressStore } from "@/lib/progress";
export async function GET(_: Request, { params }: { params: { id: string } }) {
  await ProgressStore.update(params.id);
  return Response.json(await ProgressStore.get(params.id));
}
"""
POLLS = ("export default", "export const poll = (id: string) => fetch(`/api/progress/${id}`);\nexport default")
FROM_MEMORY: Change = {
    "src/lib/progress.ts": (None, STORE),
    "src/app/api/progress/[id]/route.ts": (None, PROGRESS),
    PAGE: POLLS,
}


def posting(body: str) -> tuple[str, str]:
    """The page posts something to the route of ingest."""
    call = f'fetch("/api/audio/ingest", {{ method: "POST", body: {body} }});'
    return "export default", f"export const send = () => {call}\nexport default"


# Each: the changes, the rule, the place (file and part of its line), a part of the message.
CAUSES: dict[str, tuple[Change, str, str, str]] = {
    "workspace-that-is-not-there": (
        {IMAGE: ("RUN npm ci", "RUN npm ci --workspace=worker")},
        "app-image-build",
        "RUN npm ci",
        "npm error No workspaces found: --workspace=worker",
    ),
    "script-that-is-not-there": (
        {IMAGE: ("npm run build:worker", "cd worker && npm run build")},
        "app-image-build",
        "cd worker",
        "/app/worker has no package.json",
    ),
    "copied-file-that-is-not-there": (
        {IMAGE: ("COPY . .", "COPY worker/package.json worker/\nCOPY . .")},
        "app-image-build",
        "COPY worker/package.json",
        "no such file",
    ),
    "copied-file-that-is-ignored": (
        {".dockerignore": (None, "package-lock.json\n")},
        "app-image-build",
        "COPY package.json",
        ".dockerignore leaves it out",
    ),
    "output-elsewhere": (
        {
            PACKAGE: (BUNDLE, "tsc -p worker/tsconfig.json"),
            "worker/tsconfig.json": (None, TSCONFIG),
            IMAGE: (
                "COPY --from=build /app/dist/worker ./dist/worker\n" + CMD,
                "COPY --from=build /app /app\nCMD node worker/dist/index.js",
            ),
        },
        "app-image-start",
        "CMD node",
        "tsc writes worker/dist/worker/index.js: Error: Cannot find module '/app/worker/dist/index.js'",
    ),
    "package-that-is-left-out": (
        {
            IMAGE: (
                CMD,
                'COPY package.json package-lock.json ./\nRUN npm ci --omit=dev\nCOPY . .\nCMD ["npx", "tsx", "worker/index.ts"]',
            )
        },
        "app-image-start",
        "CMD",
        "CMD starts tsx, which the installation leaves out",
    ),
    "route-that-is-not-there": (
        {
            PAGE: (
                "export default",
                "export const poll = (id: string) => fetch(`/api/audio/ingest/${id}`);\nexport default",
            )
        },
        "app-route-absent",
        "poll",
        "/api/audio/ingest/… is called, and there is no such route",
    ),
    "method-that-is-not-there": (
        {
            PAGE: (
                "export default",
                'export const stop = () => fetch("/api/audio/ingest", { method: "DELETE" });\nexport default',
            )
        },
        "app-route-absent",
        "stop",
        "DELETE /api/audio/ingest is called, and the route answers POST",
    ),
    "kind-that-the-route-does-not-know": (
        {INGEST: (None, INGEST_SCHEMA), PAGE: posting('JSON.stringify({ type: big ? "video" : "audio", key })')},
        "app-body-refused",
        "audio/ingest",
        "knows type url or youtube, and audio or video is sent",
    ),
    "field-that-the-route-requires": (
        {INGEST: (None, INGEST_SCHEMA), PAGE: posting('JSON.stringify({ type: "url", url })')},
        "app-body-refused",
        "audio/ingest",
        "requires rights, which is not sent",
    ),
    "form-for-a-route-that-reads-json": (
        {
            INGEST: (None, INGEST_SCHEMA),
            PAGE: ("export default", "const form = new FormData();\n" + posting("form")[1]),
        },
        "app-body-refused",
        "audio/ingest",
        "reads JSON, and a form is sent",
    ),
    "form-for-a-route-that-wants-an-object": (
        {MIX: (None, MIX_SCHEMA), PAGE: SENDS_A_FORM},
        "app-body-refused",
        "/api/mix",
        "takes audio as an object whose type is asset or url, and a form sends a file or a text in it, or nothing",
    ),
    "store-in-memory-that-nothing-fills": (
        FROM_MEMORY,
        "app-store-unfilled",
        "src/app/api/progress/[id]/route.ts",
        "/api/progress/* answers from ProgressStore, which is kept in memory and never filled: nothing calls create",
    ),
    "path-from-a-request": (
        {
            "src/app/api/render/route.ts": (
                "const jobId",
                "const body = await request.json();\n  const audio = await readFile(body.audio.path);\n  const jobId",
            )
        },
        "app-route-file",
        "readFile",
        "opens a path that the request names",
    ),
    "storage-without-a-session": (
        {"src/middleware.ts": ("/api/storage", "/api/archive")},
        "app-route-open",
        "src/app/api/storage/download/route.ts",
        "2 routes reach storage or the file system without asking who calls: /api/storage/download and /api/storage/upload",
    ),
    "fields-that-differ": (
        {
            "src/lib/render/modal.ts": (
                "auth_token: token(), ...job",
                "auth_token: token(), job_id: job.id, audio_url: String(job.url)",
            )
        },
        "app-fields-differ",
        "fetch(endpoint()!",
        "does not read audio_url, which is sent to it",
    ),
    "checksum-in-a-presigned-upload": (
        {"runbooks": (None, "")},
        "app-presigned-checksum",
        "getSignedUrl(client(), new PutObjectCommand",
        "R2 answers 400 BadDigest",
    ),
    "bucket-in-the-code": (
        {R2: ("{ Bucket: bucket(), Key, ContentType", '{ Bucket: "studio-renders", Key, ContentType')},
        "app-bucket-literal",
        "studio-renders",
        "The bucket studio-renders stands in the code",
    ),
    "default-of-somebody-s-account": (
        {
            MODAL: (
                'os.environ["MODAL_AUTH_TOKEN"]',
                f'os.environ.get("MODAL_AUTH_TOKEN", "https://{"4bdc" * 8}.r2.cloudflarestorage.com")',
            )
        },
        "app-default-foreign",
        "MODAL_AUTH_TOKEN",
        "that is one account's, and not yours",
    ),
    "label-as-a-literal": (
        {MODAL: ('label=f"{LABEL}-submit"', 'label="studio-submit"')},
        "app-label-literal",
        "studio-submit",
        "a second environment takes over the endpoints of the first",
    ),
    "host-of-one-deployment": (
        {"src/lib/app-url.ts": ("export", 'export const old = "https://studio-abc.vercel.app/x";\nexport')},
        "app-host-literal",
        "studio-abc",
        "studio-abc.vercel.app stands in the code",
    ),
    "secret-under-a-public-name": (
        {
            "src/components/upload.tsx": (
                "process.env.NEXT_PUBLIC_APP_URL",
                "process.env.NEXT_PUBLIC_INTERNAL_WEBHOOK_SECRET",
            )
        },
        "app-secret-public",
        "NEXT_PUBLIC_INTERNAL_WEBHOOK_SECRET",
        "is written into what every browser loads",
    ),
    "server-s-variable-in-the-browser": (
        {"src/components/upload.tsx": ("process.env.NEXT_PUBLIC_APP_URL", "process.env.DEPLOY_ENV")},
        "app-browser-variable",
        "DEPLOY_ENV",
        "is read in a component of the browser, where it is undefined",
    ),
    "require-of-a-promise": (
        {
            "src/lib/jobs/index.ts": (None, STORE_BY_REQUIRE),
            "src/app/api/render/route.ts": ("@/lib/jobs/store", "@/lib/jobs"),
        },
        "app-require-promise",
        "require(",
        "because src/lib/jobs/store.ts imports @libsql/client",
    ),
    "query-outside-a-boundary": (
        {PAGE: ("export default", "export const Query = () => useSearchParams();\nexport default")},
        "app-suspense",
        "useSearchParams()",
        "without a Suspense boundary",
    ),
    "schema-pushed-by-the-build": (
        {PACKAGE: (BUILD, '"build": "drizzle-kit push --force && next build"')},
        "app-build-database",
        "drizzle-kit",
        "Each build runs drizzle-kit push --force",
    ),
    "public-variable-after-the-build": (
        {IMAGE: ("RUN npm run build:worker", "RUN npm run build && npm run build:worker")},
        "app-inlined-late",
        "RUN npm run build",
        "without NEXT_PUBLIC_APP_URL, which next build inlines",
    ),
    "package-gone-from-debian": (
        {MODAL: ('.apt_install("ffmpeg")', '.apt_install("ffmpeg", "libgdk-pixbuf2.0-0")')},
        "app-modal-image",
        "libgdk",
        "libgdk-pixbuf2.0-0 is not in Debian 13",
    ),
}


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_is_one_finding_at_its_place(name: str, findings: Found, studio: Path, contract: Contract) -> None:
    changes, rule, place, message = CAUSES[name]
    everything = _found(name, changes, findings, studio, contract)
    found = [finding for finding in everything if finding.rule == rule and message in finding.message]
    assert len(found) == 1, everything
    lines = (studio / found[0].path).read_text().splitlines()
    assert place in lines[found[0].line - 1] or place == found[0].path


def _found(name: str, changes: Change, findings: Found, studio: Path, contract: Contract) -> list[Finding]:
    changes = {path: change for path, change in changes.items() if path != "runbooks"}
    if INGEST in changes:
        (studio / INGEST).write_text(INGEST_SCHEMA)
        del changes[INGEST]
    found = findings(changes)
    if name == "checksum-in-a-presigned-upload":
        left = [variable for variable in contract.variables if variable.name != "AWS_REQUEST_CHECKSUM_CALCULATION"]
        return [
            finding
            for finding in find(studio, contract.model_copy(update={"variables": left}))
            if "web app" in finding.message
        ]
    if name == "fields-that-differ":
        app = studio / MODAL
        reads = 'return {"job_id": body.get("job_id"), "audio": body.get("audio_signed_url")}'
        app.write_text(
            re.sub(r"problem = unfit\(body\).*?return {\"call_id\"[^\n]*", reads, app.read_text(), flags=re.DOTALL)
        )
        return find(studio, contract)
    return found


def test_every_rule_but_two_has_its_mutation() -> None:
    shown = {rule for *_, expected in MUTATIONS.values() for rule, _, _ in expected} | {
        rule for _, rule, *_ in CAUSES.values()
    }
    assert {rule.name for rule in RULES} - shown == {"app-ignore-idle"}
    assert all(len(rule.explain) > 40 for rule in RULES)


def test_a_folder_named_like_a_script_is_no_script(findings: Found, studio: Path) -> None:
    package = json.loads((studio / PACKAGE).read_text())
    package["scripts"]["worker"] = "tsx scripts/migrate.ts"
    package["scripts"]["build:image"] = "cd worker && npm run build:worker --prefix .."
    (studio / PACKAGE).write_text(json.dumps(package))
    assert findings({IMAGE: ("npm run build:worker", "npm run build:image")}) == []


def test_what_other_languages_and_libraries_read_stays_in_the_example(findings: Found) -> None:
    example = ".env.example"
    assert (
        findings(
            {
                example: ("DEPLOY_ENV=", "COMPOSE_PORT=\nWHISPER_MODEL=\nOPENAI_API_KEY=\nDEPLOY_ENV="),
                "docker-compose.yml": (None, "services: {web: {ports: ['${COMPOSE_PORT}:3000']}}\n"),
                "whisper/main.py": (None, "import os\nos.environ['WHISPER_MODEL']\n"),
            }
        )
        == []
    )


def test_a_form_of_which_the_route_makes_the_object_is_accepted(findings: Found) -> None:
    made = MIX_SCHEMA.replace("safeParse(fields)", 'safeParse({ ...fields, audio: { type: "asset", id: "x" } })')
    assert [
        finding for finding in findings({MIX: (None, made), PAGE: SENDS_A_FORM}) if finding.rule == "app-body-refused"
    ] == []


def test_a_store_that_another_route_fills_is_none(findings: Found) -> None:
    filled = 'import { ProgressStore } from "@/lib/progress";\nexport const POST = () => ProgressStore.create("x");\n'
    changes = {**FROM_MEMORY, "src/app/api/progress/route.ts": (None, filled)}
    assert [finding for finding in findings(changes) if finding.rule == "app-store-unfilled"] == []


def test_a_query_inside_a_boundary_builds(findings: Found) -> None:
    page = "export const Query = () => useSearchParams();\nexport const Page = () => <Suspense><Query /></Suspense>;\nexport default"
    assert findings({PAGE: ("export default", page)}) == []


def test_variables_of_one_service_are_one_finding_with_all_their_places(findings: Found) -> None:
    page = 'process.env.NOTION_TOKEN;\nprocess.env.NOTION_DATABASE ?? "x";\nexport default'
    (found,) = findings(
        {
            PAGE: ("export default", page),
            "src/app/layout.tsx": ("export default", "process.env.NOTION_TOKEN;\nexport default"),
        }
    )
    assert found.subjects == ("NOTION_DATABASE", "NOTION_TOKEN")
    assert found.severity == Severity.WARNING
    assert len(found.others) == 2


def test_what_the_operator_accepts_is_not_found(studio: Path, findings: Found, contract: Contract) -> None:
    findings({PAGE: ("export default", "process.env.NOTION_TOKEN;\nexport default")})
    line = Ignored(rule="app-variable-unset", name="NOTION_*", reason="set by hand")
    assert find(studio, contract, [line]) == []
    elsewhere = line.model_copy(update={"path": "worker/*"})
    assert {finding.rule for finding in find(studio, contract, [elsewhere])} == {
        "app-variable-unset",
        "app-ignore-idle",
    }
