"""The contract refuses what can't be, and derives the order."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from deploybook.contract.model import Contract, load_contract, parse_contract
from deploybook.errors import InvalidValue, UnknownParameter
from deploybook.state.known_secrets import known_secrets

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def contract() -> Contract:
    return load_contract(ROOT / "runbooks" / "contract.toml")


def minimal(variables: str = "", sections: tuple[str, ...] = ("r2", "vercel", "render")) -> str:
    heads = "".join(f'[[section]]\nslug = "{slug}"\ntitle = "T"\noutcome = "O."\n' for slug in sections)
    first = sections[0]
    provider = f'[[provider]]\nname = "p"\ntitle = "P"\nsection = "{first}"\nendpoints = ["P_URL"]\nprefixes = ["P_"]\n'
    places = "".join(
        f'[[consumer]]\nname = "{slug}"\ntitle = "T"\nprovider = "p"\nsection = "{slug}"\n'
        for slug in dict.fromkeys(sections)
    )
    credential = (
        f'[[credential]]\nname = "P_KEY"\nprovider = "p"\nsections = ["{first}"]\n'
        'made_at = "x"\npermissions = "x"\ncheck = "x"\n'
    )
    return heads + provider + places + variables + credential + '[parameters.environment]\ndescription = "E"\n'


def variable(name: str, section: str = "r2", consumers: str = '["vercel"]', more: str = "") -> str:
    return (
        f'[[variable]]\nname = "{name}"\nsection = "{section}"\nconsumers = {consumers}\n'
        f'example = "x"\ndescription = "d"\n{more}\n'
    )


def alias(name: str, same_as: str, more: str = "") -> str:
    return f'[[variable]]\nname = "{name}"\nsame_as = "{same_as}"\nconsumers = ["vercel"]\ndescription = "d"\n{more}\n'


def test_order_is_the_order_by_dependency(contract: Contract) -> None:
    assert contract.order() == [
        "r2", "turso", "modal", "webhook_secret", "vercel", "render", "end_to_end", "ci_cd",
    ]  # fmt: skip


def test_ci_does_not_deploy_under_the_end_to_end_check(contract: Contract) -> None:
    assert "end_to_end" in contract.comes_after("ci_cd")
    assert "end_to_end" not in contract.predecessors("ci_cd")


def test_order_follows_dependencies_not_the_file() -> None:
    swapped = parse_contract(minimal(variable("A", "r2", '["vercel"]'), sections=("vercel", "r2")))
    assert swapped.order() == ["r2", "vercel"]


UNION = "**Union right at A, B and C**"


@pytest.fixture(scope="module")
def union() -> dict[str, set[str]]:
    """The variables of each consumer, as the line of app-contract.md has them that holds for every commit of the application."""
    described = ROOT.parent / "shared" / "app-contract.md"
    if not described.is_file():
        pytest.skip("../shared/app-contract.md is absent: the application's variables cannot be compared")
    text = described.read_text()
    stated = text[text.index(UNION) + len(UNION) : text.index("\n\n", text.index(UNION)) + 1].partition(
        "Other features"
    )[0]
    stated = stated.replace("R2 ×4", " ".join(f"`{name}`" for name in R2)).replace(
        "Turso ×2", " ".join(f"`{name}`" for name in TURSO)
    )
    stated = stated.replace("Modal ×2", " ".join(f"`{name}`" for name in MODAL))
    web, rest = stated.split("\nRender: the same set, and ")
    worker, rest = rest.split("Modal `r2-credentials`: ")
    r2, rest = rest.split("`render-auth`: ")
    auth, _ = rest.split("at deploy: ")
    return {
        # The table of defects (6.9) wants it in the web app too, which does an upload's job at the newer commits.
        "vercel": _names(web) | {"AWS_MAX_ATTEMPTS"},
        "render": _names(web) | _names(worker),
        "modal:r2-credentials": _names(r2),
        "modal:render-auth": _names(auth),
    }


R2 = ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")
TURSO = ("TURSO_DATABASE_URL", "TURSO_AUTH_TOKEN")
MODAL = ("MODAL_ENDPOINT_URL", "MODAL_AUTH_TOKEN")


def _names(text: str) -> set[str]:
    return set(re.findall(r"`([A-Z][A-Z0-9_]+)`", text))


@pytest.mark.parametrize("consumer", ["vercel", "render", "modal:r2-credentials", "modal:render-auth"])
def test_every_variable_of_the_application_is_defined(
    contract: Contract, union: dict[str, set[str]], consumer: str
) -> None:
    assert {variable.name for variable in contract.consumed_by(consumer) if not variable.optional} == union[consumer]


def test_the_variables_of_the_application_are_read_from_its_description(union: dict[str, set[str]]) -> None:
    assert {consumer: len(names) for consumer, names in union.items()} == {
        "vercel": 16, "render": 17, "modal:r2-credentials": 6, "modal:render-auth": 1,
    }  # fmt: skip


def test_public_and_secret_variables_are_told_apart(contract: Contract) -> None:
    secret = {variable.name for variable in contract.variables if variable.secret}
    assert not any(name.startswith("NEXT_PUBLIC_") for name in secret)
    assert {"R2_SECRET_ACCESS_KEY", "TURSO_AUTH_TOKEN", "MODAL_AUTH_TOKEN", "INTERNAL_WEBHOOK_SECRET"} <= secret


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (minimal(variable("A") + variable("A")), "variable A is defined twice"),
        (minimal(variable("A"), sections=("r2", "r2", "vercel")), "section r2 is defined twice"),
        (minimal(variable("A", "nowhere")), "unknown section nowhere"),
        (minimal(variable("A")).replace('title = "T"', 'title = "T"\nafter = ["x"]', 1), "after the unknown section x"),
        (minimal(variable("A", consumers='["netlify"]')), "unknown consumer netlify"),
        (minimal('[[variable]]\nname = "A"\nconsumers = ["vercel"]\ndescription = "d"\n'), "needs exactly one of"),
        (minimal(alias("A", "B")), "unknown variable B"),
        (minimal(alias("A", "B") + alias("B", "C") + variable("C")), "itself another's name"),
        (minimal(alias("A", "B", "secret = true") + variable("B")), "takes secret, pattern and example from B"),
        (
            minimal('[[variable]]\nname = "A"\ncredential = true\nconsumers = ["vercel"]\ndescription = "d"\n'),
            "unknown credential A",
        ),
        (minimal(variable("A", more='pattern = "[0-9]+"')), "does not match its own pattern"),
        (minimal(variable("A", "vercel", '["render"]') + variable("B", "render", '["vercel"]')), "in a cycle"),
        (minimal(variable("A", more="colour = 1")), "colour"),
        (minimal(variable("A")).replace('provider = "p"', 'provider = "q"', 1), "is at the unknown provider q"),
        (minimal(variable("A")).replace('sections = ["r2"]', 'sections = ["r3"]'), "is read by the unknown section r3"),
        (minimal(variable("A")).replace('name = "vercel"', 'name = "r2"'), "consumer r2 is defined twice"),
        (minimal(variable("A")).replace('"P_KEY"', '"Q_KEY"'), "Q_KEY begins with no prefix of the provider p"),
        (minimal(variable("A")).replace('["P_URL"]', '["Q_URL"]'), "Q_URL begins with no prefix of the provider p"),
        (
            minimal(variable("A")).replace("parameters.environment", "parameters.region"),
            "there is no parameter environment",
        ),
        (
            minimal(variable("A")).replace('check = "x"', 'check = "x"\noptional = true'),
            "if, and only if, it is optional",
        ),
        ("[[section", "not TOML"),
    ],
)
def test_a_contract_that_cannot_be_is_refused(text: str, named: str) -> None:
    with pytest.raises(InvalidValue, match=re.escape(named)):
        parse_contract(text)


def test_a_secret_value_is_never_quoted_in_the_refusal(contract: Contract) -> None:
    with pytest.raises(InvalidValue) as caught:
        contract.variable("R2_SECRET_ACCESS_KEY").validate_value("canary-canary-canary")
    assert "canary" not in "\n".join(caught.value.lines())


def test_a_refusal_shows_a_value_of_the_right_form(contract: Contract) -> None:
    variable = contract.variable("TURSO_DATABASE_URL")
    with pytest.raises(InvalidValue) as refused:
        variable.validate_value("postgres://elsewhere")
    assert refused.value.hint == f"One of the right form is {variable.example}."


def test_white_space_at_the_end_is_named(contract: Contract) -> None:
    with pytest.raises(InvalidValue, match="white space"):
        contract.variable("INTERNAL_WEBHOOK_SECRET").validate_value("0" * 64 + "\n")


def test_parameters_name_what_is_allowed(contract: Contract) -> None:
    with pytest.raises(InvalidValue) as caught:
        contract.parameters["mode"].validate_value("mode", "dryrun")
    assert "'dry-run'" in caught.value.hint


def test_another_name_for_a_secret_is_as_secret_as_the_first(contract: Contract) -> None:
    for variable in contract.variables:
        origin = contract.origin(variable)
        assert variable.secret == origin.secret, variable.name
        assert variable.pattern == origin.pattern, variable.name
    assert contract.variable("AWS_SECRET_ACCESS_KEY").secret
    assert not contract.variable("AWS_ACCESS_KEY_ID").secret


def test_a_secret_under_its_other_name_is_known_and_never_quoted(contract: Contract) -> None:
    canary = "canary-canary-canary"
    assert [secret.get_secret_value() for secret in known_secrets(contract, {"AWS_SECRET_ACCESS_KEY": canary})] == [
        canary
    ]
    with pytest.raises(InvalidValue) as caught:
        contract.variable("AWS_SECRET_ACCESS_KEY").validate_value(canary)
    assert canary not in "\n".join(caught.value.lines())


def test_an_unknown_section_names_those_that_exist(contract: Contract) -> None:
    with pytest.raises(UnknownParameter) as caught:
        contract.section("netlify")
    assert "webhook_secret" in caught.value.hint


def test_an_unknown_consumer_names_those_that_exist(contract: Contract) -> None:
    with pytest.raises(UnknownParameter) as caught:
        contract.consumer("netlify")
    assert "modal:render-auth" in caught.value.hint


def test_everything_that_a_provider_reads_is_the_operators(contract: Contract) -> None:
    for provider in contract.providers:
        names = {*provider.endpoints, *(credential.name for credential in contract.credentials_of(provider))}
        assert names <= contract.operator_names(), provider.name
        assert all(contract.is_operators(f"{prefix}ANYTHING") for prefix in provider.prefixes), provider.name


def test_every_variable_of_the_application_is_the_operators(contract: Contract) -> None:
    assert {variable.name for variable in contract.variables} <= contract.operator_names()
    assert not any(contract.is_operators(name) for name in ("PATH", "HOME", "DEPLOYBOOK_HOME", "LANG"))


def test_a_name_of_a_sixth_provider_is_the_operators_at_once() -> None:
    text = minimal(variable("A"))
    sixth = '[[provider]]\nname = "q"\ntitle = "Q"\nsection = "r2"\nendpoints = ["Q_URL"]\nprefixes = ["Q_"]\ntool_variables = ["QRC"]\n'
    for name in ("Q_URL", "Q_OTHER", "QRC"):
        assert not parse_contract(text).is_operators(name)
        assert parse_contract(text.replace("[[consumer]]", f"{sixth}[[consumer]]", 1)).is_operators(name)


def test_only_the_check_of_the_whole_application_consumes_at_no_provider(contract: Contract) -> None:
    assert [slug for slug in contract.order() if contract.checks_the_whole(slug)] == ["end_to_end"]


def test_all_predecessors_are_those_by_way_of_others_too(contract: Contract) -> None:
    assert contract.all_predecessors("vercel") == ["r2", "turso", "modal", "webhook_secret"]
    assert contract.all_predecessors("end_to_end") == ["r2", "turso", "modal", "webhook_secret", "vercel", "render"]
    assert contract.all_predecessors("r2") == []


def test_what_must_end_before_a_section_is_more_than_what_it_stands_on(contract: Contract) -> None:
    assert "end_to_end" in contract.all_before("ci_cd")
    assert "end_to_end" not in contract.all_predecessors("ci_cd")
