"""What stops production in a real application: the change that makes it, and the one finding that tells of it."""

from __future__ import annotations

from collections.abc import Callable

from tests.checks.app.test_findings import IMAGE, MODAL, R2

from deploybook.checks.finding import Finding

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
MEDIA = "src/app/api/storage/media/route.ts"
NAMES = "src/app/api/storage/media/names.ts"
MEDIA_ROUTE = """import { PutObjectCommand } from "@aws-sdk/client-s3";
import { BUCKET } from "./names";
export const POST = () => send(new PutObjectCommand({ Bucket: BUCKET, Key: "x" }));
"""
SETTINGS = "worker/settings.ts"
LIMIT = "WORKER_DEFAULT_TIMEOUT_MS"
ARCHIVE = """import { GetObjectCommand } from "@aws-sdk/client-s3";
const getToken = async () => (await fetch("https://api.example.com", { headers: { Authorization: "Bearer" } })).json();
export const GET = async () => Response.json(await getToken(), new GetObjectCommand({ Key: "x" }));
"""
EARLY = """import { jobs } from "@/lib/jobs/store";
export async function POST(request: Request) {
  const job = await jobs().add("render", {});
  const key = `renders/${job}/audio`;
  await storage.put(key, await request.arrayBuffer());
  return Response.json({ job });
}
"""
TWICE = """import { after } from "next/server";
import { jobs } from "@/lib/jobs/store";
import { run } from "../../../../../worker/tasks";
async function inline(job: string) { await run(job); }
export async function POST() {
  const job = await jobs().add("ingest", {});
  after(() => inline(job));
  return Response.json({ job });
}
"""
KEPT = """import { createClient } from "@libsql/client";
class Progress {
  private client = createClient({ url: "x" });
  private ready: Promise<void>;
  constructor() { this.ready = this.prepare(); }
  private async prepare() { await this.client.execute("SELECT 1"); }
  async find() { await this.ready; return this.client.execute("SELECT 2"); }
}
let instance: Progress | null = null;
export function progress() {
  if (!instance) {
    instance = new Progress();
  }
  return instance;
}
"""
KEPT_CLASS = "src/lib/progress.ts"
OF_PROGRESS: Change = {PAGE: ("export default", 'import "@/lib/progress";\nexport default')}
ENCODES = """import { spawn } from "node:child_process";
export const POST = () => Response.json(spawn("ffmpeg", ["-version"]).pid);
"""
DOWNLOADS = ("export const", 'import { spawn } from "child_process";\nspawn("yt-dlp", []);\nexport const')
FROM_MEMORY: Change = {
    "src/lib/progress.ts": (None, STORE),
    "src/app/api/progress/[id]/route.ts": (None, PROGRESS),
    PAGE: POLLS,
}


def posting(body: str) -> tuple[str, str]:
    """The page posts something to the route of ingest."""
    call = f'fetch("/api/audio/ingest", {{ method: "POST", body: {body} }});'
    return "export default", f"export const send = () => {call}\nexport default"


# What looks like a cause and is none, in one application; the names say which.
ROUTES = "src/app/api/storage"
HARMLESS: Change = {
    f"{ROUTES}/made-as-taken/route.ts": (None, EARLY.replace("{});", '{ status: "uploading" });', 1)),
    f"{ROUTES}/stored-under-another-name/route.ts": (None, EARLY.replace("${job}", "${upload}")),
    f"{ROUTES}/marked-first/route.ts": (
        None,
        TWICE.replace("{ await run", '{ await mark(job, "processing"); await run'),
    ),
    f"{ROUTES}/message-after-the-answer/route.ts": (
        None,
        TWICE.replace("run", "notify").replace("../../../../../worker/tasks", "@/lib/app-url"),
    ),
    f"{ROUTES}/program-of-a-package/route.ts": (None, ENCODES.replace('"ffmpeg"', "path")),
    "src/lib/tried-again.ts": (
        None,
        KEPT.replace("await this.ready;", "await this.ready.catch(() => (this.ready = this.prepare()));"),
    ),
    "src/lib/of-one-request.ts": (None, KEPT.replace("instance = new", "return new")),
    PAGE: ("export default", 'import "@/lib/tried-again";\nimport "@/lib/of-one-request";\nexport default'),
    SETTINGS: (DOWNLOADS[0], DOWNLOADS[1].replace("yt-dlp", "ffprobe")),
}


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
    "bucket-behind-a-name": (
        {MEDIA: (None, MEDIA_ROUTE), NAMES: (None, 'export const BUCKET = "studio-media";')},
        "app-bucket-literal",
        "Bucket: BUCKET",
        "The bucket studio-media stands in the code",
    ),
    "bucket-without-a-name": (
        {MEDIA: (None, MEDIA_ROUTE), NAMES: (None, 'const name = "";\nexport const BUCKET = name as string;')},
        "app-bucket-literal",
        "Bucket: BUCKET",
        "The bucket's name is an empty text in the code",
    ),
    "computed-number-in-a-variable-s-stead": (
        {SETTINGS: (f'Number(requireEnv("{LIMIT}"))', f"Number(process.env.{LIMIT}) || 10 * 60 * 1000")},
        "app-default-hides",
        "10 * 60 * 1000",
        "the worker goes on with 10 * 60 * 1000",
    ),
    "storage-that-fetches-a-token-of-its-own": (
        {"src/app/api/archive/route.ts": (None, ARCHIVE)},
        "app-route-open",
        "src/app/api/archive/route.ts",
        "1 route reaches storage or the file system without asking who calls: /api/archive",
    ),
    "import-of-a-file-that-is-not-there": (
        {PAGE: ("export default", 'import { gone } from "@/lib/gone";\nexport default')},
        "app-import-absent",
        "@/lib/gone",
        "src/lib/gone is imported by what is built, and there is no such file",
    ),
    "job-before-what-it-needs": (
        {MEDIA: (None, EARLY)},
        "app-job-early",
        "jobs().add",
        "The job is in the queue before storage.put has stored what it needs",
    ),
    "job-that-both-do": (
        {MEDIA: (None, TWICE)},
        "app-job-twice",
        "after(",
        "The web app runs run for its job itself, after its answer, and the worker claims the same job",
    ),
    "connection-that-is-kept": (
        {KEPT_CLASS: (None, KEPT), **OF_PROGRESS},
        "app-failure-kept",
        "this.ready = ",
        "Progress keeps its first connection in this.ready",
    ),
    "program-that-vercel-does-not-have": (
        {MEDIA: (None, ENCODES)},
        "app-program-absent",
        "spawn(",
        "The web app's routes start ffmpeg, which Vercel's functions do not have",
    ),
    "program-that-the-image-does-not-install": (
        {SETTINGS: DOWNLOADS},
        "app-program-absent",
        "spawn(",
        "The worker starts yt-dlp, which its image does not install",
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
