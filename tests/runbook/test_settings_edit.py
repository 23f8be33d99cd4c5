"""A settings file is changed a line at a time: comments and order stay, and what cannot be added is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.conftest import CONTRACT
from tests.runbook.settings_checkout import checkout, write

from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.runbook.settings_edit import Kept, keep

WRITTEN = """\
# ours
environment: production

region: ohio   # near us
accounts:
  # the company's
  TURSO_ORGANIZATION: acme
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return checkout(tmp_path)


def text(layout: Layout) -> str:
    return (layout.root / "runbooks" / "parameters" / "production.yaml").read_text()


def test_a_new_file_names_its_schema_and_its_environment(layout: Layout) -> None:
    keep(layout, CONTRACT, "production", Kept({"git_repository": "acme/studio"}))
    assert text(layout) == (
        "# yaml-language-server: $schema=settings.schema.json\nenvironment: production\ngit_repository: acme/studio\n"
    )


def test_what_a_person_wrote_stays(layout: Layout) -> None:
    write(layout, WRITTEN)
    keep(
        layout,
        CONTRACT,
        "production",
        Kept(
            {"region": "oregon", "deploy_minutes": 20},
            {"VERCEL_TEAM_ID": "team_x"},
            {"RENDER_API_KEY": "pass studio/render"},
            "~/studio.env",
        ),
    )
    assert text(layout) == (
        "# ours\nenvironment: production\n\nregion: oregon\ndeploy_minutes: 20\ncredentials_file: ~/studio.env\n"
        "accounts:\n  VERCEL_TEAM_ID: team_x\n  # the company's\n  TURSO_ORGANIZATION: acme\n"
        "credentials:\n  RENDER_API_KEY: pass studio/render\n"
    )


@pytest.mark.parametrize("value", ["no", "0123", "a: b", "it's", '"quoted"', "# none", " padded ", "ü"])
def test_a_value_comes_back_as_it_was_given(layout: Layout, value: str) -> None:
    assert keep(layout, CONTRACT, "production", Kept({"owner": value})).parameters["owner"] == value


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (WRITTEN, Kept({"owner": "rnd_ABCDEFGHIJKLMNOPQRSTUVWXYZ"})),
        (WRITTEN, Kept(commands={"RENDER_API_KEY": "echo rnd_ABCDEFGHIJKLMNOPQRSTUVWXYZ"})),
        (
            "environment: production\naccounts: {TURSO_ORGANIZATION: acme}\n",
            Kept(accounts={"VERCEL_TEAM_ID": "team_x"}),
        ),
        ("{environment: production}\n", Kept({"region": "ohio"})),
    ],
)
def test_what_may_not_or_cannot_be_added_leaves_the_file_as_it_was(layout: Layout, before: str, kept: Kept) -> None:
    write(layout, before)
    with pytest.raises(InvalidValue):
        keep(layout, CONTRACT, "production", kept)
    assert text(layout) == before


def test_a_refused_first_value_leaves_no_file(layout: Layout) -> None:
    with pytest.raises(InvalidValue):
        keep(layout, CONTRACT, "production", Kept({"region": "mars"}))
    assert not (layout.root / "runbooks" / "parameters" / "production.yaml").exists()
