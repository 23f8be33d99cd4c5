"""An import that leads to no file stops the build; what packages, generators and builds bring is not missing."""

from __future__ import annotations

from collections.abc import Callable

from deploybook.checks.finding import Finding

Found = Callable[[dict[str, tuple[str | None, str]]], list[Finding]]

LAYOUT = "src/app/layout.tsx"
UNUSED = "src/components/unused.tsx"
THERE = (
    'import "./globals.css";',
    'import type { Database } from "@/generated/database";',
    'import { client } from "../generated/prisma/client";',
    'import package_ from "../../package.json";',
    'import { PutObjectCommand } from "@aws-sdk/client-s3";',
    'import { isProduction } from "../lib/deployment.js";',
    'import route from "../../.next/types/routes";',
)
GONE = 'import { store } from "@/lib/gone";\n'


def _absent(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.path, finding.message) for finding in findings if finding.rule == "app-import-absent"]


def test_an_import_that_leads_nowhere_stops_the_build(findings: Found) -> None:
    result = findings(
        {LAYOUT: ("export default", f"{GONE}export default"), "src/app/page.tsx": ("export", f"{GONE}export")}
    )
    message = "src/lib/gone is imported by what is built, and there is no such file: the build fails."
    assert _absent(result) == [(LAYOUT, message)]


def test_next_build_type_checks_what_nothing_imports(findings: Found) -> None:
    message = "src/lib/gone is imported, and there is no such file: next build type-checks the file that imports it, and fails."
    assert _absent(findings({UNUSED: (None, GONE)})) == [(UNUSED, message)]


def test_a_build_that_passes_over_type_errors_checks_nothing_more(findings: Found) -> None:
    ignoring = ("= {", "= {\n  typescript: { ignoreBuildErrors: true },")
    assert _absent(findings({UNUSED: (None, GONE), "next.config.ts": ignoring})) == []


def test_a_file_that_vercelignore_leaves_out_is_not_there(findings: Found) -> None:
    task = 'import { run } from "../../worker/tasks";\n'
    result = findings({LAYOUT: ("export default", f"{task}export default"), ".vercelignore": (None, "/worker/\n")})
    assert _absent(result) == [
        (LAYOUT, "worker/tasks is imported by what is built, and .vercelignore leaves it out: next build fails.")
    ]


def test_what_is_there_or_is_made_is_not_missing(findings: Found) -> None:
    written = "\n".join(THERE)
    changes = {LAYOUT: ("export default", f"{written}\nexport default"), "src/app/globals.css": (None, "")}
    assert _absent(findings(changes)) == []
