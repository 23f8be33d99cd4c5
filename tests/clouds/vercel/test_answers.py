"""Vercel's answers as they are: states that end a wait, lists of more than one page, and refusals. Each from a public report."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploybook.clouds import vercel
from deploybook.clouds.api import Api
from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import Change
from deploybook.clouds.vercel import schema as vercel_schema
from deploybook.clouds.vercel import watch
from deploybook.clouds.vercel.client import Vercel
from deploybook.clouds.vercel.deployment import DeploymentState
from deploybook.clouds.vercel.project import ProjectState
from deploybook.clouds.vercel.refusals import REFUSALS, explain
from deploybook.errors import Conflict, PermissionDenied, RateLimited, ServiceError, UnexpectedResponse
from deploybook.state.last_writes import LastWrites
from deploybook.state.pins import Account, Pins

Answer = Callable[[httpx.Request], httpx.Response]
CHANGE = Change("state", "BUILDING", "READY")
CREATED = 1_786_496_876_996


def client(answer: Answer) -> Vercel:
    transport = httpx.Client(base_url="https://api.vercel.com", transport=httpx.MockTransport(answer))
    return Vercel(Api("Vercel", transport, explain, "VERCEL_TOKEN", "VERCEL_API_URL", REFUSALS), "team_1")


def said(body: Any, status: int = 200) -> Answer:
    return lambda _: httpx.Response(status, json=body)


class Clouds:
    """Connections with Vercel alone, which answers as a test says."""

    def __init__(self, answer: Answer) -> None:
        self.vercel = client(answer)


def deployment(**fields: Any) -> dict[str, Any]:
    return {"id": "dpl_1", "createdAt": CREATED, "readyState": "READY", "aliasAssigned": False, "meta": {}, **fields}


def follow(answers: list[dict[str, Any]], *, automatic: bool = True, minutes: int = 15) -> DeploymentState:
    """Wait for a deployment that changes with each answer; the last one stays."""

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/events"):
            return httpx.Response(200, json=[None, {"type": "stdout", "created": 1, "text": "npm run build"}])
        return httpx.Response(200, json=answers.pop(0) if len(answers) > 1 else answers[0])

    project = ProjectState("prj_1", "team_1", auto_assigns_domains=automatic)
    variables = vercel.Variables("web", project, {}, LastWrites(Path(), "production"))
    waiting = vercel.Deployment("web", project, vercel.Source("studio/web"), variables, minutes=minutes)
    clouds: Any = Clouds(answer)
    return waiting.update(clouds, DeploymentState("dpl_1", "BUILDING", CREATED), [CHANGE])


@pytest.fixture(autouse=True)
def instantly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sleeps finds the time gone by at once."""
    clock = [0.0]
    monkeypatch.setattr("time.sleep", lambda seconds: clock.__setitem__(0, clock[0] + seconds))
    monkeypatch.setattr("time.monotonic", lambda: clock[0])


def test_a_failure_is_reported_where_the_builds_log_cannot_be_read() -> None:
    failed = vercel_schema.DeploymentAnswer.model_validate(deployment(readyState="ERROR", errorMessage="npm failed"))
    error = watch.failed(client(said({"error": {"code": "forbidden", "message": "No"}}, 403)), failed)
    assert error.message == "Vercel's deployment failed: npm failed."


def test_ready_and_assigned_is_the_end() -> None:
    states = [deployment(readyState="QUEUED"), deployment(readyState="BUILDING"), deployment(aliasAssigned=True)]
    assert follow(states).state == "READY"


def test_a_deployment_is_staged_for_a_moment_before_it_is_given_the_domains() -> None:
    states = [deployment(readySubstate="STAGED"), deployment(aliasAssigned=True, readySubstate="PROMOTED")]
    assert follow(states).state == "READY"


@pytest.mark.parametrize(("automatic", "longest"), [(True, 70), (False, 0)])
def test_a_deployment_that_stays_staged_ends_the_wait_with_the_reason(automatic: bool, longest: int) -> None:
    """vercel/vercel#14935."""
    began = time.monotonic()
    with pytest.raises(Conflict, match="dpl_1 is ready and staged") as caught:
        follow([deployment(readySubstate="STAGED")], automatic=automatic)
    assert caught.value.entry == "vercel-staged"
    assert time.monotonic() - began <= longest


