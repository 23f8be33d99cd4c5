"""Where a description cannot decide, or differs from what the provider's own SDK sends: each with its reason."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

Document = dict[str, Any]


def cloudflare(document: Document) -> None:
    """An update's body is written as the token that is read, whose policies have ids, and a DELETE is to have a body.

    The official SDK (cloudflare-python) sends an update's policies as a create's, and no body with a DELETE; so do we.
    """
    for path, operations in document["paths"].items():
        if "delete" in operations:
            operations["delete"].pop("requestBody", None)
        if path.endswith("/tokens/{token_id}") and "put" in operations:
            policies = {"$ref": "#/components/schemas/iam_token-policies-request"}
            operations["put"]["requestBody"]["content"]["application/json"]["schema"] = {
                "type": "object",
                "required": ["name", "policies"],
                "properties": {
                    "name": {"type": "string"},
                    "policies": policies,
                    "status": {"$ref": "#/components/schemas/iam_status"},
                },
            }


def render(document: Document) -> None:
    """``serviceDetails`` is a oneOf without a discriminator, of which several fit: the sibling ``type``, a worker's, decides."""
    schemas = document["components"]["schemas"]
    for body in ("servicePOST", "servicePATCH"):
        method = body.removeprefix("service")
        with suppress(KeyError):
            schemas[body]["properties"]["serviceDetails"] = {
                "$ref": f"#/components/schemas/backgroundWorkerDetails{method}"
            }
            details = schemas[f"backgroundWorkerDetails{method}"]["properties"]
            details["envSpecificDetails"] = {"$ref": f"#/components/schemas/dockerDetails{method}"}


AMENDMENTS: Mapping[str, Callable[[Document], None]] = {"r2": cloudflare, "render": render}

# The team goes with every request to Vercel; where its id is in the path already, the description leaves it out.
UNDESCRIBED_PARAMETERS: Mapping[str, frozenset[str]] = {"getTeam": frozenset({"teamId"})}

# A group as turso-cli reads it (internal/turso/groups.go): the description has ``locations`` and ``version`` as deprecated, which
# ``tighten`` takes out, and leaves ``archived`` out.
_GROUP = frozenset({"archived", "locations", "version"})
# The message of a token that is valid ends in ``"type": null`` in what Cloudflare answers (favonia/cloudflare-ddns keeps such an answer
# in its tests).
_MESSAGE = frozenset({"type"})

# What the provider answers, by public sources, and its description leaves out: the fields of an operation's answer.
UNDESCRIBED_FIELDS: Mapping[str, frozenset[str]] = {
    "account-api-tokens-verify-token": _MESSAGE,
    "user-api-tokens-verify-token": _MESSAGE,
    "createGroup": _GROUP,
    "getGroup": _GROUP,
    "listGroups": _GROUP,
    "unarchiveGroup": _GROUP,
}


def tighten(document: Document) -> None:
    """Providers let a body have fields beside those described: ours has those only, and none that is deprecated."""
    _tighten(document, document)


def _tighten(node: object, document: Document) -> None:
    """Branches of ``oneOf`` overlap in all four descriptions: a value that fits any of them is right.

    What is nullable must, in OpenAPI 3.0, have null among its ``enum`` to allow it.
    """
    if isinstance(node, list):
        for item in node:
            _tighten(item, document)
    if not isinstance(node, dict):
        return
    if isinstance(node.get("allOf"), list):
        _join(node, document)
    properties = node.get("properties")
    if isinstance(properties, dict) and node.get("type", "object") == "object":
        for name in [name for name, schema in properties.items() if _is_deprecated(schema)]:
            del properties[name]
        if not any(node.get(word) for word in ("oneOf", "anyOf", "allOf")):
            node.setdefault("additionalProperties", False)
    if isinstance(node.get("oneOf"), list) and node["oneOf"]:
        node["anyOf"] = node.pop("oneOf")
    if node.get("nullable") is True and isinstance(node.get("enum"), list) and None not in node["enum"]:
        node["enum"].append(None)
    for value in list(node.values()):
        _tighten(value, document)


def _join(node: Document, document: Document) -> None:
    """Put the parts of an ``allOf`` into one schema where all are plain objects: each alone would forbid what the others have."""
    parts = [_resolved(part, document) for part in node["allOf"]]
    for part in parts:
        if isinstance(part.get("allOf"), list):
            _join(part, document)
    if any(part.get(word) for part in parts for word in ("oneOf", "anyOf", "allOf", "additionalProperties")):
        return
    del node["allOf"]
    for part in parts:
        for name, value in part.items():
            if name == "properties":
                node["properties"] = {**node.get("properties", {}), **value}
            elif name == "required":
                node["required"] = sorted({*node.get("required", []), *value})
            elif name != "additionalProperties":
                node.setdefault(name, value)


def _resolved(node: Any, document: Document) -> Document:
    while "$ref" in node:
        target: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part.replace("~1", "/").replace("~0", "~")]
        node = target
    return copy.deepcopy(node)


def _is_deprecated(schema: object) -> bool:
    return isinstance(schema, dict) and schema.get("deprecated") is True
