"""All inputs at once: every missing or malformed credential, parameter and value of the selected sections, before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.conftest import CONTRACT, ROOT
from tests.runbook.settings_checkout import checkout, write

from deploybook.errors import InvalidValue, MissingVariable
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runner.inputs import find_problems, refuse_incomplete
from deploybook.runner.plan import Plan

ALL = tuple(CONTRACT.order())
REQUIRED = {each.name: "x" for each in CONTRACT.credentials if not each.optional} | {
    "CLOUDFLARE_ACCOUNT_ID": "0" * 32,
}
REPOSITORY = {slug: {"git_repository": "acme/studio"} for slug in ALL}


@pytest.fixture
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)


def plan_of(
    root: Path, mode: Mode, sections: tuple[str, ...] = ALL, parameters: Mapping[str, Mapping[str, object]] = REPOSITORY
) -> Plan:
    (root / "runbooks").symlink_to(ROOT / "runbooks")
    return Plan(Layout(root), CONTRACT, mode, "production", sections, parameters)


def refused(plan: Plan) -> tuple[str, str]:
    with pytest.raises((MissingVariable, InvalidValue)) as error:
        refuse_incomplete(plan)
    assert error.value.exit_code == 2
    return str(error.value), error.value.hint


@pytest.mark.parametrize("mode", [Mode.PLAN, Mode.APPLY, Mode.VERIFY, Mode.DESTROY])
def test_from_an_empty_shell_every_credential_is_named_with_where_it_is_made(tmp_path: Path, mode: Mode) -> None:
    message, hint = refused(plan_of(tmp_path, mode, parameters={}))
    for credential in CONTRACT.credentials:
        assert f"{credential.name} is not set" in message
        assert credential.made_at in message
    assert "VERCEL_TEAM_ID is not set either, which is only right where a personal account" in message
    assert "no request was sent" in message
    assert hint.startswith("Run deploybook init: ")


@pytest.mark.parametrize(
    ("mode", "sections"),
    [
        (Mode.PLAN, "vercel, render, ci_cd"),
        (Mode.APPLY, "vercel, render, ci_cd"),
        (Mode.VERIFY, "render, ci_cd"),
    ],
)
@pytest.mark.usefixtures("credentials")
def test_a_parameter_that_sections_cannot_do_without_is_named_once(tmp_path: Path, mode: Mode, sections: str) -> None:
    problems = find_problems(plan_of(tmp_path, mode, parameters={}))
    assert [problem.line() for problem in problems if "git_repository" in problem.message] == [
        f"git_repository is not set ({sections}). From: The application's GitHub repository as OWNER/NAME."
    ]


@pytest.mark.usefixtures("credentials")
def test_a_section_that_has_another_source_needs_no_repository(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, Mode.PLAN, ("vercel",), {"vercel": {"web_source": "web"}})
    assert find_problems(plan) == []


@pytest.mark.usefixtures("credentials")
def test_malformed_credentials_are_all_named_and_never_quoted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("RENDER_API_KEY", "rnd_hunter2 "),
        ("VERCEL_TEAM_ID", "hunter2"),
        ("GITHUB_TOKEN", "\u201chunter2\u201d"),
    ):
        monkeypatch.setenv(name, value)
    message, _ = refused(plan_of(tmp_path, Mode.PLAN))
    for words in (
        "RENDER_API_KEY contains white space",
        "VERCEL_TEAM_ID is not a team's id",
        "GITHUB_TOKEN contains left double quotation mark",
    ):
        assert words in message
    assert "hunter2" not in message


@pytest.mark.usefixtures("credentials")
def test_a_whole_apply_from_an_empty_vault_lacks_nothing(tmp_path: Path) -> None:
    assert find_problems(plan_of(tmp_path, Mode.APPLY)) == []


@pytest.mark.usefixtures("credentials")
def test_a_part_of_an_apply_names_every_value_of_the_vault_and_who_makes_it(tmp_path: Path) -> None:
    message, hint = refused(plan_of(tmp_path, Mode.APPLY, ("modal", "vercel")))
    assert "R2_BUCKET_NAME is not in the vault of production (modal, vercel)" in message
    assert "TURSO_AUTH_TOKEN is not in the vault of production (vercel)" in message
    assert hint == "Run deploybook run r2 turso webhook_secret --mode apply first."


@pytest.mark.usefixtures("credentials")
def test_a_new_clone_with_settings_and_no_vault_is_told_where_the_values_are(tmp_path: Path) -> None:
    layout = checkout(tmp_path)
    write(layout, "environment: production\n")
    _, hint = refused(Plan(layout, CONTRACT, Mode.VERIFY, "production", ALL, REPOSITORY))
    copied = "If another checkout made production, copy its .deploybook/production.* here: they are not in git."
    assert hint.startswith(copied)


@pytest.mark.usefixtures("credentials")
def test_a_value_that_is_broken_and_one_that_is_missing_stand_in_one_message(tmp_path: Path) -> None:
    plan = plan_of(tmp_path, Mode.APPLY, ("modal",))
    plan.vault.put({"R2_BUCKET_NAME": SecretStr("NOT A BUCKET")})
    message, hint = refused(plan)
    assert "R2_BUCKET_NAME in the vault of production has the wrong form" in message
    assert "R2_ACCOUNT_ID is not in the vault" in message
    assert "deploybook env set R2_BUCKET_NAME" in hint


def test_a_source_that_did_not_give_a_credential_says_why(tmp_path: Path) -> None:
    problems = find_problems(plan_of(tmp_path, Mode.PLAN, ("render",)), {"RENDER_API_KEY": "its command `op` failed"})
    assert problems[0].message == "RENDER_API_KEY is not set: its command `op` failed"


@pytest.mark.usefixtures("credentials")
def test_destroy_needs_no_credential_that_a_section_only_passes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VERCEL_TOKEN")
    assert find_problems(plan_of(tmp_path, Mode.DESTROY, ("ci_cd",))) == []
    assert find_problems(Plan(Layout(tmp_path), CONTRACT, Mode.DESTROY, "production", ("vercel",))) != []


def test_a_dry_run_needs_nothing(tmp_path: Path) -> None:
    assert find_problems(plan_of(tmp_path, Mode.DRY_RUN, parameters={})) == []