def test_a_state_that_nobody_knows_ends_the_wait_and_is_named() -> None:
    with pytest.raises(UnexpectedResponse, match="a state that deploybook does not know: PONDERING"):
        follow([deployment(readyState="PONDERING")])


def test_a_part_of_ready_that_nobody_knows_ends_the_wait_and_is_named() -> None:
    with pytest.raises(UnexpectedResponse, match="a state that deploybook does not know: HALFWAY"):
        follow([deployment(readySubstate="HALFWAY")])


@pytest.mark.parametrize("state", ["ERROR", "BLOCKED", "CANCELED", "DELETED"])
def test_every_bad_end_ends_the_wait(state: str) -> None:
    with pytest.raises(UnexpectedResponse, match=f"it ended as {state}"):
        follow([deployment(readyState=state)])


def test_every_reason_that_vercel_gives_is_shown() -> None:
    ended = deployment(
        readyState="ERROR",
        errorCode="BUILD_FAILED",
        errorMessage="Command exited with 1.",
        errorStep="buildStep",
        readyStateReason="The team is blocked",
        aliasError={"code": "x", "message": "the name is held"},
        checksConclusion="failed",
    )
    with pytest.raises(UnexpectedResponse) as caught:
        follow([ended])
    said_in = "failed in buildStep: Command exited with 1; the name is held; The team is blocked; its checks failed."
    assert said_in in caught.value.message
    assert "Last lines of the build: npm run build" in caught.value.message


def test_one_that_goes_on_too_long_says_in_which_state_and_why() -> None:
    slow = deployment(readyState="QUEUED", readyStateReason="Other builds of the team are before it")
    with pytest.raises(UnexpectedResponse, match=r"still QUEUED \(Other builds .*\) after 1 minutes") as caught:
        follow([slow], minutes=1)
    assert caught.value.entry == "vercel-deployment-slow"


def paged(rows: list[dict[str, Any]], name: str, page: int) -> Answer:
    """A list that comes in pages of ``page``, newest first, as Vercel's do."""

    def answer(request: httpx.Request) -> httpx.Response:
        until = float(request.url.params.get("until") or "inf")
        older = [row for row in rows if row["createdAt"] < until]
        following = older[page - 1]["createdAt"] if len(older) > page else None
        return httpx.Response(
            200, json={name: older[:page], "pagination": {"count": 1, "next": following, "prev": None}}
        )

    return answer


def test_a_domain_beyond_the_first_page_is_seen() -> None:
    """saleor/cli#251: 26 there, 20 seen, and the wrong one picked."""
    rows = [
        {"name": f"{number:02}.example.com", "verified": True, "redirect": "app.example.com", "createdAt": 100 - number}
        for number in range(25)
    ]
    rows.append({"name": "app.example.com", "verified": True, "createdAt": 1})
    one = client(paged(rows, "domains", 20))
    assert len(one.domains("prj_1")) == 26
    assert vercel.production_url(one, ProjectState("prj_1", "team_1")) == "https://app.example.com"


def test_variables_on_every_page_are_seen() -> None:
    rows = [{"key": f"V{number}", "type": "plain", "createdAt": 100 - number} for number in range(45)]
    assert len(client(paged(rows, "envs", 20)).variables("prj_1")) == 45


def test_a_ready_deployment_behind_a_page_of_failures_is_found() -> None:
    rows: list[dict[str, Any]] = [
        {"uid": f"dpl_{number}", "readyState": "ERROR", "created": 100 - number, "createdAt": 100 - number}
        for number in range(30)
    ]
    rows.append({"uid": "dpl_ready", "readyState": "READY", "created": 1, "createdAt": 1})
    deployments = client(paged(rows, "deployments", 20)).production_deployments("prj_1")
    assert len(deployments) == 31
    assert deployments[-1].id == "dpl_ready"


def test_a_list_that_never_ends_is_an_error() -> None:
    endless = said({"domains": [], "pagination": {"count": 20, "next": 5, "prev": None}})
    with pytest.raises(UnexpectedResponse, match="could not list the domains: its list does not end"):
        client(endless).domains("prj_1")


def test_an_id_is_one_part_of_a_path() -> None:
    paths: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        paths.append(request.url.raw_path)
        return httpx.Response(200, json={"envs": []})

    client(answer).variables("https://example.com/x")
    assert paths == [b"/v10/projects/https:%2F%2Fexample.com%2Fx/env?decrypt=true"]


