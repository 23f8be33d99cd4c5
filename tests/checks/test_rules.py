from __future__ import annotations

import pytest
from tests.checks.mutate import ROOT, Copy, drawn
from tests.checks.mutations import every
from tests.checks.mutations.mutation import Mutation
from tests.checks.survivors import reason
from tests.checks.trees import tree_at

from deploybook.checks.static import RULES, check

R2, TURSO, VERCEL = (f"docs/sections/{slug}.md" for slug in ("r2", "turso", "vercel"))
CHECKLIST, TROUBLES, README = "docs/DEPLOY_PROD_CHECKLIST.md", "docs/troubleshooting.md", "README.md"
CONTRACT, NOTEBOOK, APP = "runbooks/contract.toml", "runbooks/r2.ipynb", "runbooks/modal_app/app.py"
EVIDENCE = "docs/.evidence.toml"
WORKFLOW = "runbooks/workflows/deploy.yml"

# Rule, file, what stands there, what is put in its place: a mutation that the rule finds.
MUTATIONS = [
    ("readable", NOTEBOOK, '{\n "cells"', '\n "cells"'),
    ("contract-valid", CONTRACT, 'section = "turso"', 'section = "tursi"'),
    ("parameter-rule", CONTRACT, "minimum = 5\n", "minimum = 6\n"),
    ("parameter-rule", CONTRACT, r"[^\\x00-\\x1f]", r"[^\\x00-\\xf]"),
    ("parameter-rule", CONTRACT, r"[^\\x00-\\x1f]", r"[^\\x00-\\x0f]"),
    ("parameter-rule", CONTRACT, '"[0-9a-f-]{36}"', '"[0-9a-f-]{37}"'),
    ("parameter-rule", CONTRACT, 'example = "<OWNER>/<NAME>"', 'example = "<OWNER>/<NAE>"'),
    (
        "contract-read",
        CONTRACT,
        'title = "Modal `r2-credentials`"\nprovider = "modal"\nsection = "modal"\ncompared = "by record"\n',
        'title = "Modal `r2-credentials`"\nprovider = "modal"\nsection = "modal"\n',
    ),
    ("contract-read", CONTRACT, 'title = "GitHub"\nsection = "ci_cd"', 'title = "GitHub"\nsection = "end_to_end"'),
    (
        "contract-read",
        CONTRACT,
        'name = "TURSO_ORGANIZATION"\nprovider = "turso"\nsections = ["turso"]',
        'name = "TURSO_ORGANIZATION"\nprovider = "turso"\nsections = ["r2"]',
    ),
    ("notebook-form", NOTEBOOK, '"execution_count": null', '"execution_count": 3'),
    ("notebook-title", NOTEBOOK, "section 1 of the checklist", "section 2 of the checklist"),
    ("notebook-variables", NOTEBOOK, 'rb.record(\\"R2_BUCKET_NAME\\"', 'rb.record(\\"R2_ACCOUNT_ID\\"'),
    ("notebook-names", NOTEBOOK, "r2.BucketToken(", "r2.BucketTokens("),
    (
        "claim-tested",
        "runbooks/modal.ipynb",
        'rb.check(\\"a wrong token is refused\\", modal.wrong_token_is_refused, urls, token)',
        "pass",
    ),
    ("claim-tested", NOTEBOOK, "a page of another origin is refused", "a page of another origin is received"),
    ("claim-tested", CONTRACT, '  "another bucket is refused",\n', ""),
    ("check-called", "runbooks/modal.ipynb", "modal.wrong_token_is_refused", "modal.right_token_is_accepted"),
    ("generated-current", CHECKLIST, "**secret**", "*secret*"),
    ("section-parts", R2, "## Undo", "## Take it back"),
    ("section-parts", TURSO, '**You should see** `"type":"ok"`', 'There is `"type":"ok"`'),
    ("section-parts", R2, "generated: seen r2", "generated: seen turso"),
    ("step-form", R2, "**You should see** four lines", "There are four lines"),
    (
        "danger-first",
        R2,
        "2. [ ] **Create the bucket.**\n",
        "2. [ ] **Create the bucket.**\n\n    Open the dashboard.\n",
    ),
    ("danger-told", TURSO, "generated: warning turso-location", "generated: warning turso-token"),
    ("danger-told", CONTRACT, "test_deleting_a_token_ends_its_key", "test_deleting_a_token_keeps_its_key"),
    ("modes-told", CONTRACT, '[[mode]]\nname = "plan"', '[[mode]]\nname = "plane"'),
    ("modes-told", CONTRACT, "test_plan_tells_and_changes_nothing", "test_plan_changes_something"),
    ("danger-before", VERCEL, "generated: warning vercel-live r2-cors", "generated: warning r2-cors"),
    ("evidence-said", TURSO, "to this database only, not to its group", "to its group"),
    ("evidence-said", TURSO, "drops them again; the\n", "leaves them; the\n"),
    (
        "evidence-said",
        NOTEBOOK,
        "Cloudflare shows the token's secret once",
        "Cloudflare shows the token's secret twice",
    ),
    ("evidence-said", "runbooks/turso.ipynb", "turso.jobs_are_stored, db", "turso.answers, db"),
    ("block-proved", TURSO, "turso db destroy <DATABASE_NAME>\n", "turso db destroy <GROUP_NAME>\n"),
    ("evidence-there", EVIDENCE, "group_token_opens_every_database_of_the_group", "group_token_opens_no_database"),
    ("evidence-there", EVIDENCE, "claim turso: wrong tokens are refused", "claim turso: wrong tokens are taken"),
    ("evidence-there", EVIDENCE, '"scenario vault-open"', '"scenario vault-closed"'),
    (
        "outside-due",
        EVIDENCE,
        "looked_up = 2026-11-24\nreview_until = 2027-05-31",
        "looked_up = 2026-01-24\nreview_until = 2026-05-31",
    ),
    ("step-names", R2, "**Create the bucket.**", "**Make a bucket.**"),
    ("variable-exists", R2, "Keep *Access Key ID* as `R2_ACCESS_KEY_ID`", "Keep *Access Key ID* as `R2_ACCESS_KEY`"),
    ("variable-exists", TROUBLES, "&& export RENDER_DEPLOY_HOOK_URL", "&& export RENDER_SERVICE_ID"),
    ("variable-exists", TURSO, """%s"\\n' "$TURSO_AUTH_TOKEN" |""", """%s"\\n' "$TURSO_DATABASE_URL" |"""),
    ("variable-documented", "docs/sections/ci_cd.md", "which reads `GITHUB_TOKEN`", "which reads `VERCEL_TOKEN`"),
    ("placeholder-exists", R2, "create <BUCKET_NAME>", "create <BUCKET>"),
    ("parameter-exists", "docs/sections/webhook_secret.md", "`-p rotate true`", "`-p rotates true`"),
    ("path-exists", "docs/STYLE.md", "`scripts/deploybook/site/blocks.py`", "`scripts/deploybook/site/block.py`"),
    ("path-exists", "CONTRIBUTING.md", "`scripts/deploybook/diagnosis/`", "`scripts/deploybook/diagnoses/`"),
    ("route-exists", "docs/sections/end_to_end.md", "/api/webhooks/worker", "/api/webhook/worker"),
    ("name-exists", R2, "`AccessDenied`", "`AccessDeny`"),
    # A word of many sentences, and the name of nothing.
    ("name-exists", R2, "`AccessDenied`", "`afterwards`"),
    ("command-exists", R2, "deploybook run r2 --mode verify", "deploybook run r2 --modes verify"),
    ("command-exists", R2, "deploybook run r2 --mode verify", "deploybook run r2 --mode verifi"),
    ("block-language", R2, "```json", "```"),
    ("block-parses", R2, '"AllowedMethods": [', '"AllowedMethods": '),
    (
        "block-manual",
        R2,
        "```sh\nexport AWS",
        "<!-- manual: by hand; reviewed until 2020-01-01 -->\n\n```sh\nexport AWS",
    ),
    ("link-target", R2, "../troubleshooting.md#cors)", "../troubleshooting.md#corse)"),
    ("link-name", R2, "[cors](../troubleshooting.md#cors)", "[cors](../troubleshooting.md#storage-errors)"),
    ("image-text", R2, "## Verify\n", "## Verify\n\n![](../assets/deploybook.css)\n"),
    ("entry-exists", TROUBLES, "{#bucket-not-empty", "{#bucket-is-not-empty"),
    (
        "entry-exists",
        "scripts/deploybook/clouds/render/deploy.py",
        'entry = "render-deploy-failed"',
        'entry = "render-deploy-faild"',
    ),
    ("entry-reached", TROUBLES, "{#bucket-not-empty", "{#bucket-is-not-empty"),
    ("entry-form", TROUBLES, "\n\n**Fix** ", "\n\n**Mend** "),
    ("entry-variables", TROUBLES, "variables: STORAGE_BACKEND at vercel", "variables: STORAGE_BACKENDS at vercel"),
    ("entry-mark", TROUBLES, "{#playback}", "{#playback .by-hands}"),
    (
        "command-exists",
        TROUBLES,
        "run webhook_secret --mode apply </dev/null",
        "run webhook_secrt --mode apply </dev/null",
    ),
    ("command-exists", TROUBLES, "env -u TURSO_API_TOKEN deploybook run", "env -u TURSO_API_TOKEN deploybook ran"),
    ("default-bound", "docs/sections/render.md", "`worker/Dockerfile`<!-- =", "`Dockerfile`<!-- ="),
    ("default-bound", "docs/sections/render.md", "<!-- = render docker_context -->", "<!-- = render context -->"),
    ("count-current", "docs/how-it-proves-itself.md", "## The five modes", "## The four modes"),
    ("count-current", R2, "Keep the four variables", "Keep the five variables"),
    ("variable-belongs", "docs/sections/ci_cd.md", '"$VERCEL_TOKEN" | gh', '"$WORKER_DEFAULT_TIMEOUT_MS" | gh'),
    ("variable-belongs", "docs/sections/ci_cd.md", '"$VERCEL_TOKEN" | gh', '"$RENDER_DEPLOY_HOOK_URL" | gh'),
    ("entry-harmless", TROUBLES, "deploybook run vercel --mode apply", "deploybook run vercel --mode destroy"),
    ("variable-belongs", TURSO, "prints as `TURSO_DATABASE_URL`", "prints as `MODAL_ENDPOINT_URL`"),
    ("quantity-bound", R2, "32 hex digits", "31 hex digits"),
    ("quantity-bound", R2, "<!-- = R2_ACCESS_KEY_ID -->", ""),
    ("quantity-bound", "runbooks/contract.toml", "at most 60 seconds", "at most 50 seconds"),
    ("count-current", "docs/sections/ci_cd.md", "that the four secrets", "that the seven secrets"),
    (
        "status-bound",
        TROUBLES,
        "exists and is not what you want, or `409`",
        "exists and is not what you want, or `404`",
    ),
    ("status-bound", TROUBLES, "`404` in the worker's log", "`401` in the worker's log"),
    ("status-bound", "docs/sections/modal.md", "An endpoint answers `404`", "An endpoint answers `421`"),
    ("status-bound", "docs/sections/end_to_end.md", "**You should see** `401`", "**You should see** `403`"),
    ("exit-code", README, "They exit with 0 only", "They exit with 9 only"),
    ("table-whole", "docs/how-it-proves-itself.md", "| `plan` |", "| `planned` |"),
    ("output-quoted", TROUBLES, "No selected runbook has a parameter", "No chosen runbook has any parameter"),
    ("permission-asked", "docs/sections/ci_cd.md", "*Actions: read and write*", "*Action: read and write*"),
    ("policy-current", R2, '"MaxAgeSeconds": 3600', '"MaxAgeSeconds": 36'),
    ("workflow-secrets", WORKFLOW, "secrets.VERCEL_ORG_ID", "secrets.VERCEL_ORG"),
    ("workflow-commands", ".github/workflows/prove.yml", "run: make guide", "run: make guides"),
    ("comment-closed", TROUBLES, "# Troubleshooting\n", "<!-- for <!-- us --> alone -->\n\n# Troubleshooting\n"),
    ("comment-closed", R2, "## Undo\n", "## Undo\n\n<!-- not closed\n"),
    ("plain-words", R2, "**You should see** four lines", "Look whether it is so. **You should see** four lines"),
    ("plain-words", NOTEBOOK, "Allow the app's pages to upload", "Let the app's pages upload"),
    ("table-fits", "docs/how-it-proves-itself.md", "| `plan` |", f"| `plan` {'w' * 110} |"),
    ("first-screen", "docs/status.md", "[How the guide proves itself](how-it-proves-itself.md)", "Another page"),
    ("entry-pastes", TROUBLES, "deploybook run r2 --mode apply -p rotate true", "deploybook run … --mode apply"),
    ("entry-pastes", TROUBLES, "deploybook run r2 --mode apply -p rotate true", "$ deploybook run r2 --mode apply"),
    ("modal-secrets", APP, '"render-auth"', '"render-authority"'),
    ("app-routes", "scripts/deploybook/clouds/studio/uploads.py", '"/api/storage/upload"', '"/api/storage/uploads"'),
    # What the sentence has from the code stands there under another name.
    (
        "evidence-agrees",
        "scripts/deploybook/clouds/studio/processing.py",
        'result.get("assetId")',
        'result.get("asset")',
    ),
    ("reviewed", TURSO, "is the right one and is not blocked", "is the right one"),
    ("reviewed", TURSO, "    Keep it as `TURSO_AUTH_TOKEN`.", "    > Keep it as `TURSO_AUTH_TOKEN`."),
    ("reviewed", "runbooks/modal.ipynb", "modal.wrong_token_is_refused", "modal.right_token_is_accepted"),
]
# Told in a table that a generator writes as well; its own rule says the same first.
ELSEWHERE = {"default-current"}


