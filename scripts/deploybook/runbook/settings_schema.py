"""The JSON Schema of the settings files, made from the contract and the runbooks; editors find it by the first line of a file.

Written in the form of JSON Schema draft 2020-12, to ``runbooks/parameters/settings.schema.json``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploybook.contract.model import Contract
from deploybook.contract.parameters import Parameter
from deploybook.contract.tables import ENVIRONMENT
from deploybook.layout import Layout
from deploybook.runbook.app_settings import KEY as APP
from deploybook.runbook.app_settings import AppSettings
from deploybook.runbook.notebook_file import NotebookParameter
from deploybook.runbook.settings import (
    ACCOUNTS,
    CREDENTIALS,
    CREDENTIALS_FILE,
    declared_parameters,
    keepable,
)

NAME = "settings.schema.json"
# The comment by which the YAML language server of editors finds the schema.
EDITOR_LINE = f"# yaml-language-server: $schema={NAME}"
TYPES: Mapping[type, str] = {str: "string", int: "integer", float: "number", bool: "boolean"}


def schema_path(layout: Layout) -> Path:
    """Where the schema stands, beside the settings files."""
    return layout.root / "runbooks" / "parameters" / NAME


def schema_text(layout: Layout, contract: Contract) -> str:
    """The schema as it is to stand in its file."""
    return json.dumps(schema(layout, contract), indent=1, ensure_ascii=False) + "\n"


def schema(layout: Layout, contract: Contract) -> dict[str, Any]:
    """The schema: every parameter that may be kept, and the three keys that are no parameters."""
    properties: dict[str, Any] = {
        ENVIRONMENT: _property(contract.parameters[ENVIRONMENT], "string") | {"description": "The file's own name."}
    }
    for name, declared in declared_parameters(layout, contract).items():
        if keepable(contract, name):
            properties[name] = _parameter(contract, declared)
    properties[ACCOUNTS] = {
        "description": "Identifiers at the providers that are no secrets.",
        **_object(
            {
                credential.name: {
                    "type": "string",
                    "pattern": f"^(?:{credential.pattern})$",
                    "description": credential.made_at,
                }
                for credential in contract.credentials
                if not credential.secret
            }
        ),
    }
    properties[CREDENTIALS] = {
        "description": "For each credential the command that prints it, such as op read op://VAULT/ITEM/FIELD. Never the secret.",
        **_object(
            {
                credential.name: {"type": "string", "description": credential.made_at}
                for credential in contract.credentials
            }
        ),
    }
    properties[CREDENTIALS_FILE] = {
        "type": "string",
        "minLength": 1,
        "description": "A dot-env file outside of the repository that holds credentials; only you can read it.",
    }
    application = AppSettings.model_json_schema(ref_template="#/$defs/{model}")
    definitions = application.pop("$defs", {})
    properties[APP] = application | {"title": "The application's own checkout, which deploybook check --app reads."}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The settings of one environment of deploybook",
        **_object(properties),
        "required": [ENVIRONMENT],
        "$defs": definitions,
    }


def _parameter(contract: Contract, declared: NotebookParameter) -> dict[str, Any]:
    rule, kind = contract.parameters.get(declared.name), TYPES[declared.type]
    if rule is None:
        return {"type": kind, "description": declared.help, "default": declared.default}
    return _property(rule, kind) | {"description": rule.description, "default": declared.default}


def _property(rule: Parameter, kind: str) -> dict[str, Any]:
    limits = {"minimum": rule.minimum, "maximum": rule.maximum, "enum": list(rule.choices) if rule.choices else None}
    pattern = f"^(?:{rule.pattern}{'|' if rule.named else ''})$" if rule.pattern else None
    return {"type": kind} | {name: value for name, value in {**limits, "pattern": pattern}.items() if value is not None}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}
