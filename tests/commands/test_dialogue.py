"""``deploybook run --dialogue``: a program asks and answers in place of a terminal, under the same rules."""

from __future__ import annotations

import io
import json
import os
from typing import Any

import pytest
from tests.commands.test_run_plan import HOOK, HOOK_URL, Remembering, layout
from tests.runner.test_run import Pretended

from deploybook.cli import main
from deploybook.layout import Layout
from deploybook.runner.event_log import FILE

__all__ = ["layout"]

APPLY = ("--mode", "apply", "-p", "git_repository=acme/studio")


def talk(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    executor: Pretended,
    *arguments: str,
    answers: tuple[object, ...] = (),
) -> tuple[int, list[dict[str, Any]]]:
    """A run with these answers: its exit code, and what it said."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(json.dumps({"answer": each}) + "\n" for each in answers)))
    with pytest.raises(SystemExit) as ended:
        main(["run", "--dialogue", *arguments], executor=executor)
    assert isinstance(ended.value.code, int)
    # Every line is JSON: nothing else is said on standard output.
    return ended.value.code, [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def kinds(lines: list[dict[str, Any]]) -> list[str]:
    return list(dict.fromkeys(line["kind"] for line in lines))


def test_apply_shows_its_plan_asks_and_is_carried_out(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = Remembering()
    code, lines = talk(capsys, monkeypatch, executor, "r2", *APPLY[:2], answers=(True,))
    assert code == 0
    assert [job.parameters["mode"] for job in executor.jobs] == ["plan", "apply"]
    order = [line["kind"] for line in lines]
    assert order.index("plan") < order.index("question") < len(order) - 1 - order[::-1].index("run_started")
    assert [line["status"] for line in lines if line["kind"] == "section_done"] == ["passed", "passed"]
    assert lines[-1]["kind"] == "outcome"


@pytest.mark.parametrize("answers", [(False,), (None,), ("yes",), (1,), ()])
def test_apply_changes_nothing_without_a_plain_yes(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, answers: tuple[object, ...]
) -> None:
    executor = Remembering()
    code, _ = talk(capsys, monkeypatch, executor, "r2", *APPLY[:2], answers=answers)
    assert code == 130
    assert [job.parameters["mode"] for job in executor.jobs] == ["plan"]


def test_a_plan_that_failed_is_not_asked_about(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, lines = talk(capsys, monkeypatch, Pretended(failing=["r2"]), "r2", *APPLY[:2], answers=(True,))
    assert code == 3
    assert "question" not in kinds(lines)
    [section] = [line for line in lines if line["kind"] == "section_done"]
    assert section["error"]["entry"] == "not-found"


@pytest.mark.parametrize(("typed", "code"), [("production", 0), ("prod", 2), (None, 2)])
def test_destroy_goes_by_the_name_that_was_typed(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, typed: object, code: int
) -> None:
    executor = Remembering()
    ended, lines = talk(capsys, monkeypatch, executor, "r2", "--mode", "destroy", answers=(typed,))
    assert ended == code
    assert bool(executor.jobs) == (code == 0)
    assert (lines[-1]["kind"] == "refused") == (code != 0)


def test_a_value_that_a_person_copies_is_asked_for_again_until_it_has_its_form_and_is_never_repeated(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # So that what the question puts there goes with the test.
    monkeypatch.setenv(HOOK.name, "")
    executor = Remembering()
    answers = (True, "not-a-hook-but-a-secret", HOOK_URL)
    code, lines = talk(capsys, monkeypatch, executor, *APPLY, answers=answers)
    assert code == 0
    assert executor.started[-2:] == ["render", "ci_cd"]
    assert executor.jobs[-2].environ[HOOK.name] == HOOK_URL
    questions = [line for line in lines if line["kind"] == "question" and line["ask"] == "value"]
    assert [(line["name"], line["secret"], line["where"]) for line in questions] == [
        (HOOK.name, True, HOOK.copied_from)
    ] * 2
    assert [line["kind"] for line in lines].count("rejected") == 1
    assert "not-a-hook" not in json.dumps(lines)
    assert HOOK_URL not in json.dumps(lines)


def test_what_is_missing_is_told_by_name_and_nothing_starts(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VERCEL_TOKEN")
    executor = Pretended()
    code, lines = talk(capsys, monkeypatch, executor, "vercel", "--mode", "plan")
    assert code == 2
    assert executor.started == []
    assert kinds(lines) == ["missing", "refused"]
    assert {problem["name"] for problem in lines[0]["problems"]} == {"VERCEL_TOKEN", "git_repository"}
    assert "VERCEL_TOKEN is not set" in lines[1]["message"]


def test_a_refusal_shows_no_secret(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "a1b2c3d4e5f6a7b8"
    monkeypatch.setenv("VERCEL_TOKEN", secret)
    _, lines = talk(capsys, monkeypatch, Pretended(), "vercel", "--mode", "plan", "-p", f"git_repository={secret}")
    assert lines[-1]["kind"] == "refused"
    assert secret not in json.dumps(lines)


def test_others_can_read_what_a_run_says_beside_its_report(
    layout: Layout, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, lines = talk(capsys, monkeypatch, Pretended(), "r2", "--mode", "plan")
    [path] = layout.runs.glob(f"*/{FILE}")
    written = [json.loads(line) for line in path.read_text().splitlines()]
    assert written[0] == {
        "kind": "run_started",
        "mode": "plan",
        "environment": "production",
        "sections": ["r2"],
        "pid": os.getpid(),
    }
    assert written[-1] == {"kind": "run_done", "exit_code": 0}
    assert written[1:-1] == [line for line in lines if line["kind"] not in {"run_started", "run_done", "outcome"}]
