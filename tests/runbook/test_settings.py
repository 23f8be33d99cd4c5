"""The settings file of an environment: what it may hold, what is refused and where, and which value counts at the door."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import yaml
from tests.conftest import CONTRACT, ROOT
from tests.runbook.settings_checkout import checkout, write

from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.layout import Layout
from deploybook.runbook.parameters import CHOSEN, check_parameters, fill_in
from deploybook.runbook.settings import Settings, load_settings
from deploybook.runbook.settings_schema import schema, schema_path, schema_text

# Untyped; it comes with openapi-core.
jsonschema = pytest.importorskip("jsonschema")

GOOD = """\
# yaml-language-server: $schema=settings.schema.json
environment: production
git_repository: acme/studio
bucket_name: acme-studio
deploy_minutes: 20
accounts:
  TURSO_ORGANIZATION: acme
  CLOUDFLARE_ACCOUNT_ID: "0123456789abcdef0123456789abcdef"
credentials:
  TURSO_API_TOKEN: op read op://deploy/turso/token
credentials_file: ~/studio.env
app:
  directory: ../studio
  ignore:
    - {rule: app-example, reason: The SDK reads it.}
"""
# What is wrong, and words of the answer. Each stands below the line `environment: production`.
WRONG = {
    "a misspelt name": (
        "git_repositry: acme/studio",
        "production.yaml:2: there is no parameter git_repositry. Did you",
    ),
    "a value that breaks its rule": ("bucket_name: Acme", "production.yaml:2: Parameter bucket_name is 'Acme'."),
    "a number for a text": ("bucket_name: 123", "Parameter bucket_name is 123. Give text"),
    "a truth value for a text": ("owner: no", "Parameter owner is False. Give text"),
    "a text for a number": ('deploy_minutes: "20"', "Parameter deploy_minutes is '20'. Give a whole number"),
    "a parameter of one run": ("rotate: true", "rotate is for one run"),
    "a mode": ("mode: apply", "mode is for one run"),
    "another deployment": ("redeploy: true", "redeploy is for one run"),
    "a value to take over": ("import_from: EXISTING_SECRET", "import_from is for one run"),
    "a credential": ("RENDER_API_KEY: hunter2", "RENDER_API_KEY is not a parameter, and its value does not belong"),
    "a variable": ("TURSO_AUTH_TOKEN: hunter2", "TURSO_AUTH_TOKEN is not a parameter"),
    "a token as a value": ("owner: rnd_ABCDEFGHIJKLMNOPQRSTUVWXYZ", "the value of owner looks like a secret"),
    "random characters as a value": ("owner: wFxQFVOEUrMGtydojdUVpe83", "the value of owner looks like a secret"),
    "a secret among the accounts": (
        "accounts: {RENDER_API_KEY: hunter2}",
        "RENDER_API_KEY is a secret: write the command",
    ),
    "an account with a blank": ('accounts: {TURSO_ORGANIZATION: "acme "}', "TURSO_ORGANIZATION contains white space"),
    "an account that is a number": ("accounts: {TURSO_ORGANIZATION: 12}", "TURSO_ORGANIZATION is not text"),
    "a token for a command": ("credentials: {RENDER_API_KEY: hunter2}", "a command has a program and an argument"),
    "a token in a command": ("credentials: {GITHUB_TOKEN: echo ghp_abcdefghijklmnop}", "a word of the command looks"),
    "a command for nobody": ("credentials: {RENDER_TOKEN: op read x}", "RENDER_TOKEN is not a credential"),
    "an application without a reason": ("app: {ignore: [{rule: app-example}]}", "app.ignore.0.reason is not right"),
    "an application of another form": ("app: {folder: ../studio}", "app.folder is not right"),
    "the same key twice": (
        "region: ohio\nregion: oregon",
        "production.yaml:3: region is set here again, and on line 2",
    ),
    "no YAML": ("owner: [", "production.yaml:3: this is not YAML"),
}


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return checkout(tmp_path)


def test_a_good_file_is_read_whole(layout: Layout) -> None:
    settings = write(layout, GOOD)
    assert settings.parameters == {"git_repository": "acme/studio", "bucket_name": "acme-studio", "deploy_minutes": 20}
    assert settings.accounts["TURSO_ORGANIZATION"] == "acme"
    assert settings.commands == {"TURSO_API_TOKEN": "op read op://deploy/turso/token"}
    assert settings.credentials_file == Path("~/studio.env").expanduser()


@pytest.mark.parametrize("case", WRONG)
def test_what_may_not_stand_in_it_is_refused_with_its_line(layout: Layout, case: str) -> None:
    line, words = WRONG[case]
    with pytest.raises(InvalidValue) as refused:
        write(layout, f"environment: production\n{line}\n")
    assert words in f"{refused.value}"
    assert "hunter2" not in f"{refused.value} {refused.value.hint}"


def test_every_problem_is_in_one_message(layout: Layout) -> None:
    with pytest.raises(InvalidValue) as refused:
        write(layout, "environment: production\nregion: mars\nbucket_name: Acme\nrotate: true\n")
    assert all(name in f"{refused.value}" for name in ("region", "bucket_name", "rotate"))


@pytest.mark.parametrize("text", ["region: ohio\n", "environment: production\n"])
def test_a_file_that_does_not_say_whose_it_is_is_refused(layout: Layout, text: str) -> None:
    with pytest.raises(InvalidValue, match="the line `environment: staging` is missing"):
        write(layout, text, "staging")


def test_a_device_that_never_ends_is_not_read(layout: Layout) -> None:
    (layout.root / "runbooks" / "parameters" / "production.yaml").symlink_to("/dev/zero")
    with pytest.raises(InvalidValue, match="is not a file"):
        load_settings(layout, CONTRACT, "production")


def test_a_dry_run_leaves_out_what_the_sandbox_does_not_have(layout: Layout) -> None:
    settings = write(layout, GOOD)
    assert "git_repository" not in settings.parameters_for(CONTRACT, rehearsal=True)
    assert settings.parameters_for(CONTRACT, rehearsal=True)["bucket_name"] == "acme-studio"


def opened(
    layout: Layout,
    settings: Settings,
    slug: str,
    *cells: str,
    rehearsal: bool = False,
    namespace: Mapping[str, object] = MappingProxyType({}),
) -> dict[str, object]:
    """The parameters of a runbook as its door leaves them, after cells that were executed before."""
    values: dict[str, object] = dict(namespace)
    for cell in cells:
        exec(cell, values)  # noqa: S102 - a cell
    values.pop("__builtins__", None)
    arguments = {"mode": "plan", "environment": "production"}
    check_parameters(CONTRACT, layout.notebook(slug), arguments, values, cells, settings)
    fill_in(CONTRACT, layout.notebook(slug), settings, values, cells, rehearsal=rehearsal)
    return values


PARAMETERS = 'bucket_name: str = ""\nlocation: str = ""'


def test_the_door_gives_a_notebook_the_settings_where_nobody_chose(layout: Layout) -> None:
    assert opened(layout, write(layout, GOOD), "r2", PARAMETERS)["bucket_name"] == "acme-studio"


@pytest.mark.parametrize("value", ["", "mine-alone"])
def test_a_value_that_is_injected_goes_before_the_settings(layout: Layout, value: str) -> None:
    values = opened(layout, write(layout, GOOD), "r2", PARAMETERS, f"bucket_name = {value!r}")
    assert values["bucket_name"] == value


def test_a_value_that_is_written_into_the_parameters_cell_goes_before_the_settings(layout: Layout) -> None:
    assert opened(layout, write(layout, GOOD), "r2", 'bucket_name: str = "mine"')["bucket_name"] == "mine"


def test_a_value_that_a_caller_chose_goes_before_the_settings(layout: Layout) -> None:
    chosen: dict[str, object] = {CHOSEN: frozenset({"bucket_name"}), "bucket_name": ""}
    assert opened(layout, write(layout, GOOD), "r2", namespace=chosen)["bucket_name"] == ""


def injected_by_papermill(text: str) -> str:
    """The cell that ``papermill -f`` adds for a file: every key of it."""
    return "\n".join(f"{name} = {value!r}" for name, value in yaml.safe_load(text).items())


@pytest.mark.parametrize("slug", CONTRACT.order())
def test_papermill_f_opens_every_section_with_the_whole_file(layout: Layout, slug: str) -> None:
    opened(layout, write(layout, GOOD), slug, injected_by_papermill(GOOD))


def test_papermill_f_in_a_dry_run_leaves_out_what_the_sandbox_does_not_have(layout: Layout) -> None:
    values = opened(layout, write(layout, GOOD), "render", injected_by_papermill(GOOD), rehearsal=True)
    assert values["git_repository"] == ""


def test_another_sections_parameter_that_is_not_the_settings_is_still_refused(layout: Layout) -> None:
    with pytest.raises(UnknownParameter, match="no parameter git_repository"):
        opened(layout, write(layout, GOOD), "r2", PARAMETERS, "git_repository = 'other/one'")


def test_the_committed_schema_is_todays() -> None:
    layout = Layout(ROOT)
    assert schema_path(layout).read_text() == schema_text(layout, CONTRACT)


@pytest.mark.parametrize(
    "case", [case for case in WRONG if not case.startswith(("a token", "random", "the same", "no YAML", "a variable"))]
)
def test_an_editor_underlines_what_is_refused(case: str) -> None:
    # By jsonschema, which editors' servers agree with; secrets and commands it cannot judge.
    validator = jsonschema.Draft202012Validator(schema(Layout(ROOT), CONTRACT))
    assert not validator.is_valid(yaml.safe_load(f"environment: production\n{WRONG[case][0]}\n"))


def test_an_editor_accepts_a_good_file() -> None:
    jsonschema.validate(yaml.safe_load(GOOD), json.loads(schema_text(Layout(ROOT), CONTRACT)))


def test_the_settings_that_the_guide_shows_are_good(layout: Layout) -> None:
    page = (ROOT / "docs" / "reference" / "parameters.md").read_text()
    example = page.partition("```yaml\n")[2].partition("```")[0]
    names = {"<GIT_REPOSITORY>": "acme/studio", "<TURSO_ORGANIZATION>": "acme"}
    for placeholder, name in names.items():
        example = example.replace(placeholder, name)
    assert write(layout, example).commands == {"RENDER_API_KEY": "op read op://deploy/render/key"}
