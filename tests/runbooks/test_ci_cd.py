"""The CI/CD runbook from the command line, with a project and a worker that were made beside it; its runs really deploy both."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from nacl.public import PublicKey, SealedBox
from pydantic import SecretStr
from tests.conftest import RunningSandbox
from tests.runbooks.conftest import Finished, Guide
from tests.runbooks.killing import hold, taken
from tests.waiting import until

from deploybook.state.vault import Vault

PATH = ".github/workflows/deploy.yml"
NAMES = ("RENDER_DEPLOY_HOOK_URL", "VERCEL_ORG_ID", "VERCEL_PROJECT_ID", "VERCEL_TOKEN")
SECRET_WRITES = [f"PUT /actions/secrets/{name}" for name in NAMES]


@dataclass
class Hands:
    """The operator's own hands at the three providers."""

    sandbox: RunningSandbox
    github: httpx.Client
    vercel: httpx.Client
    render: httpx.Client
    project: str
    hook: str

    def seal(self, name: str, value: str) -> None:
        key = self.github.get("/actions/secrets/public-key").json()
        sealed = SealedBox(PublicKey(base64.b64decode(key["key"]))).encrypt(value.encode())
        body = {"encrypted_value": base64.b64encode(sealed).decode(), "key_id": key["key_id"]}
        self.github.put(f"/actions/secrets/{name}", json=body).raise_for_status()

    def secrets(self) -> list[str]:
        return [secret["name"] for secret in self.github.get("/actions/secrets").json()["secrets"]]

    def push(self, path: str, content: bytes) -> None:
        answer = self.github.get(f"/contents/{path}")
        body = {"message": "By hand", "content": base64.b64encode(content).decode()}
        body |= {"sha": answer.json()["sha"]} if answer.status_code == 200 else {}
        self.github.put(f"/contents/{path}", json=body).raise_for_status()

    def workflow(self) -> bytes:
        return base64.b64decode(self.github.get(f"/contents/{PATH}").json()["content"])

    def production(self) -> int:
        params = {"projectId": self.project, "target": "production"}
        return len(self.vercel.get("/v6/deployments", params=params).json()["deployments"])

    def hooked(self) -> int:
        service = re.findall(r"srv-[a-z0-9]+", self.hook)[0]
        deploys = self.render.get(f"/services/{service}/deploys").json()
        return sum(deploy["deploy"]["trigger"] == "deploy_hook" for deploy in deploys)

    def runs_end(self) -> None:
        """Wait until no run of a workflow is going on: a push by hand starts one too."""

        def ended() -> bool:
            runs = self.github.get("/actions/runs").json()["workflow_runs"]
            return bool(runs) and all(run["status"] == "completed" for run in runs)

        until(ended, "the end of every run")

    def writes(self) -> list[str]:
        """GitHub's writing requests since the last time, secrets in the order of their names."""
        entries = [f"{entry['method']} {entry['path']}" for entry in self.sandbox.journal("github") if entry["writes"]]
        self.sandbox.control.delete("/journal")
        return sorted((entry.replace("/repos/studio/app", "") for entry in entries), key=lambda each: PATH in each)


def client(sandbox: RunningSandbox, provider: str, credential: str, path: str = "") -> httpx.Client:
    headers = {"Authorization": f"Bearer {sandbox.exports[credential]}"}
    return httpx.Client(base_url=sandbox.exports[f"{provider}_API_URL"] + path, headers=headers, trust_env=False)


def made_by_hand(vercel: httpx.Client, render: httpx.Client, origin: str) -> tuple[str, str]:
    """A Vercel project's id, and the deploy hook of a Render worker."""
    project = vercel.post("/v11/projects", json={"name": "web", "framework": "nextjs"}).json()["id"]
    details: dict[str, Any] = {"runtime": "docker", "plan": "starter", "region": "oregon"}
    details |= {"envSpecificDetails": {"dockerfilePath": "Dockerfile", "dockerContext": "."}}
    owner = render.get("/owners").json()[0]["owner"]["id"]
    body: dict[str, Any] = {"type": "background_worker", "name": "worker", "ownerId": owner, "serviceDetails": details}
    body |= {"repo": "https://github.com/studio/app", "branch": "main", "autoDeploy": "no"}
    answer = render.post("/services", json=body)
    assert answer.status_code == 201, answer.text
    page = render.get(f"{origin}/dashboard/{answer.json()['service']['id']}/settings").text
    hook = re.search(r'<code id="deploy-hook">([^<]+)<', page)
    assert hook
    return project, hook[1].replace("&amp;", "&")


