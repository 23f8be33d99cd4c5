"""What a run asks, shows and ends with: the plan before ``apply``, what only a person can copy, what is left, the next step."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from tests.conftest import CONTRACT
from tests.runbook.settings_checkout import checkout
from tests.runner.test_run import Pretended

from deploybook.cli import main
from deploybook.commands.outcome import outcome_lines
from deploybook.commands.preview import removal_lines
from deploybook.contract.shown_commands import Typed
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runner.plan import Plan
from deploybook.runner.report import CellResult, RunReport, SectionResult
from deploybook.state.ledger import Entry, Ledger, Proof, now
from deploybook.state.vault import Vault

HOOK = CONTRACT.variable("RENDER_DEPLOY_HOOK_URL")
HOOK_URL = "https://api.render.com/deploy/srv-canary?key=CANARY"
CREDENTIALS = {credential.name: "x" for credential in CONTRACT.credentials if not credential.optional} | {
    "CLOUDFLARE_ACCOUNT_ID": "0" * 32
}
ALL = CONTRACT.order()


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(tmp_path))
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return checkout(tmp_path)


def run(executor: Pretended, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["run", *arguments], executor=executor)
    assert isinstance(ended.value.code, int)
    return ended.value.code


class Remembering(Pretended):
    """Pretends, and keeps what each section was started with."""

    def __init__(self) -> None:
        super().__init__()
        self.jobs: list[Any] = []

    def start(self, job: Any) -> None:
        self.jobs.append(job)
        super().start(job)


def test_a_whole_apply_without_a_terminal_does_all_that_it_can_and_says_what_is_left(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    executor = Pretended()
    assert run(executor, "--mode", "apply", "--yes", "-p", "git_repository=acme/studio") == 2
    assert executor.started == [slug for slug in ALL if slug != "ci_cd"]
    printed = capsys.readouterr().out
    assert "left: RENDER_DEPLOY_HOOK_URL, which only you can copy (Render dashboard → the worker" in printed
    command = (
        "read -rs RENDER_DEPLOY_HOOK_URL && export RENDER_DEPLOY_HOOK_URL && deploybook run render ci_cd --mode apply"
    )
    assert f"  {command} -p git_repository acme/studio\n" in printed


def test_a_value_that_a_person_has_copied_is_proved_by_its_section_and_the_run_goes_on(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOOK.name, HOOK_URL)
    executor = Remembering()
    assert run(executor, "--mode", "apply", "--yes", "-p", "git_repository=acme/studio") == 0
    assert executor.started == [*(slug for slug in ALL if slug != "ci_cd"), "render", "ci_cd"]
    assert "import_from" not in executor.jobs[ALL.index("render")].parameters
    assert executor.jobs[-2].parameters["import_from"] == HOOK.name
    assert executor.jobs[-2].environ[HOOK.name] == HOOK_URL
    assert HOOK.name not in executor.jobs[-1].environ


def test_what_follows_a_copied_value_is_the_same_run_and_stands_in_the_same_report(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(HOOK.name, HOOK_URL)
    run(Remembering(), "--mode", "apply", "--yes", "-p", "git_repository=acme/studio")
    [path] = layout.runs.glob("*/report.json")
    report = json.loads(path.read_text())
    assert [section["slug"] for section in report["sections"]] == ALL
    assert {section["status"] for section in report["sections"]} == {"passed"}
    [render] = [section for section in report["sections"] if section["slug"] == "render"]
    assert [len(render["cells"]), render["seconds"]] == [2, 2.0]
    assert capsys.readouterr().out.count("executed copies and report:") == 1


def test_the_value_is_asked_for_once_all_else_has_passed_and_the_run_goes_on(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", TypedAnswers(f"not a hook\n{HOOK_URL}\n"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _: input())
    # So that what the question puts there goes with the test.
    monkeypatch.setenv(HOOK.name, "")
    executor = Remembering()
    assert run(executor, "--mode", "apply", "--yes", "-p", "git_repository=acme/studio") == 0
    assert executor.started[-3:] == ["end_to_end", "render", "ci_cd"]
    assert executor.jobs[-2].environ[HOOK.name] == HOOK_URL
    printed = capsys.readouterr().out
    assert "Press Enter to copy it later." in " ".join(printed.split())
    assert HOOK_URL not in printed


def test_a_section_whose_value_is_not_copied_is_not_run_and_says_so(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    run(Pretended(), "--mode", "apply", "--yes", "-p", "git_repository=acme/studio")
    [path] = layout.runs.glob("*/report.json")
    statuses = {section["slug"]: section["status"] for section in json.loads(path.read_text())["sections"]}
    assert statuses["ci_cd"] == "not-run"
    assert "ci_cd          – not-run\n" in capsys.readouterr().out


def test_where_the_worker_is_there_already_one_run_takes_the_copied_value_over(
    layout: Layout, monkeypatch: pytest.MonkeyPatch
) -> None:
    examples = {
        variable.name: SecretStr(variable.example)
        for variable in CONTRACT.variables
        if variable.section and variable != HOOK
    }
    Vault(layout.state, "production").put(examples)
    monkeypatch.setenv(HOOK.name, HOOK_URL)
    executor = Remembering()
    assert run(executor, "render", "ci_cd", "--mode", "apply", "--yes", "-p", "git_repository=acme/studio") == 0
    assert executor.started == ["render", "ci_cd"]
    assert executor.jobs[0].parameters["import_from"] == HOOK.name


def test_ci_cd_alone_without_the_hook_is_not_sent_back_to_a_command_that_does_not_help(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    examples = {
        variable.name: SecretStr(variable.example)
        for variable in CONTRACT.variables
        if variable.section and variable != HOOK
    }
    Vault(layout.state, "production").put(examples)
    assert run(Pretended(), "ci_cd", "--mode", "apply", "--yes", "-p", "git_repository=acme/studio") == 2
    printed = capsys.readouterr().err
    assert "hint: Copy it (Render dashboard → the worker → Settings → Deploy Hook), then run read -rs" in printed
    assert "deploybook run render ci_cd --mode apply" in printed


def test_a_parameter_of_one_run_is_offered_to_be_kept(layout: Layout, capsys: pytest.CaptureFixture[str]) -> None:
    run(Pretended(), "r2", "--mode", "plan", "-p", "bucket_name=acme-studio")
    assert "to keep it: deploybook init -p bucket_name=acme-studio" in capsys.readouterr().err
    run(Pretended(), "webhook_secret", "--mode", "plan", "-p", "rotate=true")
    assert "to keep it" not in capsys.readouterr().err


def test_a_plan_file_carries_its_sections_and_is_not_asked_about(layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    assert run(Pretended(), "r2", "--mode", "plan", "-p", "bucket_name=acme-studio", "--plan-out", str(path)) == 0
    executor = Remembering()
    assert run(executor, "--mode", "apply", "--plan", str(path)) == 0
    assert [job.parameters["mode"] for job in executor.jobs] == ["plan", "apply"]
    assert executor.jobs[1].parameters["bucket_name"] == "acme-studio"


def test_a_plan_of_another_environment_is_refused(layout: Layout, tmp_path: Path) -> None:
    path = tmp_path / "plan.json"
    run(Pretended(), "r2", "--mode", "plan", "--plan-out", str(path))
    executor = Pretended()
    assert run(executor, "--mode", "apply", "--environment", "staging", "--plan", str(path)) == 2
    assert executor.started == []


def plan_of(layout: Layout, mode: Mode, *sections: str, environment: str = "production") -> Plan:
    return Plan(layout, CONTRACT, mode, environment, sections or tuple(ALL))


def report_of(mode: Mode, outcome: str = "would create") -> RunReport:
    line = {"step": "resource", "outcome": outcome, "subject": "R2 bucket studio", "detail": "", "entry": ""}
    cells = [CellResult("bucket", 0.0, [line])]
    return RunReport(mode, "production", "", 0.0, "", [SectionResult("r2", "R2", "passed", cells=cells)])


def test_a_plan_that_changes_nothing_is_followed_by_verify_and_not_by_apply(layout: Layout) -> None:
    plan = plan_of(layout, Mode.PLAN, "r2")
    [line] = outcome_lines(plan, report_of(Mode.PLAN, "unchanged"), [])
    assert line == "next: deploybook run r2 --mode verify; the plan changes nothing"


@pytest.mark.parametrize(
    ("mode", "sections", "step"),
    [
        (Mode.DRY_RUN, (), "next: deploybook init, then deploybook run --mode plan"),
        (Mode.PLAN, ("r2",), "next: deploybook run r2 --mode apply"),
        (Mode.APPLY, ("r2",), "next: deploybook run --mode apply"),
        (Mode.APPLY, (), "next: deploybook run --mode verify"),
    ],
)
def test_a_run_ends_with_the_next_step(layout: Layout, mode: Mode, sections: tuple[str, ...], step: str) -> None:
    assert list(outcome_lines(plan_of(layout, mode, *sections), report_of(mode), [])) == [step]


@pytest.mark.parametrize(
    ("status", "step"),
    [
        ("failed", "next: after the fix, deploybook run r2"),
        ("incomplete", "next: deploybook run r2, once nothing blocks what was not tested"),
    ],
)
def test_only_what_failed_is_to_be_fixed(layout: Layout, status: str, step: str) -> None:
    section = SectionResult("r2", "R2", status, error={"exit_code": 4} if status == "failed" else None)
    report = RunReport(Mode.DRY_RUN, "production", "", 0.0, "", [section])
    assert list(outcome_lines(plan_of(layout, Mode.DRY_RUN, "r2"), report, [])) == [step]


def test_the_next_step_names_the_environment_and_what_was_typed_for_this_run(layout: Layout) -> None:
    typed = Typed({"owner": "a b", "redeploy": True}, declared={"render": {"owner", "redeploy"}})
    plan = replace(plan_of(layout, Mode.PLAN, environment="staging"), typed=typed)
    [line] = outcome_lines(plan, report_of(Mode.PLAN), [])
    assert line == "next: deploybook run --mode apply -p redeploy true -p owner 'a b' --environment staging"


def test_an_apply_ends_with_the_addresses_and_no_secret(layout: Layout) -> None:
    examples = {variable.name: SecretStr(variable.example) for variable in CONTRACT.variables if variable.section}
    Vault(layout.state, "production").put(examples)
    lines = "\n".join(outcome_lines(plan_of(layout, Mode.APPLY), report_of(Mode.APPLY), []))
    assert "NEXT_PUBLIC_APP_URL: https://studio-production.example.com" in lines
    assert HOOK_URL not in lines


def test_destroy_lists_what_goes_newest_first_and_what_stays(layout: Layout) -> None:
    ledger = Ledger(layout.state, "production")
    for name, proof in (("first", Proof.ANSWER), ("second", Proof.ANSWER), ("theirs", Proof.ADOPTED)):
        ledger.put(
            Entry(
                section="r2",
                kind="R2 bucket",
                name=name,
                id=f"id-{name}",
                environment="production",
                made_at=now(),
                run="me@here",
                proof=proof,
            )
        )
    Vault(layout.state, "production").put({"R2_BUCKET_NAME": SecretStr("studio")})
    lines = list(removal_lines(plan_of(layout, Mode.DESTROY, "r2")))
    assert lines[0] == "  = R2 bucket theirs (id-theirs), adopted: it stays"
    assert [line.split(",")[0] for line in lines[1:3]] == [
        "  - R2 bucket second (id-second)",
        "  - R2 bucket first (id-first)",
    ]
    assert lines[3] == "  - from the vault: R2_BUCKET_NAME"


def test_destroy_of_nothing_says_so(layout: Layout) -> None:
    assert "nothing: " in next(iter(removal_lines(plan_of(layout, Mode.DESTROY))))


class TypedAnswers(io.StringIO):
    """A terminal at which the answers are typed ahead."""

    def isatty(self) -> bool:
        """It is one."""
        return True


def test_apply_at_a_terminal_shows_the_plan_and_asks_once(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", TypedAnswers("y\n"))
    executor = Remembering()
    assert run(executor, "r2", "turso", "--mode", "apply") == 0
    assert [job.parameters["mode"] for job in executor.jobs] == ["plan", "plan", "apply", "apply"]
    printed = capsys.readouterr().out
    assert printed.index("Plan for production:") < printed.index("Change r2, turso of production in the real clouds?")


def test_an_apply_that_is_not_confirmed_changes_nothing(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", TypedAnswers("n\n"))
    executor = Remembering()
    assert run(executor, "r2", "--mode", "apply") == 130
    assert [job.parameters["mode"] for job in executor.jobs] == ["plan"]
    assert "Nothing was changed." in capsys.readouterr().out


def test_a_plan_that_fails_is_not_asked_about(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", TypedAnswers("y\n"))
    executor = Pretended(failing=("r2",))
    assert run(executor, "r2", "--mode", "apply") != 0
    assert executor.started == ["r2"]
    assert "Nothing was changed." in capsys.readouterr().out


@pytest.mark.parametrize(("answer", "kept"), [("y", True), ("n", False), ("", True)])
def test_what_was_given_for_one_run_is_kept_if_the_operator_says_so(
    layout: Layout, monkeypatch: pytest.MonkeyPatch, answer: str, kept: bool
) -> None:
    monkeypatch.setattr("sys.stdin", TypedAnswers(f"{answer}\n"))
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    run(Pretended(), "r2", "--mode", "plan", "-p", "bucket_name=acme-studio")
    path = layout.root / "runbooks" / "parameters" / "production.yaml"
    assert (path.exists() and "bucket_name: acme-studio\n" in path.read_text()) is kept