def refused(status: int, code: str, message: str, **more: Any) -> ServiceError:
    body = {"error": {"code": code, "message": message, **more}}
    with pytest.raises(ServiceError) as caught:
        client(said(body, status)).create_deployment({})
    return caught.value


def test_a_free_days_deployments_are_a_limit_that_says_when_it_ends() -> None:
    """vercel/vercel#17426."""
    limit = {"total": 100, "remaining": 0, "reset": CREATED}
    error = refused(402, "api-deployments-free-per-day", "Resource is limited - try again in 24 hours", limit=limit)
    assert type(error) is RateLimited
    assert error.entry == "vercel-limits"
    assert "by 2026-08-12 01:07 UTC at the latest" in error.hint
    assert "Resource is limited - try again in 24 hours (402, code api-deployments-free-per-day)" in error.message


def test_a_limit_that_gives_no_time_is_a_limit_all_the_same() -> None:
    error = refused(402, "api-deployments-free-per-day", "Resource is limited")
    assert "run this again later, or choose a paid plan" in error.hint


@pytest.mark.parametrize(
    ("status", "code", "message", "more", "kind", "entry"),
    [
        # saleor/cli#246
        (
            400,
            "incorrect_git_source_info",
            "The repository can't be found",
            {},
            UnexpectedResponse,
            "vercel-repository",
        ),
        # saleor/cli#323
        (
            400,
            "bad_request",
            "To link a GitHub repository, you need to install the GitHub integration first.",
            {},
            UnexpectedResponse,
            "vercel-repository",
        ),
        (400, "bad_request", "The name is too long", {}, UnexpectedResponse, "unexpected-response"),
        (402, "payment_required", "The invoice is overdue", {}, PermissionDenied, "vercel-limits"),
        (403, "forbidden", "Not authorized", {"saml": True}, PermissionDenied, "vercel-team"),
        (403, "forbidden", "Not authorized", {}, PermissionDenied, "permission-missing"),
    ],
)
def test_a_refusal_leads_to_its_own_entry_and_keeps_vercels_words(
    status: int, code: str, message: str, more: dict[str, Any], kind: type[ServiceError], entry: str
) -> None:
    error = refused(status, code, message, **more)
    assert type(error) is kind
    assert error.entry == entry
    assert message.rstrip(".") in error.message


def test_a_request_that_is_asked_too_often_says_when_to_ask_again() -> None:
    error = refused(429, "rate_limited", "The rate limit of 120 exceeded", limit={"reset": CREATED // 1000})
    assert type(error) is RateLimited
    assert "after 2026-08-12 01:07:56 UTC" in error.hint


@pytest.mark.parametrize(
    ("linked", "repo_id", "desired", "change"),
    [
        ("studio/app", 77, "Studio/App", ""),
        # Renamed at GitHub: Vercel has the new name, the settings still have the one that the environment was made with.
        ("studio/web", 77, "studio/app", ""),
        ("studio/web", 78, "studio/app", "repository: studio/web → studio/app"),
        ("studio/app", 77, "studio/web", "repository: studio/app → studio/web"),
    ],
)
def test_a_renamed_repository_is_known_by_its_id(
    tmp_path: Path, linked: str, repo_id: int, desired: str, change: str
) -> None:
    project, state = linked_project(tmp_path, linked, repo_id, desired)
    assert "".join(str(each) for each in project.differences(state)) == change


def test_a_new_name_that_cannot_be_compared_is_said_to_be_one(tmp_path: Path) -> None:
    project, state = linked_project(tmp_path, "studio/app", 77, "studio/web")
    with pytest.raises(Conflict) as caught:
        project.update(Connections({}), state, project.differences(state))
    assert caught.value.hint.endswith("or set git_repository to studio/app if studio/web is its new name.")


def linked_project(folder: Path, linked: str, repo_id: int, desired: str) -> tuple[vercel.Project, ProjectState]:
    """A project with the link that Vercel answers, in an environment whose repository is studio/app with the id 77."""
    owner, _, name = linked.partition("/")
    link = {"type": "github", "org": owner, "repo": name, "repoId": repo_id}
    pins = Pins(folder, "production")
    pins.put("github", Account(id="77", name="studio/app"))
    clouds = Connections({}, pins)
    clouds.vercel = client(said({"id": "prj_1", "accountId": "team_1", "framework": "nextjs", "link": link}))
    project = vercel.Project("web", repository=desired)
    state = project.read(clouds)
    assert state is not None
    return project, state
