"""What stops production in a real application, made in the true one: each is one finding, with all its places and what will be seen."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.checks.app.causes import (
    CAUSES,
    FROM_MEMORY,
    HARMLESS,
    INGEST,
    INGEST_SCHEMA,
    MIX,
    MIX_SCHEMA,
    PACKAGE,
    PAGE,
    SENDS_A_FORM,
    Change,
    Found,
)
from tests.checks.app.test_findings import IMAGE, MODAL, MUTATIONS

from deploybook.checks.app import RULES, find
from deploybook.checks.finding import Finding, Severity
from deploybook.contract.model import Contract
from deploybook.runbook.app_settings import Ignored


@pytest.mark.parametrize("name", CAUSES)
def test_a_cause_is_one_finding_at_its_place(name: str, findings: Found, studio: Path, contract: Contract) -> None:
    changes, rule, place, message = CAUSES[name]
    everything = _found(name, changes, findings, studio, contract)
    matching = [finding for finding in everything if finding.rule == rule and message in finding.message]
    assert len(matching) == 1, everything
    lines = (studio / matching[0].path).read_text().splitlines()
    assert place in lines[matching[0].line - 1] or place == matching[0].path


def _found(name: str, changes: Change, findings: Found, studio: Path, contract: Contract) -> list[Finding]:
    changes = {path: change for path, change in changes.items() if path != "runbooks"}
    if INGEST in changes:
        (studio / INGEST).write_text(INGEST_SCHEMA)
        del changes[INGEST]
    result = findings(changes)
    if name == "checksum-in-a-presigned-upload":
        variables = [variable for variable in contract.variables if variable.name != "AWS_REQUEST_CHECKSUM_CALCULATION"]
        return [
            finding
            for finding in find(studio, contract.model_copy(update={"variables": variables}))
            if "web app" in finding.message
        ]
    if name == "fields-that-differ":
        app = studio / MODAL
        reads = 'return {"job_id": body.get("job_id"), "audio": body.get("audio_signed_url")}'
        app.write_text(
            re.sub(r"problem = unfit\(body\).*?return {\"call_id\"[^\n]*", reads, app.read_text(), flags=re.DOTALL)
        )
        return find(studio, contract)
    return result


LOOKED_AT_TWICE = frozenset({"app-job-early", "app-job-twice", "app-failure-kept", "app-program-absent"})


def test_what_looks_like_a_cause_and_is_none_is_not_found(findings: Found) -> None:
    assert [str(finding) for finding in findings(HARMLESS) if finding.rule in LOOKED_AT_TWICE] == []


def test_every_rule_but_two_has_its_mutation() -> None:
    covered = {rule for *_, expected in MUTATIONS.values() for rule, _, _ in expected} | {
        rule for _, rule, *_ in CAUSES.values()
    }
    assert {rule.name for rule in RULES} - covered == {"app-ignore-idle"}
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
    (finding,) = findings(
        {
            PAGE: ("export default", page),
            "src/app/layout.tsx": ("export default", "process.env.NOTION_TOKEN;\nexport default"),
        }
    )
    assert finding.subjects == ("NOTION_DATABASE", "NOTION_TOKEN")
    assert finding.severity == Severity.WARNING
    assert len(finding.others) == 2


def test_a_list_of_many_services_is_one_finding_for_what_must_be_there_and_one_for_the_rest(findings: Found) -> None:
    services = ["NOTION", "STRIPE", "SMTP", "SLACK", "ALGOLIA", "DEEPGRAM", "TWILIO", "OPENAI", "SEGMENT"]
    schema = ", ".join(f"{name}_URL: z.string(), {name}_MODE: z.string().min(1).optional()" for name in services)
    runtime = ", ".join(f"{name}_{of}: process.env.{name}_{of}" for name in services for of in ("URL", "MODE"))
    settings = f"export const env = createEnv({{ server: {{ {schema} }}, runtimeEnv: {{ {runtime} }} }});\n"
    page = 'import "@/lib/settings";\nprocess.env.NOTION_MODE;\nprocess.env.NOTION_URL;\nexport default'
    needed, rest = findings({"src/lib/settings.ts": (None, settings), PAGE: ("export default", page)})
    assert (needed.path, needed.severity, rest.severity) == ("src/lib/settings.ts", Severity.WARNING, Severity.NOTE)
    assert set(needed.subjects) == {f"{name}_URL" for name in services}
    assert set(rest.subjects) == {f"{name}_MODE" for name in services}
    assert [path for path, _ in needed.others] == [PAGE]


def test_what_the_operator_accepts_is_not_found(studio: Path, findings: Found, contract: Contract) -> None:
    findings({PAGE: ("export default", "process.env.NOTION_TOKEN;\nexport default")})
    line = Ignored(rule="app-variable-unset", name="NOTION_*", reason="set by hand")
    assert find(studio, contract, [line]) == []
    elsewhere = line.model_copy(update={"path": "worker/*"})
    assert {finding.rule for finding in find(studio, contract, [elsewhere])} == {
        "app-variable-unset",
        "app-ignore-idle",
    }
