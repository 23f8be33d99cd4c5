"""GitHub's answers as they are: lists of more than one page, and what an answer cannot do without."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from deploybook.clouds.api import Api
from deploybook.clouds.github.client import REFUSALS, GitHub, _explain
from deploybook.clouds.github.resources import FileState, WorkflowFile
from deploybook.clouds.github.runs import STATUSES, DeployRun, RunState
from deploybook.clouds.github.target import Target
from deploybook.clouds.resource import Change
from deploybook.clouds.waiting import Stage
from deploybook.errors import UnexpectedResponse


def client(answer: Callable[[httpx.Request], Any]) -> GitHub:
    transport = httpx.MockTransport(lambda request: httpx.Response(200, json=answer(request)))
    http = httpx.Client(base_url="https://api.github.com", transport=transport)
    return GitHub(Api("GitHub", http, _explain, "GITHUB_TOKEN", "GITHUB_API_URL", REFUSALS))


def pages(field: str, number: int) -> Callable[[httpx.Request], Any]:
    """A list of ``number`` entries in pages. Its total claims that all of them fit into the first page."""

    def page(request: httpx.Request) -> Any:
        size = int(request.url.params["per_page"])
        first = (int(request.url.params["page"]) - 1) * size
        return {"total_count": size, field: [{"name": f"N{each}"} for each in range(number)[first : first + size]]}

    return page


def test_a_secret_beyond_the_first_page_is_seen() -> None:
    assert len(client(pages("secrets", 250)).secrets("studio/app")) == 250


def test_a_job_beyond_the_first_page_is_seen() -> None:
    assert len(client(pages("jobs", 250)).jobs("studio/app", 1)) == 250


@pytest.mark.parametrize(
    ("ask", "body", "field"),
    [
        (lambda github: github.repository("o/r"), {"id": 1}, "full_name"),
        (lambda github: github.repository("o/r"), {"full_name": "o/r"}, "id"),
        (lambda github: github.branch("o/r", "main"), {"name": "main"}, "commit"),
        (lambda github: github.branch("o/r", "main"), {"commit": {}}, r"commit\.sha"),
        (lambda github: github.secrets("o/r"), {"secrets": [{}]}, r"secrets\.0\.name"),
        (lambda github: github.put_file("o/r", "p", "main", b"", "m"), {"content": None}, "commit"),
        (lambda github: github.run("o/r", 1), {"status": "queued"}, "id"),
        (lambda github: github.runs("o/r", "f", "main"), {"workflow_runs": [{}]}, r"workflow_runs\.0\.id"),
    ],
)
def test_what_an_answer_cannot_do_without_is_named(ask: Callable[[GitHub], object], body: Any, field: str) -> None:
    with pytest.raises(UnexpectedResponse, match=f"has no field {field}"):
        ask(client(lambda _: body))


@pytest.mark.parametrize("status", ["queued", "in_progress", "requested", "waiting", "pending"])
def test_every_status_on_the_way_is_waited_for(status: str) -> None:
    assert STATUSES.stage(status) is Stage.GOING_ON


def test_a_status_that_nobody_knows_ends_the_wait_and_is_named() -> None:
    run = {"id": 1, "status": "pondering", "html_url": "https://github.com/studio/app/actions/runs/1"}
    clouds: Any = SimpleNamespace(github=client(lambda _: run))
    workflow = WorkflowFile(Target("studio/app", "main"), ".github/workflows/deploy.yml")
    following = DeployRun(workflow, FileState("sha", b""))
    with pytest.raises(UnexpectedResponse, match="it is pondering, which is not known here"):
        following.update(clouds, RunState(1, "queued", "", ""), [Change("status", "queued", "completed")])
