"""What a dry run sends fits the descriptions as they are; each change in them that would break a client is found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.clouds.render.test_description import OPERATIONS as RENDER
from tests.clouds.turso.test_description import OPERATIONS as TURSO
from tests.clouds.vercel.test_description import OPERATIONS as VERCEL
from tests.runbooks.in_process import InProcess

from deploybook.checks.finding import Finding
from deploybook.checks.specs import RULES
from deploybook.checks.specs.comparison import PROVIDERS, compare, find, record
from deploybook.checks.specs.description import Description, read_document
from deploybook.checks.specs.recording import Exchange
from deploybook.errors import InvalidValue
from deploybook.layout import Layout

ROOT = Path(__file__).resolve().parents[2]
Document = dict[str, Any]
# One recorded run serves all of these tests.
pytestmark = pytest.mark.xdist_group("specs")


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """A checkout whose builds are its own."""
    root = tmp_path_factory.mktemp("checkout")
    for name in ("runbooks", "docs", "scripts"):
        (root / name).symlink_to(ROOT / name)
    return Layout(root)


@pytest.fixture(scope="module")
def exchanges(specs: Path, layout: Layout) -> list[Exchange]:
    recorded, progress = record(layout, InProcess(), lambda _: None)
    assert progress.failed == []
    return recorded


@pytest.fixture(scope="module")
def documents(specs: Path) -> dict[str, Document]:
    return {path.name: read_document(path) for path in sorted(specs.glob("*.json"))}


@pytest.fixture
def changed(
    exchanges: list[Exchange], documents: dict[str, Document]
) -> Callable[[str, Callable[[Document], object]], list[Finding]]:
    """What is found after one description was changed."""

    def findings(name: str, change: Callable[[Document], object]) -> list[Finding]:
        document = copy.deepcopy(documents[name])
        change(document)
        assert document != documents[name], "nothing was changed"
        return compare({**documents, name: document}.values(), exchanges)

    return findings


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
        parameters = at(document, path)["parameters"]
        change(parameters, next(each for each in parameters if _resolved(document, each)["name"] == name))

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
    "path renamed": (
        "render.json",
        rename("paths", "/logs", "/log-lines"),
        "spec-operation",
        "GET /v1/logs: the path is not there",
    ),
    "path below it renamed": (
        "turso.json",
        rename("paths", "/v1/locations", "/v2/locations"),
        "spec-operation",
        "GET /v1/locations: the path is not there",
    ),
    "path of an owner not known": (
        "cloudflare.json",
        lambda document: [
            document["paths"].pop(path) for path in list(document["paths"]) if path.endswith("/tokens/{token_id}")
        ],
        "spec-operation",
        "DELETE /accounts/{}/tokens/{}: the path is not there",
    ),
    "method gone": (
        "render.json",
        rename("paths > /services/{serviceId}", "patch", "put"),
        "spec-operation",
        "PATCH /services/{}: the path has only DELETE, GET, PUT",
    ),
    "operation deprecated": (
        "vercel.json",
        put("paths > /v2/user > get", "deprecated", True),
        "spec-deprecated",
        "GET /v2/user",
    ),
    "query parameter gone": (
        "turso.json",
        parameter(TURSO_TOKEN, "expiration", lambda parameters, one: parameters.remove(one)),
        "spec-parameter",
        "there is no expiration",
    ),
    "query parameter of every request gone": (
        "vercel.json",
        parameter("paths > /v9/projects/{idOrName} > get", "teamId", lambda parameters, one: parameters.remove(one)),
        "spec-parameter",
        "GET getProject: there is no teamId",
    ),
    "query parameter newly required": (
        "render.json",
        lambda document: at(document, "paths > /owners > get")["parameters"].append(NEW_PARAMETER),
        "spec-parameter",
        "GET list-owners: Missing required query parameter: region",
    ),
    "value of a query parameter gone": (
        "render.json",
        parameter(
            "paths > /logs > get",
            "direction",
            lambda _, one: one.update(schema={"type": "string", "enum": ["forward"]}),
        ),
        "spec-parameter",
        "Invalid query parameter: direction",
    ),
    "query parameter deprecated": (
        "vercel.json",
        parameter("paths > /v13/deployments > post", "forceNew", lambda _, one: one.update(deprecated=True)),
        "spec-deprecated",
        "forceNew is deprecated",
    ),
    "header gone": (
        "vercel.json",
        parameter("paths > /v2/files > post", "x-vercel-digest", lambda parameters, one: parameters.remove(one)),
        "spec-parameter",
        "there is no header x-vercel-digest",
    ),
    "header newly required": (
        "turso.json",
        lambda document: at(document, "paths > /v1/locations > get").setdefault("parameters", []).append(REQUIRED),
        "spec-parameter",
        "Missing required header parameter: tenant",
    ),
    "field of a body renamed": (
        "cloudflare.json",
        rename(f"{BUCKETS} > post > {BODY} > properties", "name", "title"),
        "spec-body",
        "the body has name, which is not described or deprecated",
    ),
    "field of a body renamed, of one that callers give": (
        "render.json",
        rename(f"{SERVICES} > post > {BODY} > properties", "envVars", "environment"),
        "spec-body",
        "the body has envVars, which is not described or deprecated",
    ),
    "field inside the alternative of a worker renamed": (
        "render.json",
        lambda document: rename("components > schemas > backgroundWorkerDetailsPOST > properties", "region", "place")(
            document
        ),
        "spec-body",
        "serviceDetails has region, which is not described or deprecated",
    ),
    "field of a body newly required": (
        "turso.json",
        lambda document: at(document, f"{DATABASES} > post > {BODY}")["required"].append("size_limit"),
        "spec-body",
        "'size_limit' is a required property",
    ),
    "body newly required": (
        "turso.json",
        put(TURSO_TOKEN, "requestBody", {"required": True, "content": {}}),
        "spec-body",
        "Missing required request body",
    ),
    "body gone": (
        "render.json",
        take_out(f"{SERVICES} > post", "requestBody"),
        "spec-body",
        "there is no body",
    ),
    "value of a field gone": (
        "render.json",
        take_out("components > schemas > serviceType > enum", "background_worker"),
        "spec-body",
        "type must keep enum",
    ),
    "value of a field in a list gone": (
        "vercel.json",
        lambda document: _without(at(document, f"{ENV} > post > {BODY}"), "sensitive"),
        "spec-body",
        "[].type must keep enum",
    ),
    "field of a body deprecated": (
        "cloudflare.json",
        put(f"{BUCKETS} > post > {BODY} > properties", "name", {"type": "string", "deprecated": True}),
        "spec-body",
        "the body has name, which is not described or deprecated",
    ),
    "part of an answer renamed": (
        "turso.json",
        rename(f"{TURSO_TOKEN} > responses > 200 > content > application/json > schema > properties", "jwt", "token"),
        "spec-answer",
        "the body has jwt, which is not described or deprecated",
    ),
    "part inside an answer renamed": (
        "cloudflare.json",
        lambda document: _renamed(at(document, f"{BUCKETS} > get > responses > 200"), document, "buckets", "items"),
        "spec-answer",
        "result has buckets, which is not described or deprecated",
    ),
    "another status of success": (
        "turso.json",
        rename(f"{DATABASES} > post > responses", "200", "202"),
        "spec-answer",
        "status: 200",
    ),
    "status word gone": (
        "render.json",
        lambda document: at(document, f"{DEPLOY} > properties > status > enum").remove("live"),
        "spec-answer",
        "[].deploy.status must keep enum",
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


def test_the_descriptions_as_they_are_yield_no_finding(
    exchanges: list[Exchange], documents: dict[str, Document]
) -> None:
    assert compare(documents.values(), exchanges) == []


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_that_would_break_a_client_is_found(name: str, changed: Callable[..., list[Finding]]) -> None:
    description, change, rule, message = CHANGES[name]
    findings = changed(description, change)
    assert [finding for finding in findings if finding.rule == rule and message in finding.message], [
        f"{finding.rule}: {finding}" for finding in findings
    ]
    assert all((ROOT / finding.path).is_file() for finding in findings)


def test_every_rule_has_its_change() -> None:
    assert {rule for _, _, rule, _ in CHANGES.values()} | {"spec-absent", "spec-sent"} == {rule.name for rule in RULES}


def test_an_operation_that_nobody_uses_may_go(changed: Callable[..., list[Finding]]) -> None:
    assert changed("render.json", take_out("paths", "/registrycredentials")) == []


@pytest.mark.parametrize(
    ("provider", "name", "operations"),
    [("turso", "turso.json", TURSO), ("vercel", "vercel.json", VERCEL), ("render", "render.json", RENDER)],
)
def test_what_no_run_sends_is_said(
    provider: str,
    name: str,
    operations: set[str],
    exchanges: list[Exchange],
    documents: dict[str, Document],
) -> None:
    requests = {(exchange.method, exchange.path) for exchange in exchanges if exchange.provider == provider}
    not_sent = {tuple(each.split(" ")) for one in PROVIDERS if one.name == provider for each in one.not_sent}
    description = Description(provider, documents[name], [path for _, path in requests | not_sent])
    sent = {description.name_of(method, path) for method, path in requests}
    assert {description.name_of(method, path) for method, path in not_sent} == operations - sent


def test_a_finding_never_quotes_what_was_sent(changed: Callable[..., list[Finding]], exchanges: list[Exchange]) -> None:
    """Every string that was sent is made to be a number: each is refused, by its place."""

    def numbers(document: Document) -> None:
        for schema in _below(document):
            if schema.get("type") == "string":
                schema["type"] = "integer"

    bodies = [
        exchange.body for exchange in exchanges if exchange.provider == "render" and exchange.body.startswith(b"{")
    ]
    sent = {value for body in bodies for value in _values(json.loads(body)) if len(value) > 20}
    messages = " ".join(str(finding) for finding in changed("render.json", numbers))
    assert "must keep type" in messages
    assert len(sent) > 5
    assert not [value for value in sent if value in messages]


def _values(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _values(item)


def test_a_description_that_is_absent_or_of_another_address_is_reported(
    exchanges: list[Exchange], documents: dict[str, Document]
) -> None:
    render = copy.deepcopy(documents["render.json"])
    render["servers"][0]["url"] = "https://api.render.com/v2"
    findings = compare([documents["turso.json"], render], exchanges)
    assert {finding.rule for finding in findings} == {"spec-absent"}
    assert {finding.path.split("/")[-2] for finding in findings} == {"r2", "render", "vercel"}


def test_what_the_providers_publish_is_enough(exchanges: list[Exchange], documents: dict[str, Document]) -> None:
    """Whole documents are read like trimmed ones, and the one that we wrote ourselves is not asked for."""
    published = copy.deepcopy([documents[f"{name}.json"] for name in ("cloudflare", "render", "turso", "vercel")])
    for document in published:
        document["paths"]["/an/operation/that/nobody/uses"] = {"get": {"responses": {"200": {"description": "OK"}}}}
        document["paths"]["/other"] = {"$ref": "#/components/pathItems/other"}
        document.setdefault("webhooks", {})["deployed"] = {"post": {}}
    assert compare(published, exchanges) == []


def test_a_file_that_is_no_description_is_refused_before_the_run(tmp_path: Path, layout: Layout) -> None:
    (tmp_path / "render.json").write_text(json.dumps({"openapi": "3.1.0"}))
    with pytest.raises(InvalidValue, match=r"render\.json is no OpenAPI description"):
        list(find(tmp_path, layout, InProcess(), lambda _: None))
