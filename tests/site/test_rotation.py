"""The commands that rotate a secret, and take it to its consumers."""

from __future__ import annotations

import pytest
from tests.conftest import CONTRACT

from deploybook.site.rotation import consumer_sections


@pytest.mark.parametrize(
    ("name", "sections"),
    [
        # Modal has the R2 key under the AWS names.
        ("R2_SECRET_ACCESS_KEY", ["modal", "vercel", "render"]),
        ("TURSO_AUTH_TOKEN", ["vercel", "render"]),
        # Its own section sets it at Modal already.
        ("MODAL_AUTH_TOKEN", ["vercel", "render"]),
        ("INTERNAL_WEBHOOK_SECRET", ["vercel", "render"]),
    ],
)
def test_a_new_value_goes_to_every_section_that_sets_it(name: str, sections: list[str]) -> None:
    assert consumer_sections(CONTRACT, CONTRACT.variable(name)) == sections


def test_every_secret_that_a_runbook_replaces_has_its_case_above() -> None:
    assert len([variable for variable in CONTRACT.variables if variable.rotates]) == 4