def mutation_of(copy: Copy, path: str, old: str, new: str) -> Mutation:
    text = (copy.root / path).read_text(encoding="utf-8")
    assert old in text, f"{path} no longer has {old!r}: give the rule another mutation"
    start = text.index(old)
    return Mutation("", path, start, start + len(old), new)


def test_the_tree_has_no_finding() -> None:
    assert [str(finding) for finding in check(tree_at(ROOT))] == [], "run: deploybook check --fix"


@pytest.mark.parametrize(("rule", "path", "old", "new"), MUTATIONS, ids=[mutation[0] for mutation in MUTATIONS])
def test_a_rule_finds_its_mutation(copy: Copy, rule: str, path: str, old: str, new: str) -> None:
    findings = copy.tried(mutation_of(copy, path, old, new), [each for each in RULES if each.name == rule]).findings
    assert rule in {finding.rule for finding in findings}
    assert all(finding.hint and finding.line > 0 for finding in findings)


def test_every_rule_has_its_mutation() -> None:
    assert {rule.name for rule in RULES} - ELSEWHERE == {mutation[0] for mutation in MUTATIONS}


def test_of_a_sample_of_mutations_each_is_found_or_explained(copy: Copy) -> None:
    mutations = drawn(list(every(copy.tree)), 1, 11)[::8]
    survivors = [mutation for mutation in mutations if not copy.tried(mutation).findings]
    text = {survivor.path: (copy.root / survivor.path).read_text(encoding="utf-8") for survivor in survivors}
    assert len(mutations) >= 10
    assert [
        f"{survivor.kind} {survivor.path}" for survivor in survivors if not reason(survivor, text[survivor.path])
    ] == []
