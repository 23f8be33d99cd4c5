"""Runs that a page starts: what their process is given, what they ask, how they end, and what is kept."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serve.conftest import Served
from tests.waiting import until

from deploybook.layout import Layout
from deploybook.runner.event_log import FILE

TOKEN = "cfat_0123456789abcdef0123456789abcdef0123"
ACCOUNT = "0123456789abcdef0123456789abcdef"
PLAN = {"do": "say", "line": {"kind": "plan", "lines": ["nothing to change"]}}


def asks(**about: Any) -> dict[str, Any]:
    return {"do": "ask", "line": {"question": 1, **about}}


def start(client: httpx.Client, environment: str, mode: str = "plan", *sections: str) -> str:
    answer = client.post("/-/runs", json={"environment": environment, "mode": mode, "sections": sections})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["run"])


def keep(client: httpx.Client, environment: str, **values: str) -> dict[str, str]:
    answer = client.post("/-/inputs", json={"environment": environment, "values": values})
    problems: dict[str, str] = answer.json()["problems"]
    return problems


def test_a_run_is_the_command_line_and_its_credentials_are_in_its_environment_alone(
    client: httpx.Client, served: Served
) -> None:
    served.script()
    assert (
        keep(client, "words", CLOUDFLARE_API_TOKEN=TOKEN, bucket_name="my-bucket", git_repository="acme/studio") == {}
    )
    served.ended(start(client, "words", "apply", "r2"))
    received = served.told()
    assert received["words"] == [
        *("run", "r2", "--dialogue", "--mode", "apply", "--environment", "words"),
        *("-p", "bucket_name=my-bucket"),
    ]
    assert received["environ"]["CLOUDFLARE_API_TOKEN"] == TOKEN
    assert TOKEN not in json.dumps(received["words"])


def test_the_doctor_is_given_what_was_typed_too(client: httpx.Client, served: Served) -> None:
    served.script({"do": "say", "line": {"causes": []}})
    keep(client, "ill", git_repository="acme/studio")
    assert client.post("/-/doctor", json={"environment": "ill"}).json() == {"causes": []}
    assert served.told()["words"] == ["doctor", "--json", "-p", "git_repository=acme/studio", "--environment", "ill"]


def test_one_environments_credentials_are_not_anothers(client: httpx.Client, served: Served) -> None:
    served.script()
    keep(client, "first", CLOUDFLARE_API_TOKEN=TOKEN)
    served.ended(start(client, "second", "plan", "r2"))
    assert "CLOUDFLARE_API_TOKEN" not in served.told()["environ"]


def test_what_was_typed_is_in_no_file_no_answer_and_no_address(
    client: httpx.Client, served: Served, layout: Layout
) -> None:
    keep(client, "quiet", CLOUDFLARE_API_TOKEN=TOKEN, CLOUDFLARE_ACCOUNT_ID=ACCOUNT)
    served.script({"do": "say", "line": {"kind": "outcome", "lines": [f"the provider said {TOKEN}"]}})
    run = start(client, "quiet", "plan", "r2")
    assert TOKEN not in json.dumps(served.ended(run))
    state = client.get("/-/state", params={"environment": "quiet"})
    assert {each["name"]: each["from"] for each in state.json()["credentials"]}["CLOUDFLARE_API_TOKEN"] == "typed here"
    assert TOKEN not in state.text
    # The pretended program writes its own environment down, and its script holds what a provider would say.
    for own in served.program.glob("*.json"):
        own.unlink()
    for path in layout.root.rglob("*"):
        if path.is_file() and not path.is_symlink():
            assert TOKEN not in path.read_text(errors="replace"), path


def test_a_credential_without_its_form_is_refused_and_not_repeated(client: httpx.Client) -> None:
    problems = keep(client, "form", CLOUDFLARE_ACCOUNT_ID="not-an-account-id", CLOUDFLARE_API_TOKEN="two words")
    assert problems.keys() == {"CLOUDFLARE_ACCOUNT_ID", "CLOUDFLARE_API_TOKEN"}
    assert "not-an-account-id" not in json.dumps(problems)
    assert "two words" not in json.dumps(problems)


@pytest.mark.parametrize("name", ["PATH", "LD_PRELOAD", "PYTHONPATH", "DEPLOYBOOK_HOME", "CLOUDFLARE_API_URL"])
def test_nothing_but_a_credential_or_a_parameter_reaches_a_process(client: httpx.Client, name: str) -> None:
    answer = client.post("/-/inputs", json={"environment": "other", "values": {name: "/tmp/evil"}})
    assert answer.status_code == 409


@pytest.mark.parametrize(
    "body",
    [
        {"environment": "production", "mode": "apply", "sections": ["--yes"]},
        {"environment": "--yes", "mode": "apply"},
        {"environment": "../evil", "mode": "apply"},
        {"environment": "production", "mode": "everything"},
        {"environment": "production", "mode": "apply", "yes": True},
        {"mode": "apply"},
        [],
    ],
)
def test_no_option_is_smuggled_into_the_command_line(client: httpx.Client, served: Served, body: object) -> None:
    served.script()
    assert client.post("/-/runs", json=body).status_code in {400, 409}
    assert served.records() == []


@pytest.mark.parametrize(
    "named", [{"entry": "--help"}, {"entry": "cors --json"}, {"entry": "cors", "sections": ["--environment=other"]}]
)
def test_none_is_smuggled_into_an_explanation(client: httpx.Client, served: Served, named: dict[str, object]) -> None:
    served.script()
    assert client.post("/-/explain", json={"environment": "production", **named}).status_code == 400
    assert served.records() == []


def test_a_question_is_answered_once_and_the_answer_reaches_the_run(client: httpx.Client, served: Served) -> None:
    served.script(PLAN, asks(ask="apply"))
    run = start(client, "asked", "apply", "r2")
    until(lambda: any(line["kind"] == "question" for line in served.lines(run)), "the question")
    answer = {"question": 1, "answer": True}
    assert client.post(f"/-/runs/{run}/answer", json=answer | {"question": 2}).status_code == 409
    assert client.post(f"/-/runs/{run}/answer", json=answer).status_code == 200
    assert client.post(f"/-/runs/{run}/answer", json=answer).status_code == 409
    assert [line["kind"] for line in served.ended(run)] == ["run", "plan", "question", "answered", "ended"]
    assert served.answers() == [{"answer": True}]


def test_a_secret_that_is_typed_as_an_answer_is_masked_from_then_on(client: httpx.Client, served: Served) -> None:
    secret = "https://api.render.com/deploy/srv-0123456789?key=abcdefghijk"
    served.script(asks(ask="value", name="RENDER_DEPLOY_HOOK_URL", secret=True), {"do": "echo"})
    run = start(client, "masked", "apply", "render")
    until(lambda: any(line["kind"] == "question" for line in served.lines(run)), "the question")
    client.post(f"/-/runs/{run}/answer", json={"question": 1, "answer": secret})
    lines = served.ended(run)
    assert served.answers() == [{"answer": secret}]
    assert lines[-2]["lines"] == ["it was ••••••"]


def test_a_run_goes_on_when_its_page_is_closed_and_another_page_finds_all_of_it(
    client: httpx.Client, served: Served
) -> None:
    served.script({"do": "say", "line": {"kind": "section_started", "section": "r2"}}, asks(ask="apply"))
    run = start(client, "closed", "apply", "r2")
    for _ in range(2):
        with client.stream("GET", "/-/feed") as feed:
            lines = (json.loads(line[6:]) for line in feed.iter_lines() if line.startswith('data: {"kind'))
            mine = [
                next(line for line in lines if line["run"] == run and line["kind"] == kind)
                for kind in ("run", "question")
            ]
        assert mine[0]["environment"] == "closed"
    client.post(f"/-/runs/{run}/answer", json={"question": 1, "answer": False})
    assert served.ended(run)[-1]["exit_code"] == 0


def test_a_page_that_was_cut_off_goes_on_behind_the_last_line_that_it_had(client: httpx.Client, served: Served) -> None:
    served.script({"do": "say", "line": {"kind": "outcome", "lines": ["late"]}})
    run = start(client, "behind", "plan", "r2")
    served.ended(run)
    last = len(served.workshop.feed.lines())
    with client.stream("GET", "/-/feed", headers={"Last-Event-ID": str(last - 1)}) as feed:
        line = next(line for line in feed.iter_lines() if line.startswith("data: "))
    assert json.loads(line[6:])["kind"] == "ended"


def test_a_second_run_of_an_environment_is_refused_while_one_goes_on_and_it_can_be_stopped(
    client: httpx.Client, served: Served
) -> None:
    served.script({"do": "wait"})
    run = start(client, "busy", "apply")
    answer = client.post("/-/runs", json={"environment": "busy", "mode": "plan"})
    assert answer.status_code == 409
    assert answer.json()["message"] == "A run of busy is in progress (apply)."
    until(served.records, "its process")
    assert client.post(f"/-/runs/{run}/stop", json={}).status_code == 200
    assert [line["kind"] for line in served.ended(run)] == ["run", "run_done", "ended"]
    assert client.post(f"/-/runs/{run}/stop", json={}).status_code == 409


def test_a_process_that_ends_without_a_word_leaves_its_last_ones_without_terminal_escapes(
    client: httpx.Client, served: Served
) -> None:
    served.script(
        {"do": "noise", "text": 'no JSON, and ["kind"]'},
        {"do": "complain", "text": "\x1b[31mMemoryError\x1b[0m\x1b]0;owned\x07"},
        {"do": "end", "code": 1},
    )
    run = start(client, "crashed", "plan", "r2")
    assert served.ended(run)[-1] == {"kind": "ended", "run": run, "exit_code": 1, "words": "MemoryError\n"}


def test_a_providers_words_are_passed_on_as_text_and_its_escapes_are_not(client: httpx.Client, served: Served) -> None:
    event = {"outcome": "failed", "subject": "<img src=x onerror=alert(1)>\x1b[2J", "detail": "\u202egpj.exe"}
    served.script({"do": "say", "line": {"kind": "event", "section": "r2", "cell": "verify", "event": event}})
    run = start(client, "markup", "plan", "r2")
    event_sent = served.ended(run)[1]["event"]
    assert event_sent["subject"] == "<img src=x onerror=alert(1)>"
    assert event_sent["detail"] == "gpj.exe"


def test_a_run_of_the_command_line_is_told_too_and_so_is_its_end(served: Served, layout: Layout) -> None:
    folder = layout.runs / "20260102T030405Z-apply"
    folder.mkdir(parents=True)
    path: Path = folder / FILE

    def write(**line: object) -> None:
        with path.open("a") as file:
            file.write(json.dumps(line) + "\n")

    write(kind="run_started", mode="apply", environment="elsewhere", sections=["r2"], pid=os.getpid())
    write(kind="section_started", section="r2")
    until(lambda: len(served.lines(folder.name)) == 3, "what stands there")
    about = served.lines(folder.name)[0]
    assert (about["own"], about["environment"], about["sections"]) == (False, "elsewhere", ["r2"])
    write(kind="run_done", exit_code=0)
    assert [line["kind"] for line in served.ended(folder.name)][-2:] == ["run_done", "ended"]


def test_a_command_whose_page_went_away_is_ended(served: Served) -> None:
    served.script({"do": "wait"})

    async def scenario() -> None:
        task = asyncio.create_task(served.workshop.command("doctor", "--json", environment="production"))
        while not served.records():
            await asyncio.sleep(0.02)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(scenario())
    # By itself the program would wait for a minute.
    with pytest.raises(ProcessLookupError):
        os.kill(served.told()["pid"], 0)
