"""The workflow file: what it says, how it is written over what is there, and how far it differs."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml
from tests.clouds.github.conftest import MAIN, PATH, Hands

from deploybook.clouds.connections import Connections
from deploybook.clouds.github import Target, WorkflowFile
from deploybook.clouds.github.resources import FileState, differing_lines
from deploybook.contract.model import load_contract
from deploybook.errors import Conflict, NotFound, PermissionDenied
from deploybook.layout import find_layout

SECRET = re.compile(r"\$\{\{ secrets\.([A-Z_]+) \}\}")


def parsed(workflow: WorkflowFile) -> dict[Any, Any]:
    document: dict[Any, Any] = yaml.safe_load(workflow.content)
    return document


def on_branch(workflow: WorkflowFile, clouds: Connections) -> FileState:
    present = workflow.read(clouds)
    assert present is not None
    return present


def test_it_runs_at_a_push_to_the_production_branch_one_at_a_time(workflow: WorkflowFile) -> None:
    document = parsed(WorkflowFile(Target("a/b", "1.0"), PATH))
    assert document[True]["push"] == {"branches": ["1.0"]}  # YAML 1.1 reads the key on as true
    assert document["concurrency"] == {"group": "deploy-production", "cancel-in-progress": False}
    jobs = parsed(workflow)["jobs"]
    assert [("needs" in job, "timeout-minutes" in job) for job in jobs.values()] == [(False, True)] * 2


def test_it_may_read_the_code_and_nothing_else(workflow: WorkflowFile) -> None:
    document = parsed(workflow)
    assert document["permissions"] == {"contents": "read"}
    assert document["jobs"]["worker"]["permissions"] == {}
    assert document["jobs"]["web"]["steps"][0]["with"] == {"persist-credentials": False}


def test_its_actions_are_pinned_by_commit_and_its_tools_by_version(workflow: WorkflowFile) -> None:
    text = workflow.content.decode()
    uses = re.findall(r"uses: (\S+)(.*)", text)
    assert len(uses) == 2
    for action, comment in uses:
        assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", action)
        assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment)
    assert set(re.findall(r"vercel(\S*) (?:pull|build|deploy)\b", text)) == {"@60.1.3"}


def test_it_reads_exactly_the_secrets_that_the_contract_sends_to_github(workflow: WorkflowFile) -> None:
    wanted = {variable.name for variable in load_contract(find_layout().contract).consumed_by("github")}
    assert set(SECRET.findall(workflow.content.decode())) == wanted


def test_no_command_holds_a_secret_and_the_build_gets_no_token(workflow: WorkflowFile) -> None:
    for job in parsed(workflow)["jobs"].values():
        for step in job["steps"]:
            assert "${{" not in step.get("run", ""), "a secret is a variable of the step, never a part of its command"
            if "VERCEL_TOKEN" in step.get("env", {}):
                assert " build" not in step["run"]
    assert "VERCEL_TOKEN" not in parsed(workflow)["jobs"]["web"]["env"]


def test_it_is_written_once_and_then_unchanged(hands: Hands, workflow: WorkflowFile) -> None:
    assert workflow.read(hands.clouds) is None
    made = workflow.create(hands.clouds)
    assert made.commit
    assert hands.writes() == [f"PUT /contents/{PATH}"]
    assert workflow.differences(on_branch(workflow, hands.clouds)) == []


def test_a_file_changed_by_hand_is_told_by_its_lines_and_set_back(hands: Hands, workflow: WorkflowFile) -> None:
    github = hands.clouds.github
    by_hand = workflow.content.replace(b"30", b"45") + b"# mine\n# and mine\n"
    github.put_file(MAIN.repository, PATH, "main", by_hand, "By hand")
    state = on_branch(workflow, hands.clouds)
    assert [str(difference) for difference in workflow.differences(state)] == [
        "content: 3 lines differ → as in the guide"
    ]
    updated = workflow.update(hands.clouds, state, [])
    assert updated.content == workflow.content
    assert updated.commit


@pytest.mark.parametrize(
    ("present", "count"),
    [(b"a\nb\n", 0), (b"a\n", 1), (b"a\nb", 1), (b"a\r\nb\r\n", 2), (b"x\na\nb\ny\n", 2), (b"\xff", 2)],
)
def test_differing_lines_are_counted(present: bytes, count: int) -> None:
    assert differing_lines(present, b"a\nb\n") == count


def test_a_byte_that_reads_the_same_is_still_a_difference() -> None:
    assert differing_lines(b"\xff\n", "\N{REPLACEMENT CHARACTER}\n".encode()) == 1


def test_a_write_whose_answer_is_lost_is_recognised(hands: Hands, workflow: WorkflowFile) -> None:
    hands.fault("lost-answer", method="PUT")
    made = workflow.create(hands.clouds)
    assert made.content == workflow.content
    assert made.commit
    state = FileState(made.sha, b"")
    other = WorkflowFile(Target("studio/app", "main"), PATH)
    other.content += b"# newer\n"
    hands.fault("lost-answer", method="PUT")
    assert other.update(hands.clouds, state, []).content == other.content


def test_a_file_changed_in_the_meantime_is_not_overwritten(hands: Hands, workflow: WorkflowFile) -> None:
    workflow.create(hands.clouds)
    stale = FileState("0" * 40, b"")
    other = WorkflowFile(MAIN, PATH)
    other.content += b"# newer\n"
    with pytest.raises(Conflict, match="does not match") as caught:
        other.update(hands.clouds, stale, [])
    assert "pull request" in caught.value.hint
    assert caught.value.entry == "ci-workflow-file"
    assert on_branch(workflow, hands.clouds).content == workflow.content


def test_a_token_without_workflows_is_told_what_to_tick(hands: Hands, workflow: WorkflowFile) -> None:
    with pytest.raises(PermissionDenied) as caught:
        workflow.create(hands.token(contents="write"))
    assert "Workflows: read and write" in caught.value.hint
    assert caught.value.entry == "ci-workflow-scope"


def test_a_branch_that_is_gone_is_told(clouds: Connections) -> None:
    with pytest.raises(NotFound) as caught:
        WorkflowFile(Target("studio/app", "gone"), PATH).create(clouds)
    assert caught.value.entry == "ci-workflow-file"


def test_it_is_removed_by_a_commit(clouds: Connections, workflow: WorkflowFile) -> None:
    workflow.create(clouds)
    workflow.delete(clouds, on_branch(workflow, clouds))
    assert workflow.read(clouds) is None
