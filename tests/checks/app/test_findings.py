"""A true application yields no finding; each mutation in it yields its own, at its place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from deploybook.checks.app import find
from deploybook.checks.app.comparison import AT_DEPLOY
from deploybook.checks.finding import Finding
from deploybook.contract.model import Contract

Found = Callable[[dict[str, tuple[str | None, str]]], list[Finding]]

R2 = "src/lib/storage/r2.ts"
STORE = "src/lib/jobs/store.ts"
SECRET = "src/app/api/webhooks/worker/route.ts"
DOWNLOAD = "src/app/api/storage/download/route.ts"
MODAL = "modal_app/app.py"
WORKFLOW = ".github/workflows/deploy.yml"
IMAGE = "worker/Dockerfile"

# Each mutation: the file, what stands there, what is put in its stead, and for every finding its rule, its place (a path, or the text
# of the line) and a part of its message.
MUTATIONS: dict[str, tuple[str, str, str, list[tuple[str, str, str]]]] = {
    "name-in-a-call-across-files": (
        R2,
        '"R2_ACCOUNT_ID"',
        '"R2_ACCOUNT"',
        [
            ("app-variable-unset", 'requireEnv("R2_ACCOUNT")', "The web app and the worker read R2_ACCOUNT,"),
            ("app-variable-unread", "next.config.ts", "The web app reads R2_ACCOUNT_ID nowhere"),
            ("app-variable-unread", IMAGE, "The worker reads R2_ACCOUNT_ID nowhere"),
        ],
    ),
    "name-after-a-dot": (
        "src/components/upload.tsx",
        "process.env.NEXT_PUBLIC_APP_URL",
        "process.env.NEXT_PUBLIC_ORIGIN",
        [("app-variable-unset", "NEXT_PUBLIC_ORIGIN", "The web app reads NEXT_PUBLIC_ORIGIN,")],
    ),
    "name-after-an-optional-chain": (
        "src/lib/deployment.ts",
        "env.DEPLOY_ENV ===",
        "env?.DEPLOY_STAGE ===",
        [
            ("app-variable-unset", "DEPLOY_STAGE", "The web app and the worker read DEPLOY_STAGE,"),
            ("app-variable-unread", "next.config.ts", "The web app reads DEPLOY_ENV nowhere"),
            ("app-variable-unread", IMAGE, "The worker reads DEPLOY_ENV nowhere"),
            ("app-example", "DEPLOY_ENV=", "DEPLOY_ENV is shown, and no file of the repository mentions it"),
        ],
    ),
    "name-in-brackets": (
        DOWNLOAD,
        'process.env["STORAGE_BACKEND"]',
        'process.env["STORAGE_KIND"]',
        [
            ("app-variable-unset", "STORAGE_KIND", "The web app reads STORAGE_KIND,"),
            ("app-variable-unread", "next.config.ts", "The web app reads STORAGE_BACKEND nowhere"),
        ],
    ),
    "name-in-a-destructuring": (
        SECRET,
        "{ INTERNAL_WEBHOOK_SECRET: secret }",
        "{ WEBHOOK_SECRET: secret }",
        [
            ("app-variable-unset", "WEBHOOK_SECRET: secret", "The web app reads WEBHOOK_SECRET,"),
            ("app-variable-unread", "next.config.ts", "INTERNAL_WEBHOOK_SECRET nowhere"),
        ],
    ),
    "name-of-an-alias": (
        STORE,
        "authToken: env.TURSO_AUTH_TOKEN",
        "authToken: env.TURSO_TOKEN",
        [
            ("app-variable-unset", "env.TURSO_TOKEN", "The web app and the worker read TURSO_TOKEN,"),
        ],
    ),
    "name-in-a-list": (
        "scripts/check-env.ts",
        '["NEXT_PUBLIC_APP_URL"]',
        '["NEXT_PUBLIC_APP_URL", "NEXT_PUBLIC_CDN"]',
        [("app-variable-unset", "NEXT_PUBLIC_CDN", "The web app reads NEXT_PUBLIC_CDN,")],
    ),
    "variable-of-the-worker-in-the-web-app": (
        "src/lib/app-url.ts",
        'requireEnv("NEXT_PUBLIC_APP_URL")',
        'requireEnv("WORKER_DEFAULT_TIMEOUT_MS")',
        [
            (
                "app-variable-unset",
                "WORKER_DEFAULT_TIMEOUT_MS",
                "The web app reads WORKER_DEFAULT_TIMEOUT_MS, which the contract does not set on Vercel",
            ),
        ],
    ),
    "operator-token-in-the-app": (
        "src/app/page.tsx",
        "export default",
        "const token = process.env.VERCEL_TOKEN;\nexport default",
        [("app-variable-unset", "VERCEL_TOKEN", "The web app reads VERCEL_TOKEN,")],
    ),
    "default-after-or": (
        "src/lib/render/modal.ts",
        "process.env.MODAL_ENDPOINT_URL;",
        'process.env.MODAL_ENDPOINT_URL || "http://localhost:8000";',
        [
            ("app-default-hides", "localhost:8000", "the web app and the worker go on with"),
        ],
    ),
    "default-after-question-marks": (
        DOWNLOAD,
        'process.env["STORAGE_BACKEND"] !== "r2"',
        '(process.env["STORAGE_BACKEND"] ?? "local") !== "r2"',
        [("app-default-hides", "STORAGE_BACKEND", 'goes on with "local"')],
    ),
    "default-in-a-destructuring": (
        SECRET,
        "{ INTERNAL_WEBHOOK_SECRET: secret }",
        '{ INTERNAL_WEBHOOK_SECRET: secret = "change-me" }',
        [("app-default-hides", "change-me", 'goes on with "change-me"')],
    ),
    "default-by-a-function": (
        "src/lib/app-url.ts",
        'requireEnv("NEXT_PUBLIC_APP_URL")',
        'requireEnv("NEXT_PUBLIC_APP_URL") ?? "http://localhost:3000"',
        [("app-default-hides", "localhost:3000", "the web app goes on with")],
    ),
    "default-in-the-image": (
        IMAGE,
        "ENV NODE_ENV=production",
        "ENV STORAGE_BACKEND=local NODE_ENV=production",
        [("app-default-hides", "ENV STORAGE_BACKEND", "the worker goes on with local")],
    ),
    "variable-in-the-image-s-command": (
        IMAGE,
        'CMD ["node", "dist/worker/index.js"]',
        "CMD node $NODE_FLAGS dist/worker/index.js",
        [("app-variable-unset", "CMD node", "The worker reads NODE_FLAGS,")],
    ),
    "build-argument-that-nobody-gives": (
        IMAGE,
        "ARG FFMPEG_VERSION=7:*",
        "ARG FFMPEG_VERSION",
        [("app-variable-unset", "ARG FFMPEG_VERSION", "The worker reads FFMPEG_VERSION,")],
    ),
    "python-name-in-a-subscript": (
        MODAL,
        'os.environ["R2_SECRET_ACCESS_KEY"]',
        'os.environ["R2_SECRET_KEY"]',
        [("app-variable-unset", "R2_SECRET_KEY", "The render app reads R2_SECRET_KEY,")],
    ),
    "python-name-by-a-function": (
        MODAL,
        "at_deploy('R2_ACCOUNT_ID')",
        "at_deploy('CLOUDFLARE_ACCOUNT')",
        [("app-variable-unset", "CLOUDFLARE_ACCOUNT", "The render app reads CLOUDFLARE_ACCOUNT,")],
    ),
    "python-default": (
        MODAL,
        'os.environ["MODAL_AUTH_TOKEN"]',
        'os.getenv("MODAL_AUTH_TOKEN", "dev")',
        [("app-default-hides", "MODAL_AUTH_TOKEN", "the render app goes on with 'dev'")],
    ),
    "secret-of-another-name": (
        MODAL,
        '"render-auth"',
        '"render-token"',
        [
            ("app-modal-secret", "render-token", "No runbook makes the Modal secret render-token"),
            ("app-modal-secret", MODAL, "asks for no secret render-auth"),
        ],
    ),
    "key-that-is-not-sent": (
        MODAL,
        'required_keys=["MODAL_AUTH_TOKEN"]',
        'required_keys=["MODAL_AUTH_TOKEN", "MODAL_WEBHOOK_SECRET"]',
        [("app-modal-secret", "MODAL_WEBHOOK_SECRET", "which the contract does not send")],
    ),
    "secret-that-no-function-has": (
        MODAL,
        "secrets=[render_auth]",
        "secrets=[]",
        [("app-modal-secret", "render_auth = ", "render-auth is given to no function")],
    ),
    "secret-made-where-it-is-deployed": (
        MODAL,
        "secrets=[render_auth]",
        'secrets=[render_auth, modal.Secret.from_dict({"SENTRY_DSN": os.environ["SENTRY_DSN"]})]',
        [("app-modal-secret", "SENTRY_DSN", "A secret is made of SENTRY_DSN")],
    ),
    "bucket-of-another-name": (
        MODAL,
        'bucket_name=at_deploy("R2_BUCKET_NAME")',
        'bucket_name="studio-staging"',
        [("app-modal-bucket", "CloudBucketMount", "No runbook makes the bucket that is mounted here: studio-staging")],
    ),
    "mount-without-its-keys": (
        MODAL,
        "    secret=r2_credentials,\n",
        "",
        [("app-modal-bucket", "CloudBucketMount", "mounted without a secret")],
    ),
    "workflow-secret-of-another-name": (
        WORKFLOW,
        "secrets.RENDER_DEPLOY_HOOK_URL",
        "secrets.RENDER_DEPLOY_HOOK",
        [
            (
                "app-workflow-secret",
                "RENDER_DEPLOY_HOOK }}",
                "reads the secret RENDER_DEPLOY_HOOK, which no runbook sets",
            ),
            ("app-variable-unread", WORKFLOW, "No workflow reads RENDER_DEPLOY_HOOK_URL"),
        ],
    ),
    "workflow-variable-for-a-secret": (
        WORKFLOW,
        "secrets.VERCEL_ORG_ID",
        "vars.VERCEL_ORG_ID",
        [
            ("app-workflow-secret", "vars.VERCEL_ORG_ID", "the runbook sets secrets only"),
            ("app-variable-unread", WORKFLOW, "No workflow reads VERCEL_ORG_ID"),
        ],
    ),
    "workflow-secret-in-a-script": (
        WORKFLOW,
        "run: curl --fail",
        "run: |\n          echo begin\n          curl -H '${{ secrets.PROBE_TOKEN }}' --fail",
        [("app-workflow-secret", "PROBE_TOKEN", "reads the secret PROBE_TOKEN")],
    ),
    "example-of-another-name": (
        ".env.example",
        "TURSO_AUTH_TOKEN=",
        "TURSO_TOKEN=",
        [
            ("app-example", "TURSO_TOKEN=", "TURSO_TOKEN is shown, and nothing reads it"),
            ("app-example", ".env.example", "TURSO_AUTH_TOKEN is not shown"),
        ],
    ),
    "script-with-a-variable-of-its-own": (
        "scripts/migrate.ts",
        "process.env.TURSO_AUTH_TOKEN",
        "process.env.DATABASE_TOKEN",
        [("app-script-variable", "DATABASE_TOKEN", "A script reads DATABASE_TOKEN")],
    ),
    "python-that-does-not-parse": (
        "modal_app/mp4.py",
        "def still_video(",
        "def still_video((",
        [("app-file-unreadable", "def still_video((", "can't be read")],
    ),
    "workflow-that-does-not-parse": (
        WORKFLOW,
        "name: Deploy\n",
        "name: [Deploy\n",
        [
            ("app-file-unreadable", WORKFLOW, "can't be read"),
            ("app-part-absent", ".github/workflows", "no deploy workflow"),
        ],
    ),
}


def _stands_at(studio: Path, finding: Finding, place: str) -> bool:
    if finding.path == place:
        return True
    lines = (studio / finding.path).read_text().splitlines() if (studio / finding.path).is_file() else []
    return finding.line <= len(lines) and place in lines[finding.line - 1]


def test_a_true_application_yields_no_finding(findings: Found) -> None:
    assert findings({}) == []


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_is_found_at_its_place_and_nothing_else_is(name: str, findings: Found, studio: Path) -> None:
    path, old, new, expected = MUTATIONS[name]
    result = findings({path: (old, new)})
    for rule, place, message in expected:
        assert any(
            finding.rule == rule and message in finding.message and _stands_at(studio, finding, place)
            for finding in result
        ), result
    assert len(result) == len(expected), [str(finding) for finding in result]


def test_the_worker_is_what_its_image_starts(findings: Found) -> None:
    result = findings(
        {
            "package.json": ("esbuild worker/index.ts", "esbuild worker/settings.ts"),
            IMAGE: ("worker/index.js", "worker/settings.js"),
        }
    )
    unread = {
        name
        for finding in result
        if finding.rule == "app-variable-unread" and finding.path == IMAGE
        for name in finding.subjects
    }
    assert unread >= {"TURSO_DATABASE_URL", "R2_ACCOUNT_ID", "STORAGE_BACKEND"}


def test_a_test_and_a_file_that_nobody_imports_belong_to_no_part(findings: Found) -> None:
    assert findings({"src/lib/old.ts": (None, "export const token = process.env.OLD_TOKEN;")}) == []


def test_a_file_that_a_page_begins_to_import_counts(findings: Found) -> None:
    old = "export const token = process.env.OLD_TOKEN;"
    page = ("import { Upload }", 'import { token } from "@/lib/old";\nimport { Upload }')
    result = findings({"src/lib/old.ts": (None, old), "src/app/page.tsx": page})
    assert [(finding.rule, finding.path, finding.line) for finding in result] == [
        ("app-variable-unset", "src/lib/old.ts", 1)
    ]


def test_a_type_alone_leads_nowhere(findings: Found) -> None:
    old = "export type Token = string;\nexport const token = process.env.OLD_TOKEN;"
    page = ("import { Upload }", 'import type { Token } from "@/lib/old";\nimport { Upload }')
    assert findings({"src/lib/old.ts": (None, old), "src/app/page.tsx": page}) == []


def test_what_other_hosts_and_test_tools_set_is_nobodys_to_set(findings: Found) -> None:
    names = ("PLAYWRIGHT_TEST_BASE_URL", "CI_PLAYWRIGHT", "VITEST", "ECS_CONTAINER_METADATA_URI_V4", "KUBERNETES_PORT")
    reads = "".join(f"env.{name} || " for name in (*names, "STUDIO_OWN"))
    result = findings({"src/lib/deployment.ts": ("env.DEPLOY_ENV ===", f"{reads}env.DEPLOY_ENV ===")})
    assert {subject for finding in result for subject in finding.subjects} == {"STUDIO_OWN"}


def test_what_docker_itself_sets_is_nobodys_to_set(findings: Found) -> None:
    assert findings({IMAGE: ("WORKDIR /app", "ARG TARGETPLATFORM\nARG BUILDARCH\nWORKDIR /app")}) == []


def test_what_next_config_inlines_needs_no_host(findings: Found) -> None:
    result = findings({"next.config.ts": ('STUDIO_VERSION: "1.4.0"', 'STUDIO_RELEASE: "1.4.0"')})
    assert [(finding.rule, finding.path) for finding in result] == [("app-variable-unset", "src/middleware.ts")]


def test_a_committed_production_file_hides_what_is_missing(findings: Found) -> None:
    result = findings({".env.production": (None, "# of the repository\n\nSTORAGE_BACKEND=local\nSTUDIO_COLOUR=red\n")})
    assert [(finding.rule, finding.path, finding.line) for finding in result] == [
        ("app-default-hides", ".env.production", 3)
    ]


def test_an_empty_default_hides_nothing(findings: Found) -> None:
    assert (
        findings(
            {"src/components/upload.tsx": ("process.env.NEXT_PUBLIC_APP_URL", 'process.env.NEXT_PUBLIC_APP_URL ?? ""')}
        )
        == []
    )


def test_the_wrong_folder_is_told_as_such(tmp_path: Path, contract: Contract) -> None:
    result = list(find(tmp_path, contract))
    assert {finding.rule for finding in result} == {"app-part-absent"}
    assert len(result) == 4


def test_what_the_modal_runbook_exports_is_known_here() -> None:
    root = Path(__file__).resolve().parents[3]
    exported = (root / "runbooks/modal.ipynb").read_text() + (
        root / "scripts/deploybook/clouds/modal/app.py"
    ).read_text()
    stored = 'rb.stored(\\"R2_ACCOUNT_ID\\", \\"R2_BUCKET_NAME\\")'
    assert stored in exported
    assert '{"MODAL_LABEL": label}' in exported
    assert 'ENDPOINT = "R2_ENDPOINT"' in exported
    assert {"R2_ACCOUNT_ID", "R2_BUCKET_NAME", "R2_ENDPOINT", "MODAL_LABEL"} == AT_DEPLOY
