"""The operator's own application: where a dry run finds it, and what the sections learn of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sandboxes import CONTRACT

from deploybook.commands.own_app import app_directory, app_parameters, live_parameters, with_its_deployments
from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runbook.settings import Settings

SECTIONS = ("r2", "modal", "vercel", "render")


def settings(folder: Path, **parameters: object) -> Settings:
    return Settings(folder / "production.yaml", "production", parameters)


def test_the_option_goes_before_the_settings_file(tmp_path: Path) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "other").mkdir()
    file = tmp_path / "runbooks/parameters/production.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("environment: production\napp:\n  directory: own\n")
    layout = Layout(tmp_path)
    assert app_directory(layout, "production", None, Mode.DRY_RUN) == tmp_path / "own"
    assert app_directory(layout, "production", tmp_path / "other", Mode.DRY_RUN) == tmp_path / "other"
    assert app_directory(layout, "staging", None, Mode.DRY_RUN) is None


@pytest.mark.parametrize(
    ("chosen", "run"),
    [
        (["end_to_end"], ["r2", "turso", "modal", "webhook_secret", "vercel", "render", "end_to_end"]),
        (["render"], ["render"]),
        (["r2", "turso"], ["r2", "turso"]),
    ],
)
def test_what_tests_the_application_runs_after_the_sections_that_deploy_it(
    chosen: list[str], run: list[str], tmp_path: Path
) -> None:
    assert with_its_deployments(tmp_path, CONTRACT, chosen) == run
    assert with_its_deployments(None, CONTRACT, chosen) == chosen


def test_a_live_run_takes_none(tmp_path: Path) -> None:
    assert app_directory(Layout(tmp_path), "production", None, Mode.APPLY) is None
    with pytest.raises(InvalidValue, match="--app needs a dry run"):
        app_directory(Layout(tmp_path), "production", tmp_path, Mode.APPLY)


def test_a_folder_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidValue, match="There is no folder"):
        app_directory(Layout(tmp_path), "production", tmp_path / "absent", Mode.DRY_RUN)


def test_the_sections_deploy_its_folder_as_the_settings_describe_it(tmp_path: Path) -> None:
    own = settings(tmp_path, root_directory="apps/web", app_path="render/app.py", git_repository="owner/name")
    assert app_parameters(tmp_path, own, SECTIONS, "render") == {
        "root_directory": "apps/web",
        "web_source": str(tmp_path),
        "app_path": str(tmp_path / "render/app.py"),
        "deploy_directory": str(tmp_path / "render"),
    }
    assert app_parameters(tmp_path, own, ("r2",), ".") == {}
    assert app_parameters(None, own, SECTIONS, ".") == {}


def test_a_live_run_deploys_the_render_app_from_the_folder_that_the_settings_say(tmp_path: Path) -> None:
    file = tmp_path / "runbooks/parameters/production.yaml"
    file.parent.mkdir(parents=True)
    file.write_text("environment: production\napp:\n  directory: studio\n")
    layout, own = Layout(tmp_path), settings(tmp_path, app_path="studio/modal_app/app.py")
    assert live_parameters(layout, "production", own, SECTIONS, {}) == {"deploy_directory": str(tmp_path / "studio")}
    assert live_parameters(layout, "production", own, SECTIONS, {"deploy_directory": "studio/modal_app"}) == {}
    # The sample's own file lies elsewhere.
    assert live_parameters(layout, "production", own, SECTIONS, {"app_path": "runbooks/modal_app/app.py"}) == {}
    assert live_parameters(layout, "staging", own, SECTIONS, {}) == {}
