"""Turso's clients understand every answer that its descriptions allow, or say in one error of ours what they did not."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from pydantic import SecretStr
from tests.answers.conftest import TIMES
from tests.answers.provider import RandomProvider, run

from deploybook.clouds import turso
from deploybook.clouds.api import Api
from deploybook.clouds.connections import Connections
from deploybook.clouds.turso.client import Turso, _explain
from deploybook.clouds.turso.hrana import _explain as explain_sql
from deploybook.clouds.turso.resources import DatabaseState, GroupState

Provider = Callable[[str], RandomProvider]
DATABASE = DatabaseState("studio", "studio.example.com", ("block_reads",), "d1")
# Not requests of their own.
LOCAL = {"close", "account", "from_environment"}


class Clouds(Connections):
    """Connections whose Turso is a random one."""

    def __init__(self, provider: RandomProvider) -> None:
        super().__init__({})
        api = Api("Turso", provider.client("https://api.turso.tech"), _explain, "TURSO_API_TOKEN", "TURSO_API_URL")
        self.turso = Turso(api, "studio")


CLIENT: Mapping[str, Callable[[Turso], object]] = {
    "validate_token": lambda client: client.validate_token(),
    "organization_details": lambda client: client.organization_details(),
    "locations": lambda client: client.locations(),
    "groups": lambda client: client.groups(),
    "group": lambda client: client.group("default"),
    "create_group": lambda client: client.create_group("default", "aws-us-east-1"),
    "unarchive_group": lambda client: client.unarchive_group("default"),
    "delete_group": lambda client: client.delete_group("default"),
    "databases": lambda client: client.databases("default"),
    "database": lambda client: client.database("studio"),
    "create_database": lambda client: client.create_database("studio", "default"),
    "configure_database": lambda client: client.configure_database("studio", {"block_reads": False}),
    "delete_database": lambda client: client.delete_database("studio"),
    "mint_token": lambda client: client.mint_token("studio", "never"),
    "rotate_tokens": lambda client: client.rotate_tokens("studio"),
}


def differences(resource: turso.Group | turso.Database, clouds: Connections) -> object:
    state: Any = resource.read(clouds)
    return [str(change) for change in resource.differences(state)] if state else None


FLOWS: Mapping[str, Callable[[Clouds], object]] = {
    "the preflight": lambda clouds: (
        turso.token_is_valid(clouds.turso),
        turso.organization_is_usable(clouds.turso),
        turso.location_exists(clouds.turso, "key-0"),
    ),
    "a group": lambda clouds: differences(turso.Group("default", location="key-0"), clouds),
    "a new group": lambda clouds: turso.Group("default", location="key-0").create(clouds),
    "a sleeping group": lambda clouds: turso.Group("default", location="key-0").update(
        clouds, GroupState("default", archived=True), []
    ),
    "a group that goes": lambda clouds: turso.Group("default", location="key-0").delete(clouds, GroupState("default")),
    "a database": lambda clouds: differences(turso.Database("studio", "main"), clouds),
    "a new database": lambda clouds: turso.Database("studio", "main").create(clouds).url,
    "a token": lambda clouds: turso.DatabaseToken(DATABASE, stored={}).create(clouds),
}


def test_every_request_of_the_client_is_tried() -> None:
    public = {name for name, member in inspect.getmembers(Turso, callable) if not name.startswith("_")}
    assert public - LOCAL == CLIENT.keys()


@pytest.mark.parametrize("name", CLIENT)
def test_the_client_understands_every_described_answer(provider: Provider, name: str) -> None:
    random = provider("turso")
    client = Clouds(random).turso
    tally = run(random, lambda: CLIENT[name](client), TIMES)
    assert tally.understood > 0
    assert sum(random.operations.values()) == TIMES


@pytest.mark.parametrize("name", FLOWS)
def test_a_step_of_the_runbook_ends_well_or_in_one_error(provider: Provider, name: str) -> None:
    random = provider("turso")
    clouds = Clouds(random)
    run(random, lambda: FLOWS[name](clouds), TIMES // 3)


SQL: Mapping[str, Callable[[turso.LibSql], object]] = {
    "a query": lambda database: database.query("SELECT ?", 1),
    "statements": lambda database: database.execute("SELECT 1", "SELECT 2"),
    "a transaction": lambda database: transaction(database),
    "the columns": turso.jobs_table_fits,
    "the token's refusals": turso.wrong_tokens_are_refused,
}

# Wants what no description says: that the token is refused.
REFUSALS_WANTED = "the token's refusals"


def opened(provider: Any) -> turso.LibSql:
    """A database whose answers are the provider's."""
    client = provider.client("https://studio.example.com")
    api = Api("Turso", client, explain_sql, "TURSO_AUTH_TOKEN", "TURSO_DATABASE_URL")
    return turso.LibSql("libsql://studio.example.com", SecretStr("a.b.c"), api)


def perform(operation: str, provider: Any) -> object:
    """An operation by its name, against recorded answers."""
    if operation in SQL:
        return SQL[operation](opened(provider))
    clouds = Clouds(provider)
    return CLIENT[operation](clouds.turso) if operation in CLIENT else FLOWS[operation](clouds)


def transaction(database: turso.LibSql) -> None:
    with database.transaction() as stream:
        stream.execute("SELECT 1")


def fit(schemas: dict[str, Any]) -> None:
    """What makes an answer fit its request, which the description leaves open: no random answer would be understood.

    A pipeline has one result or two, each an error or a statement's (StmtResult, HRANA_3_SPEC.md) with one column.
    """
    result = schemas["StreamResult"]
    response = {"type": {"enum": ["execute"]}, "result": {"$ref": "#/components/schemas/StmtResult"}}
    members = {"response": {"type": "object", "required": list(response), "properties": response}}
    members["error"] = result["properties"]["error"]
    result["oneOf"] = [
        {"type": "object", "required": ["type", member], "properties": {"type": {"enum": [kind]}, member: schema}}
        for kind, (member, schema) in zip(("ok", "error"), members.items(), strict=True)
    ]
    del result["properties"], result["required"]
    schemas["PipelineRespBody"]["properties"]["results"] |= {"minItems": 1, "maxItems": 2}
    statement = schemas["StmtResult"]["properties"]
    for row in (statement["cols"], statement["rows"]["items"]):
        row |= {"minItems": 1, "maxItems": 1}
    kinds = {kind["properties"]["type"]["enum"][0]: kind["properties"] for kind in schemas["Value"]["oneOf"]}
    kinds["integer"]["value"] |= {"enum": ["7", "-9223372036854775808"]}
    kinds["blob"]["base64"] |= {"enum": ["", "AAE"]}


@pytest.mark.parametrize("name", SQL)
def test_the_database_answers_or_one_error_says_what_it_answered(provider: Provider, name: str) -> None:
    random = provider("turso-sql")
    schemas = random.document["components"]["schemas"]
    fit(schemas)
    # Another address is another server's, which is not described.
    schemas["PipelineRespBody"]["properties"]["base_url"] = {"enum": [None, ""]}
    api = Api(
        "Turso",
        random.client("https://studio.example.com"),
        explain_sql,
        "TURSO_AUTH_TOKEN",
        "TURSO_DATABASE_URL",
    )
    database = turso.LibSql("libsql://studio.example.com", SecretStr("a.b.c"), api)
    tally = run(random, lambda: SQL[name](database), TIMES // 3)
    assert tally.understood or name == REFUSALS_WANTED
