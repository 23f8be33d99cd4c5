"""The providers' descriptions as they are yield no finding; each change in them that would break a client yields one."""

from __future__ import annotations

import ast
import copy
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deploybook.checks.finding import Finding
from deploybook.checks.specs import RULES, compare, find, known, read_providers
from deploybook.checks.specs.description import Description
from deploybook.checks.specs.rules import Provider
from deploybook.errors import InvalidValue

ROOT = Path(__file__).resolve().parents[2]
CLIENTS = ROOT / "scripts/deploybook/clouds"
Document = dict[str, Any]


@pytest.fixture(scope="module")
def providers(specs: Path) -> list[Provider]:
    return list(read_providers([Description.read(path) for path in sorted(specs.glob("*.json"))], ROOT))


@pytest.fixture
def changed(providers: list[Provider]) -> Callable[[str, Callable[[Document], object]], list[Finding]]:
    """What is found after one description was changed."""

    def found(name: str, change: Callable[[Document], object]) -> list[Finding]:
        (provider,) = (each for each in providers if each.description and each.description.name == name)
        assert provider.description
        document = copy.deepcopy(dict(provider.description.document))
        change(document)
        assert document != provider.description.document, "nothing was changed"
        other = replace(provider, description=Description(name, document))
        return list(compare([other if each is provider else each for each in providers]))

    return found


def at(document: Document, path: str) -> Any:
    """A place in a document, `>` between the keys; references on the way are followed and `allOf` searched."""
    place: Any = document
    for key in path.split(" > "):
        place = _resolved(document, place)
        if key not in place and "allOf" in place:
            place = next(found for each in place["allOf"] if key in (found := _resolved(document, each)))
        place = place[int(key)] if isinstance(place, list) else place[key]
    return _resolved(document, place)


def _resolved(document: Document, place: Any) -> Any:
    while isinstance(place, dict) and "$ref" in place:
        found: Any = document
        for part in place["$ref"].removeprefix("#/").split("/"):
            found = found[part.replace("~1", "/")]
        place = found
    return place


