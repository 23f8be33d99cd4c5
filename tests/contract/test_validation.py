"""A value that has the wrong form never leaves the vault, and what is said of it is its name and the command that repairs it."""

from __future__ import annotations

import pytest
from pydantic import SecretStr
from tests.conftest import CONTRACT

from deploybook.contract.consumers import require, variables_for
from deploybook.contract.model import parse_contract
from deploybook.contract.validation import (
    broken,
    operator_values,
    refuse_broken,
    refuse_missing,
    repair,
)
from deploybook.errors import InvalidValue, MissingVariable

BROKEN = SecretStr("canary hunter2")
RIGHT = {variable.name: SecretStr(variable.example) for variable in CONTRACT.variables if variable.section}
STORED_NAMES = [variable.name for variable in CONTRACT.variables if variable.section or variable.optional]
WITH_OWN = CONTRACT.model_copy(
    update={
        "variables": (
            *CONTRACT.variables,
            *parse_contract(
                """
                parameters = {environment = {description = "D"}}
                credential = []
                section = [{slug = "vercel", title = "T", outcome = "O."}]
                provider = [{name = "p", title = "P", section = "vercel", endpoints = [], prefixes = []}]
                consumer = [{name = "vercel", title = "T", provider = "p", section = "vercel"}]
                variable = [
                  {name = "A_DSN", from_operator = true, made_at = "A", consumers = ["vercel"], example = "a", description = "D"},
                  {name = "B_KEY", from_operator = true, made_at = "B", consumers = ["vercel"], example = "b", description = "D"},
                ]
                """
            ).variables,
        )
    }
)


@pytest.mark.parametrize("name", STORED_NAMES)
def test_a_broken_value_is_refused_by_its_name_and_never_quoted(name: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        refuse_broken(CONTRACT, {name: BROKEN}, [name], "staging")
    output = "\n".join(caught.value.lines())
    assert f"{name} in the vault of staging has the wrong form" in output
    assert f"deploybook env set {name} --environment staging" in output
    assert "hunter2" not in output


@pytest.mark.parametrize("name", STORED_NAMES)
def test_a_broken_value_reaches_no_consumer(name: str) -> None:
    for consumer in CONTRACT.variable(name).consumers:
        with pytest.raises(InvalidValue, match=name):
            variables_for(CONTRACT, consumer, RIGHT | {name: BROKEN}, {})


def test_all_broken_values_are_named_at_once() -> None:
    with pytest.raises(
        InvalidValue, match="R2_ACCOUNT_ID, TURSO_AUTH_TOKEN in the vault of production have the wrong form"
    ):
        refuse_broken(CONTRACT, dict.fromkeys(RIGHT, BROKEN), ["R2_ACCOUNT_ID", "TURSO_AUTH_TOKEN"], "production")


def test_another_name_is_refused_by_the_name_under_which_the_vault_has_it() -> None:
    variables = broken(CONTRACT, {"R2_SECRET_ACCESS_KEY": BROKEN}, ["AWS_SECRET_ACCESS_KEY", "R2_SECRET_ACCESS_KEY"])
    assert [variable.name for variable in variables] == ["R2_SECRET_ACCESS_KEY"]


def test_every_example_has_its_form() -> None:
    assert broken(CONTRACT, RIGHT, RIGHT) == []


def test_a_secret_that_can_be_renewed_is_renewed_by_its_section() -> None:
    output = repair(CONTRACT.variable("INTERNAL_WEBHOOK_SECRET"), "staging")
    assert "deploybook run webhook_secret --mode apply -p rotate true --environment staging" in output
    assert "rotate" not in repair(CONTRACT.variable("MODAL_ENDPOINT_URL"), "staging")


@pytest.mark.parametrize("issued", ["prj_abcDEF123", "QmQKbRSiP5VhBcPbVdGwyDCcbqSTDhRQqsLpRvQkXHDvqU"])
def test_a_project_id_that_vercel_ever_issued_is_accepted(issued: str) -> None:
    assert CONTRACT.variable("VERCEL_PROJECT_ID").matches(issued)


def test_all_values_that_only_the_operator_has_are_asked_for_at_once() -> None:
    with pytest.raises(MissingVariable) as caught:
        refuse_missing(operator_values(WITH_OWN, ["vercel"]), (), "production")
    assert str(caught.value).startswith("A_DSN, B_KEY are not in the vault of production")
    assert caught.value.hint == "Run deploybook env set A_DSN && deploybook env set B_KEY."


def test_a_section_that_sets_none_of_the_operators_values_asks_for_none() -> None:
    assert operator_values(WITH_OWN, ["render", "r2"]) == []


def test_what_only_the_operator_has_is_asked_for_before_what_a_section_makes() -> None:
    _, missing = variables_for(WITH_OWN, "vercel", {}, {})
    with pytest.raises(MissingVariable, match="A_DSN, B_KEY"):
        require(WITH_OWN, missing, "vercel", "production")
