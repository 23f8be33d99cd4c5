"""The client: who it is, what a refusal tells, what is never sent, pages, and a limit that looks like a refusal."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from tests.clouds.github.conftest import MAIN, PATH, Hands

from deploybook.clouds.connections import Connections
from deploybook.clouds.github import (
    Target,
    WorkflowFile,
    branch_is_there,
    last_run,
    secrets_can_be_listed,
    target,
    token_sees_repository,
)
from deploybook.errors import (
    DeploybookError,
    InvalidValue,
    MissingVariable,
    NotFound,
    PermissionDenied,
    RateLimited,
    Unauthorized,
)
from deploybook.state.pins import Account

FORBIDDEN = '{"message": "You have exceeded a secondary rate limit. Please wait.", "status": "403"}'
ARCHIVED = '{"id": 1, "full_name": "studio/app", "archived": true, "disabled": false, "private": true}'


def test_the_preflight_reads_and_writes_nothing(hands: Hands, workflow: WorkflowFile) -> None:
    github = hands.clouds.github
    assert token_sees_repository(github, MAIN) == "studio/app, private"
    assert branch_is_there(github, MAIN) == ""
    assert secrets_can_be_listed(github, MAIN) == "0 there"
    assert last_run(github, workflow) == "none yet"
    assert hands.writes() == []


def test_an_unknown_token_is_named_by_its_variable(hands: Hands) -> None:
    stranger = hands.connect(hands.sandbox, GITHUB_TOKEN="github_pat_" + "0" * 82)
    with pytest.raises(Unauthorized, match=r"Bad credentials \(401\)") as caught:
        token_sees_repository(stranger.github, MAIN)
    assert "GITHUB_TOKEN" in caught.value.hint


def test_a_repository_that_the_token_does_not_cover_is_told_so(clouds: Connections) -> None:
    with pytest.raises(NotFound) as caught:
        token_sees_repository(clouds.github, Target("studio/other", "main"))
    assert "Repository access" in caught.value.hint
    assert caught.value.entry == "ci-repository"


def test_an_archived_repository_is_refused(hands: Hands) -> None:
    hands.fault("status", path="/repos/studio/app", status=200, body=ARCHIVED)
    with pytest.raises(DeploybookError, match="is archived") as caught:
        token_sees_repository(hands.clouds.github, MAIN)
    assert caught.value.entry == "ci-repository"


def test_an_absent_branch_is_refused_by_name(clouds: Connections) -> None:
    with pytest.raises(NotFound, match=r"studio/app has no branch feature/x\."):
        branch_is_there(clouds.github, Target("studio/app", "feature/x"))


def test_a_missing_permission_is_named_before_anything_is_changed(hands: Hands, workflow: WorkflowFile) -> None:
    with pytest.raises(PermissionDenied) as listing:
        secrets_can_be_listed(hands.token(contents="read", actions="read").github, MAIN)
    assert listing.value.hint.endswith("give it Secrets: read, for this repository.")
    with pytest.raises(PermissionDenied) as reading:
        last_run(hands.token(contents="read", secrets="read").github, workflow)
    assert reading.value.hint.endswith("give it Actions: read, for this repository.")


def test_a_refused_write_says_what_to_tick(hands: Hands) -> None:
    reader = hands.token(secrets="read", contents="read").github
    with pytest.raises(PermissionDenied) as setting:
        reader.put_secret(MAIN.repository, "A", SecretStr("canary"))
    assert "Secrets: read and write" in setting.value.hint
    with pytest.raises(PermissionDenied) as writing:
        reader.put_file(MAIN.repository, "x.txt", "main", b"x", "x")
    assert "Contents: read and write" in writing.value.hint


def test_alternatives_and_several_permissions_are_told_apart(hands: Hands) -> None:
    headers = {"X-Accepted-GitHub-Permissions": "pull_requests=write,contents=read; issues=read"}
    hands.fault("status", status=403, headers=headers, body='{"message": "Resource not accessible"}')
    with pytest.raises(PermissionDenied) as caught:
        hands.clouds.github.secrets(MAIN.repository)
    assert "give it Pull requests: read and write and Contents: read, or Issues: read, for" in caught.value.hint


def test_a_limit_answered_as_403_is_a_limit(hands: Hands) -> None:
    hands.fault("status", status=403, body=FORBIDDEN)
    with pytest.raises(RateLimited, match="secondary rate limit"):
        hands.clouds.github.secrets(MAIN.repository)


def test_secrets_are_listed_over_pages(clouds: Connections, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deploybook.clouds.github.client.PAGE", 2)
    for number in range(5):
        clouds.github.put_secret(MAIN.repository, f"S{number}", SecretStr("canary"))
    assert list(clouds.github.secrets(MAIN.repository)) == ["S0", "S1", "S2", "S3", "S4"]


def test_a_file_longer_than_a_line_of_base64_comes_back_whole(clouds: Connections) -> None:
    content = "übung\r\n".encode() * 50
    clouds.github.put_file(MAIN.repository, "a folder/ü.txt", "main", content, "x")
    file = clouds.github.file(MAIN.repository, "a folder/ü.txt", "main")
    assert file is not None
    assert file[1] == content


def test_a_folder_is_no_file(clouds: Connections) -> None:
    clouds.github.put_file(MAIN.repository, "folder/x", "main", b"x", "x")
    with pytest.raises(DeploybookError, match="is not a file, or is too large"):
        clouds.github.file(MAIN.repository, "folder", "main")


def test_the_repository_is_the_given_one_else_the_environments(hands: Hands) -> None:
    github = hands.clouds.github
    assert target(github, "", "main") == Target("studio/app", "main")
    assert target(github, "example/studio", "main").repository == "example/studio"
    unnamed = hands.connect(hands.sandbox, GITHUB_REPOSITORY="").github
    with pytest.raises(MissingVariable, match="git_repository"):
        target(unnamed, "", "main")
    odd = hands.connect(hands.sandbox, GITHUB_REPOSITORY="studio/app/../other").github
    with pytest.raises(InvalidValue, match="GITHUB_REPOSITORY"):
        target(odd, "", "main")


def test_a_repository_that_was_renamed_keeps_the_name_that_the_records_have(hands: Hands) -> None:
    github = hands.clouds.github
    github.home = Account(id=str(github.repository("studio/app").id), name="studio/once")
    where = target(github, "studio/app", "main")
    assert where == Target("studio/app", "main", "studio/once")
    assert WorkflowFile(where, PATH).name == f"{PATH} of studio/once@main"


@pytest.mark.parametrize("repository", ["studio/app", "studio/other"])
def test_another_repository_has_a_name_of_its_own(hands: Hands, repository: str) -> None:
    hands.clouds.github.home = Account(id="1", name="studio/once")
    assert target(hands.clouds.github, repository, "main").recorded == repository


def test_in_a_dry_run_the_sandboxs_repository_has_the_operators_branch(clouds: Connections) -> None:
    chosen = target(clouds.github, "example/studio", "release/production", stand_in=True)
    assert chosen == Target("studio/app", "release/production")
    assert branch_is_there(clouds.github, chosen) == ""
