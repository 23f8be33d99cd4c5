"""The contract's rules for this section's parameters say what Turso and the resources say."""

from __future__ import annotations

import pytest

from deploybook.clouds.turso.claims import seconds_of
from deploybook.contract.model import load_contract
from deploybook.errors import InvalidValue
from deploybook.layout import find_layout

RULES = load_contract(find_layout().contract).parameters


@pytest.mark.parametrize("name", ["group_name", "database_name"])
def test_a_name_is_as_turso_wants_it(name: str) -> None:
    RULES[name].validate_value(name, "studio-2")
    for refused in ("Upper", "under_score", "a/b", "a" * 65, "a\n"):
        with pytest.raises(InvalidValue):
            RULES[name].validate_value(name, refused)


@pytest.mark.parametrize("text", ["never", "1s", "7d", "2w1d30m", "1w1d1h1m1s"])
def test_a_lifetime_that_turso_takes_is_taken_by_rule_and_resource(text: str) -> None:
    RULES["token_expiration"].validate_value("token_expiration", text)
    seconds_of(text)


@pytest.mark.parametrize("text", ["", "0d", "1y", "1d2w", "never1d", "d", " 1d", "1d\n"])
def test_a_lifetime_that_turso_refuses_is_refused_by_rule_and_resource(text: str) -> None:
    with pytest.raises(InvalidValue):
        RULES["token_expiration"].validate_value("token_expiration", text)
    with pytest.raises(InvalidValue):
        seconds_of(text)


@pytest.mark.parametrize("text", ["", "US East", "../x"])
def test_a_location_is_a_code(text: str) -> None:
    RULES["group_location"].validate_value("group_location", "aws-us-east-1")
    with pytest.raises(InvalidValue):
        RULES["group_location"].validate_value("group_location", text)
