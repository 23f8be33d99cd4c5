"""Changes of the providers' descriptions that would break a client, with the finding for each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]


def at(document: Document, path: str) -> Any:
    """A place in a document, `>` between the keys; references on the way are followed and `allOf` searched."""
    place: Any = document
    for key in path.split(" > "):
        place = _resolved(document, place)
        if key not in place and "allOf" in place:
            place = next(resolved for each in place["allOf"] if key in (resolved := _resolved(document, each)))
        place = place[int(key)] if isinstance(place, list) else place[key]
    return _resolved(document, place)


def _resolved(document: Document, place: Any) -> Any:
    while isinstance(place, dict) and "$ref" in place:
        target: Any = document
        for part in place["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/")]
        place = target
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
    for schema in _below(node):
        if value in schema.get("enum", []):
            schema["enum"].remove(value)


def _renamed(node: Any, document: Document, old: str, new: str) -> None:
    """Rename a property everywhere below a place, references followed."""
    visited: set[int] = set()
    waiting = [node]
    while waiting:
        for schema in _below(waiting.pop()):
            properties = schema.get("properties", {})
            if old in properties:
                properties[new] = properties.pop(old)
            if "$ref" in schema and id(_resolved(document, schema)) not in visited:
                visited.add(id(_resolved(document, schema)))
                waiting.append(_resolved(document, schema))


def _below(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _below(child)
