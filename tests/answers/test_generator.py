"""The random answers are valid by somebody else's validator, and the driver notices what it is there for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_schema_validator import OAS30Validator
from tests.answers.generator import Generator
from tests.answers.provider import FULLNESS, Endless, Nameless, RandomProvider, run

from deploybook.errors import NotFound

NAMES = {
    "openapi": "3.0.3",
    "servers": [{"url": "https://api.example.com/v1"}],
    "paths": {
        "/names": {
            "get": {
                "operationId": "list-names",
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"names": {"type": "array", "nullable": True}},
                                }
                            }
                        }
                    }
                },
            }
        }
    },
}


def answered(document: dict[str, Any]) -> list[tuple[str, Any]]:
    """Every described success: operation and schema."""
    return [
        (f"{method} {path} {status}", media["schema"])
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict)
        for status, response in operation.get("responses", {}).items()
        if status.startswith("2")
        for kind, media in Generator(document).resolve(response).get("content", {}).items()
        if kind.startswith("application/json") and "schema" in media
    ]


def is_unclear(error: Any) -> bool:
    """Where the description itself is: alternatives that it does not tell apart, and a null beside an enum that lacks it."""
    return bool(error.validator == "oneOf" or (error.validator == "enum" and error.instance is None))


@pytest.mark.parametrize("name", ["cloudflare", "turso", "turso-sql", "render", "vercel"])
def test_a_generated_answer_is_valid_by_the_description(name: str, specs: Path) -> None:
    document = json.loads((specs / f"{name}.json").read_text())
    generator = Generator(document, seed=1)
    for operation, schema in answered(document):
        validator = OAS30Validator({**schema, "components": document.get("components", {})})
        for generator.fullness in FULLNESS.values():
            value = generator.value(schema)
            problems = [error for error in validator.iter_errors(value) if not is_unclear(error)]
            assert not problems, (operation, problems[0].message[:300], list(problems[0].absolute_path))


def names(provider: RandomProvider) -> list[str]:
    response = provider.client("https://api.example.com/v1").get("/names")
    return [str(name) for name in response.json()["names"]]


def test_a_careless_reader_is_found_with_the_seed() -> None:
    provider = RandomProvider(NAMES)
    with pytest.raises((KeyError, TypeError)) as caught:
        run(provider, lambda: names(provider), 300)
    assert caught.value.__notes__ == ["sparse answers, seed 1"]


def test_an_endless_reader_is_found() -> None:
    provider = RandomProvider(NAMES)

    def ask_for_ever() -> None:
        client = provider.client("https://api.example.com/v1")
        while True:
            client.get("/names")

    with pytest.raises(Endless, match="401 requests, the last one GET /v1/names"):
        run(provider, ask_for_ever, 1)


def test_an_error_of_ours_must_name_the_provider_and_the_operation() -> None:
    def nameless() -> None:
        raise NotFound("", "", "not there")

    with pytest.raises(Nameless, match="NotFound: not there"):
        run(RandomProvider(NAMES), nameless, 1)


def test_a_request_that_is_not_described_is_found() -> None:
    provider = RandomProvider(NAMES)
    with pytest.raises(AssertionError, match="GET /v1/nothing is not described"):
        provider.answer(httpx.Request("GET", "https://api.example.com/v1/nothing"))
