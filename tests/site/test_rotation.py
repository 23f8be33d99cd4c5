"""The commands that rotate a secret, and take it to its consumers."""

from __future__ import annotations

import pytest
from tests.conftest import CONTRACT

from deploybook.site.rotation import consumer_sections


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        ("R2_SECRET_ACCESS_KEY", ["modal", "vercel", "render"]),
        ("TURSO_AUTH_TOKEN", ["vercel", "render"]),
        # Its own section sets it at Modal already.
        ("MODAL_AUTH_TOKEN", ["vercel", "render"]),
        ("INTERNAL_WEBHOOK_SECRET", ["vercel", "render"]),
    ],
)
def test_a_new_value_goes_to_every_section_that_sets_it(name: str, sections: list[str]) -> None:
    assert consumer_sections(CONTRACT, CONTRACT.variable(name)) == sections


def test_a_new_value_goes_where_the_variable_is_set_under_another_name() -> None:
    only_there = ("vercel",)
    variables = tuple(
        variable.model_copy(update={"consumers": only_there}) if variable.name == "R2_SECRET_ACCESS_KEY" else variable
        for variable in CONTRACT.variables
    )
    contract = CONTRACT.model_copy(update={"variables": variables})
    assert consumer_sections(contract, contract.variable("R2_SECRET_ACCESS_KEY")) == ["modal", "vercel"]


def test_every_secret_that_a_runbook_replaces_has_its_case_above() -> None:
    assert len([variable for variable in CONTRACT.variables if variable.rotates]) == 4