@pytest.fixture
def hands(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[Hands]:
    running = start_sandbox("vercel", "render", "github")
    running.reset()
    with (
        client(running, "GITHUB", "GITHUB_TOKEN", "/repos/studio/app") as github,
        client(running, "VERCEL", "VERCEL_TOKEN") as vercel,
        client(running, "RENDER", "RENDER_API_KEY") as render,
    ):
        vercel.params = vercel.params.set("teamId", running.exports["VERCEL_TEAM_ID"])
        project, hook = made_by_hand(vercel, render, running.exports["RENDER_API_URL"].removesuffix("/v1"))
        running.control.delete("/journal")
        yield Hands(running, github, vercel, render, project, hook)
    running.control.delete("/faults")


@pytest.fixture
def prepared(guide: Guide, hands: Hands) -> Guide:
    """A checkout whose vault has what the Vercel and Render sections record."""
    values = {"VERCEL_ORG_ID": hands.sandbox.exports["VERCEL_TEAM_ID"], "VERCEL_PROJECT_ID": hands.project}
    values |= {"RENDER_DEPLOY_HOOK_URL": hands.hook}
    Vault(guide.root / ".deploybook", "production").put({name: SecretStr(value) for name, value in values.items()})
    return guide


def run(guide: Guide, hands: Hands, mode: str, *more: str, **changed: str) -> Finished:
    typed = "production\n" if mode == "destroy" else ""
    arguments = ("--yes",) if mode == "apply" else ()
    return guide.run(
        "run", "ci_cd", "--mode", mode, *arguments, *more, env=hands.sandbox.exports | changed, typed=typed
    )


def test_plan_apply_apply_verify_destroy(prepared: Guide, hands: Hands) -> None:
    planned = run(prepared.with_kernels, hands, "plan")
    assert planned.code == 0
    assert planned.outcomes("resource") == ["would create"] * 6
    assert hands.writes() == []

    first = run(prepared.with_kernels, hands, "apply")
    assert first.code == 0, first.output
    assert first.outcomes("resource") == ["create"] * 6, first.output
    assert sorted(hands.writes()) == sorted([*SECRET_WRITES, f"PUT /contents/{PATH}"])
    assert hands.production() == 1
    assert hands.hooked() == 1

    for mode in ("apply", "plan", "verify"):
        again = run(prepared, hands, mode)
        assert again.code == 0, again.output
        assert set(again.outcomes("resource")) == {"unchanged"}, again.output
        assert hands.writes() == [], again.output
    assert hands.production() == 1
    assert hands.hooked() == 1

    destroyed = run(prepared.with_kernels, hands, "destroy", VERCEL_TOKEN="", RENDER_API_KEY="")
    assert destroyed.code == 0, destroyed.output
    assert destroyed.outcomes("resource") == ["delete"] * 5, destroyed.output
    assert hands.secrets() == []
    assert hands.github.get(f"/contents/{PATH}").status_code == 404
    assert hands.production() == 1
    assert hands.hooked() == 1

    exports = hands.sandbox.exports
    written = prepared.written() | {prepared.root / "terminal": planned.output + first.output + destroyed.output}
    for secret in (exports["VERCEL_TOKEN"], exports["GITHUB_TOKEN"], exports["RENDER_API_KEY"], hands.hook):
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert [path for path, text in written.items() if form in text] == []


def test_what_was_changed_by_hand_is_named_and_repaired(prepared: Guide, hands: Hands) -> None:
    assert run(prepared, hands, "apply").code == 0
    original = hands.workflow()
    hands.seal("VERCEL_PROJECT_ID", "prj_other")
    hands.github.delete("/actions/secrets/RENDER_DEPLOY_HOOK_URL").raise_for_status()
    hands.push(PATH, original.replace(b"cancel-in-progress: false", b"cancel-in-progress: true"))
    hands.runs_end()
    hands.writes()

    planned = run(prepared, hands, "plan")
    assert planned.code == 0
    assert hands.writes() == []
    assert "content: 1 line differs → as in the guide" in planned.output
    verified = run(prepared, hands, "verify")
    assert verified.code == 4
    assert hands.writes() == []
    for sentence in (
        "GitHub secret VERCEL_PROJECT_ID of studio/app — value: set elsewhere since, on ",
        "GitHub secret RENDER_DEPLOY_HOOK_URL of studio/app — it does not exist",
        "content: 1 line differs",
        "failure in job w",
    ):
        assert sentence in verified.output, verified.output
    assert "GitHub secret VERCEL_TOKEN of studio/app" not in verified.failed()

    refused = run(prepared, hands, "apply")
    assert refused.code == 2
    assert "was written by somebody else since, and was not changed" in refused.output
    assert "--adopt 'GitHub secret/VERCEL_PROJECT_ID of studio/app'" in refused.output
    assert not [write for write in hands.writes() if write.endswith("VERCEL_PROJECT_ID")]
    applied = run(prepared, hands, "apply", "--adopt", "GitHub secret/VERCEL_PROJECT_ID of studio/app")
    assert applied.code == 0, applied.output
    assert hands.workflow() == original
    verified = run(prepared, hands, "verify")
    assert verified.code == 0, verified.output
    assert set(verified.outcomes("resource")) == {"unchanged"}, verified.output


def test_a_failing_run_is_told_by_job_and_step(prepared: Guide, hands: Hands) -> None:
    hands.render.delete(f"/services/{re.findall(r'srv-[a-z0-9]+', hands.hook)[0]}").raise_for_status()
    applied = run(prepared, hands, "apply")
    assert applied.code == 4
    assert applied.failed() == ["its latest run succeeded in both jobs"]
    assert 'ended as failure in job worker, step "Start the worker\'s deploy"' in applied.output
    assert "troubleshooting.md#ci-render" in applied.output
    assert hands.hook.partition("key=")[2] not in applied.output


def test_a_green_run_that_deployed_nothing_is_not_believed(prepared: Guide, hands: Hands) -> None:
    assert run(prepared, hands, "apply").code == 0
    other = hands.vercel.post("/v11/projects", json={"name": "other", "framework": "nextjs"}).json()["id"]
    Vault(prepared.root / ".deploybook", "production").put({"VERCEL_PROJECT_ID": SecretStr(other)})
    verified = run(prepared, hands, "verify")
    assert "since the run began, Vercel has deployed the web app" in verified.failed()
    assert "GitHub secret VERCEL_PROJECT_ID of studio/app" in verified.failed()


def test_what_was_there_before_is_set_when_taken_over_and_never_removed(prepared: Guide, hands: Hands) -> None:
    hands.seal("VERCEL_TOKEN", "by hand")
    hands.push(PATH, b"name: mine\non: {workflow_dispatch: }\njobs: {a: {runs-on: x, steps: []}}\n")
    hands.writes()
    refused = run(prepared, hands, "apply")
    assert refused.code == 2
    assert "--adopt 'GitHub workflow/.github/workflows/deploy.yml of studio/app@main'" in refused.output
    assert not [write for write in hands.writes() if write.endswith(("VERCEL_TOKEN", "deploy.yml"))]
    names = ("GitHub secret/VERCEL_TOKEN of studio/app", f"GitHub workflow/{PATH} of studio/app@main")
    applied = run(prepared, hands, "apply", *(word for name in names for word in ("--adopt", name)))
    assert applied.code == 0, applied.output
    assert re.search(
        "GitHub secret VERCEL_TOKEN of studio/app — value: set on .*, not by this clone → written", applied.output
    )
    destroyed = run(prepared, hands, "destroy")
    assert destroyed.code == 0
    assert hands.secrets() == ["VERCEL_TOKEN"]
    assert b"vercel@" in hands.workflow()


def test_a_run_killed_while_it_waits_goes_on_where_it_was(prepared: Guide, hands: Hands) -> None:
    hold(hands.sandbox, service="github", kind="slow", path=".*/actions/runs/[0-9]+")
    with prepared.start("run", "ci_cd", "--mode", "apply", "--yes", env=hands.sandbox.exports) as process:
        taken(hands.sandbox)
        process.kill()
    hands.sandbox.control.delete("/faults", params={"held": "dropped"}).raise_for_status()
    assert hands.writes() != []
    hands.runs_end()
    again = run(prepared, hands, "apply")
    assert again.code == 0, again.output
    assert set(again.outcomes("resource")) == {"unchanged"}, again.output
    assert hands.writes() == [], again.output
    assert run(prepared, hands, "destroy").outcomes("resource") == ["delete"] * 5


@pytest.mark.parametrize(
    ("arguments", "changed", "code", "sentence"),
    [
        (("-p", "git_repository", "studio"), {}, 2, "Parameter git_repository is 'studio'."),
        (("-p", "workflow_path", "deploy.yml"), {}, 2, "Parameter workflow_path is 'deploy.yml'."),
        (("-p", "production_branch", "gone"), {}, 3, "studio/app has no branch gone."),
        ((), {"GITHUB_REPOSITORY": ""}, 2, "Neither git_repository nor GITHUB_REPOSITORY is set."),
        ((), {"GITHUB_TOKEN": ""}, 2, "GITHUB_TOKEN is not set."),
        ((), {"GITHUB_TOKEN": "github_pat_wrong"}, 3, "Bad credentials"),
        ((), {"VERCEL_TOKEN": ""}, 2, "VERCEL_TOKEN is not set."),
        ((), {"VERCEL_TOKEN": "canary\n"}, 2, "VERCEL_TOKEN contains white space."),
    ],
)
def test_bad_input_is_refused_before_anything_is_written(
    prepared: Guide, hands: Hands, arguments: tuple[str, ...], changed: dict[str, str], code: int, sentence: str
) -> None:
    result = run(prepared, hands, "apply", *arguments, **changed)
    assert result.code == code, result.output
    assert sentence in result.output, result.output
    assert "hint: " in result.output
    assert "Traceback" not in result.output
    assert hands.writes() == []


def test_a_lone_dry_run_makes_what_it_needs_and_deploys_it(guide: Guide) -> None:
    parameters = ("-p", "git_repository", "example/studio", "-p", "production_branch", "release")
    result = guide.run("run", "ci_cd", *parameters)
    assert result.code == 0, result.output
    assert set(result.outcomes("resource", "check")) == {"create", "passed"}, result.output
    assert "since the run began, the deploy hook has deployed the worker — dep-" in result.output