def take_out(path: str, key: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place = at(document, path)
        place.remove(key) if isinstance(place, list) else place.pop(key)

    return change


def put(path: str, key: str, value: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        at(document, path)[key] = value

    return change


def rename(path: str, old: str, new: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        place = at(document, path)
        place[new] = place.pop(old)

    return change


def parameter(path: str, name: str, change: Callable[[list[Any], Any], object]) -> Callable[[Document], None]:
    """A change of one parameter of an operation."""

    def do(document: Document) -> None:
        given = at(document, path)["parameters"]
        change(given, next(each for each in given if _resolved(document, each)["name"] == name))

    return do


BODY = "requestBody > content > application/json > schema"
NEW_PARAMETER = {"name": "region", "in": "query", "required": True, "schema": {"type": "string"}}
REQUIRED = {"name": "tenant", "in": "header", "required": True, "schema": {"type": "string"}}
BUCKETS = "paths > /accounts/{account_id}/r2/buckets"
TOKENS = "paths > /accounts/{account_id}/tokens"
DATABASES = "paths > /v1/organizations/{organizationSlug}/databases"
TURSO_TOKEN = f"{DATABASES}/{{databaseName}}/auth/tokens > post"
SERVICES = "paths > /services"
DEPLOY = (
    "paths > /services/{serviceId}/deploys/{deployId} > get > responses > 200 > content > application/json > schema"
)
ENV = "paths > /v10/projects/{idOrName}/env"

# The description, the change, the rule that must speak, and a part of what it says.
CHANGES: dict[str, tuple[str, Callable[[Document], object], str, str]] = {
    "path gone": (
        "vercel.json",
        take_out("paths", "/v11/projects"),
        "spec-operation",
        "POST /v11/projects: the path is not there",
    ),
    "path renamed": ("render.json", rename("paths", "/logs", "/log-lines"), "spec-operation", "GET /logs"),
    "path below it renamed": (
        "turso.json",
        rename("paths", "/v1/locations", "/v2/locations"),
        "spec-operation",
        "has no GET /v1/locations",
    ),
    "path of an owner not known": (
        "cloudflare.json",
        lambda document: [
            document["paths"].pop(path) for path in list(document["paths"]) if path.endswith("/tokens/{token_id}")
        ],
        "spec-operation",
        "GET {…}/tokens/{…}",
    ),
    "method gone": (
        "render.json",
        rename("paths > /services/{serviceId}", "patch", "put"),
        "spec-operation",
        "no PATCH /services/{…}: there is DELETE, GET, PUT",
    ),
    "method of a database's own address gone": (
        "turso-sql.json",
        take_out("paths", "/v2/pipeline"),
        "spec-operation",
        "no POST /v2/pipeline",
    ),
    "operation renamed": (
        "turso.json",
        put(f"{DATABASES} > post", "operationId", "makeDatabase"),
        "spec-operation-name",
        "named createDatabase here, and makeDatabase",
    ),
    "operation deprecated": (
        "vercel.json",
        put("paths > /v2/user > get", "deprecated", True),
        "spec-deprecated",
        "GET /v2/user",
    ),
    "query parameter gone": (
        "turso.json",
        parameter(TURSO_TOKEN, "expiration", lambda given, one: given.remove(one)),
        "spec-parameter",
        "there is no expiration",
    ),
    "query parameter of every request gone": (
        "vercel.json",
        parameter("paths > /v9/projects/{idOrName} > patch", "teamId", lambda given, one: given.remove(one)),
        "spec-parameter",
        "updateProject (PATCH /v9/projects/{…}): there is no teamId",
    ),
    "query parameter newly required": (
        "render.json",
        lambda document: at(document, "paths > /owners > get")["parameters"].append(NEW_PARAMETER),
        "spec-parameter",
        "region must be given",
    ),
    "value of a query parameter gone": (
        "render.json",
        parameter(
            "paths > /logs > get",
            "direction",
            lambda _, one: one.update(schema={"type": "string", "enum": ["forward"]}),
        ),
        "spec-parameter",
        "direction can't be backward",
    ),
    "query parameter deprecated": (
        "vercel.json",
        parameter("paths > /v13/deployments > post", "forceNew", lambda _, one: one.update(deprecated=True)),
        "spec-deprecated",
        "forceNew is deprecated",
    ),
    "header gone": (
        "vercel.json",
        parameter("paths > /v2/files > post", "x-vercel-digest", lambda given, one: given.remove(one)),
        "spec-parameter",
        "there is no x-vercel-digest",
    ),
    "header newly required": (
        "turso.json",
        lambda document: at(document, "paths > /v1/locations > get").setdefault("parameters", []).append(REQUIRED),
        "spec-parameter",
        "tenant must be given",
    ),
    "field of a body renamed": (
        "cloudflare.json",
        rename(f"{BUCKETS} > post > {BODY} > properties", "locationHint", "location"),
        "spec-body",
        "there is no locationHint",
    ),
    "field of a body renamed, of one that callers give": (
        "render.json",
        rename(f"{SERVICES} > post > {BODY} > properties", "envVars", "environment"),
        "spec-body",
        "there is no envVars",
    ),
    "field inside the alternative of a worker renamed": (
        "render.json",
        lambda document: rename("components > schemas > backgroundWorkerDetailsPOST > properties", "region", "place")(
            document
        ),
        "spec-body",
        "there is no serviceDetails.region",
    ),
    "field of a body newly required": (
        "turso.json",
        lambda document: at(document, f"{DATABASES} > post > {BODY}")["required"].append("size_limit"),
        "spec-body",
        "size_limit must be given",
    ),
    "body newly required": (
        "render.json",
        put("paths > /services/{serviceId}/resume > post", "requestBody", {"required": True, "content": {}}),
        "spec-body",
        "a body must be given",
    ),
    "body gone": (
        "render.json",
        take_out("paths > /services/{serviceId}/env-vars/{envVarKey} > put", "requestBody"),
        "spec-body",
        "there is no body",
    ),
    "value of a field gone": (
        "render.json",
        take_out("components > schemas > serviceType > enum", "background_worker"),
        "spec-body",
        "type can't be background_worker",
    ),
    "value of a field in a list gone": (
        "vercel.json",
        lambda document: _without(at(document, f"{ENV} > post > {BODY}"), "sensitive"),
        "spec-body",
        "type can't be sensitive",
    ),
    "field of a body deprecated": (
        "cloudflare.json",
        put(f"{BUCKETS} > post > {BODY} > properties", "name", {"type": "string", "deprecated": True}),
        "spec-deprecated",
        "name is deprecated",
    ),
    "part of an answer renamed": (
        "turso.json",
        rename(f"{TURSO_TOKEN} > responses > 200 > content > application/json > schema > properties", "jwt", "token"),
        "spec-answer",
        "the answer has no jwt",
    ),
    "part inside an answer renamed": (
        "cloudflare.json",
        lambda document: _renamed(at(document, f"{BUCKETS} > get > responses > 200"), document, "buckets", "items"),
        "spec-answer",
        "the answer has no result.buckets",
    ),
    "another status of success": (
        "turso.json",
        put(f"{DATABASES}/{{databaseName}} > delete > responses", "202", {"description": "on its way"}),
        "spec-answer",
        "success is 202 too",
    ),
    "status word gone": (
        "render.json",
        lambda document: at(document, f"{DEPLOY} > properties > status > enum").remove("live"),
        "spec-word",
        "status is never live any more",
    ),
}


def _without(node: Any, value: str) -> None:
    """Take a value out of every enum below a place."""
    for each in _below(node):
        if value in each.get("enum", []):
            each["enum"].remove(value)


def _renamed(node: Any, document: Document, old: str, new: str) -> None:
    """Rename a property everywhere below a place, references followed."""
    seen: set[int] = set()
    waiting = [node]
    while waiting:
        for each in _below(waiting.pop()):
            properties = each.get("properties", {})
            if old in properties:
                properties[new] = properties.pop(old)
            if "$ref" in each and id(_resolved(document, each)) not in seen:
                seen.add(id(_resolved(document, each)))
                waiting.append(_resolved(document, each))


def _below(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _below(each)


def test_the_descriptions_as_they_are_yield_no_finding(specs: Path) -> None:
    assert list(find(specs, ROOT)) == []


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_would_break_a_client_is_found(name: str, changed: Callable[..., list[Finding]]) -> None:
    description, change, rule, message = CHANGES[name]
    found = changed(description, change)
    assert any(each.rule == rule and message in each.message for each in found), [
        f"{each.rule}: {each}" for each in found
    ]
    for each in found:
        assert "clouds/" in (ROOT / each.path).as_posix()
        assert each.line <= len((ROOT / each.path).read_text().splitlines())


def test_every_rule_has_its_change() -> None:
    assert {rule for _, _, rule, _ in CHANGES.values()} | {"spec-absent"} == {rule.name for rule in RULES}
    assert all(len(rule.explain) > 40 for rule in RULES)


def test_an_operation_that_nobody_uses_may_go(changed: Callable[..., list[Finding]]) -> None:
    assert changed("render.json", take_out("paths", "/registrycredentials")) == []


def test_a_known_difference_is_still_one(providers: list[Provider], monkeypatch: pytest.MonkeyPatch) -> None:
    entries = dict(known.KNOWN)
    for entry in entries:
        monkeypatch.delitem(known.KNOWN, entry)
        found = list(compare(providers))
        assert found, f"{entry} is no difference any more: take it out"
        assert all(entry[1] in each.message for each in found)
        monkeypatch.setitem(known.KNOWN, entry, entries[entry])


def test_no_request_in_the_source_is_overlooked(providers: list[Provider]) -> None:
    """Judged by another sign than the scan's: each function with the name of an HTTP method in it sends a request that was found."""
    found = {(each.file, each.line) for provider in providers for each in provider.requests}
    seen = 0
    for path in [*CLIENTS.glob("*/client.py"), CLIENTS / "turso/hrana.py"]:
        if path.parent.name in {"github", "modal", "studio"}:
            continue
        name = path.relative_to(ROOT).as_posix()
        for function in (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.FunctionDef)):
            words = {node.value for node in ast.walk(function) if isinstance(node, ast.Constant)}
            # One that is given the path is a helper: its callers' lines stand for it.
            if words & {"GET", "POST", "PUT", "PATCH", "DELETE"} and "path" not in {
                each.arg for each in function.args.args
            }:
                seen += 1
                assert any((name, line) in found for line in range(function.lineno, (function.end_lineno or 0) + 1)), (
                    function.name
                )
    assert seen > 40


def test_a_description_that_is_absent_or_of_another_address_is_told(specs: Path, tmp_path: Path) -> None:
    shutil.copy(specs / "turso.json", tmp_path / "turso.json")
    render = json.loads((specs / "render.json").read_text())
    render["servers"][0]["url"] = "https://api.render.com/v2"
    (tmp_path / "render.json").write_text(json.dumps(render))
    found = list(find(tmp_path, ROOT))
    assert {each.rule for each in found} == {"spec-absent"}
    assert {each.path.rpartition("clouds/")[2] for each in found} == {
        "r2/client.py",
        "render/client.py",
        "vercel/client.py",
    }


def test_what_the_providers_publish_is_enough(specs: Path, tmp_path: Path) -> None:
    """Whole documents are read like trimmed ones, and the one that we wrote ourselves is not asked for."""
    for name in ("cloudflare", "render", "turso", "vercel"):
        document = json.loads((specs / f"{name}.json").read_text())
        document["paths"]["/an/operation/that/nobody/uses"] = {"get": {"responses": {"200": {"description": "OK"}}}}
        document["paths"]["/other"] = {"$ref": "#/components/pathItems/other"}
        document.setdefault("webhooks", {})["deployed"] = {"post": {}}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    assert list(find(tmp_path, ROOT)) == []


def test_a_file_that_is_no_description_is_refused(tmp_path: Path) -> None:
    (tmp_path / "render.json").write_text(json.dumps({"openapi": "3.1.0"}))
    with pytest.raises(InvalidValue, match=r"render\.json is no OpenAPI description"):
        list(find(tmp_path, ROOT))
