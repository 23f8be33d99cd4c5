"""Changes a settings file as a person would: a line at a time, so that comments and order stay. It never writes a secret."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import yaml

from deploybook.contract.model import Contract
from deploybook.contract.tables import ENVIRONMENT
from deploybook.errors import InvalidValue
from deploybook.layout import Layout
from deploybook.runbook.settings import (
    ACCOUNTS,
    CREDENTIALS,
    CREDENTIALS_FILE,
    Settings,
    load_settings,
)
from deploybook.runbook.settings_schema import EDITOR_LINE


@dataclass
class Kept:
    """What is to stand in the file from now on."""

    parameters: dict[str, object] = field(default_factory=dict)
    accounts: dict[str, str] = field(default_factory=dict)
    commands: dict[str, str] = field(default_factory=dict)
    credentials_file: str = ""

    def __bool__(self) -> bool:
        return bool(self.parameters or self.accounts or self.commands or self.credentials_file)


def keep(layout: Layout, contract: Contract, environment: str, kept: Kept) -> Settings:
    """Write it into the environment's settings, which are made if they are not there, and load them.

    Raises InvalidValue, and leaves the file as it was, for a value that may not stand there or a file that it cannot be added to.
    """
    path = layout.settings(environment)
    before = path.read_text(encoding="utf-8") if path.exists() else f"{EDITOR_LINE}\nenvironment: {environment}\n"
    text = before
    for name, value in kept.parameters.items():
        text = _with(text, name, value)
    if kept.credentials_file:
        text = _with(text, CREDENTIALS_FILE, kept.credentials_file)
    for block, values in ((ACCOUNTS, kept.accounts), (CREDENTIALS, kept.commands)):
        for name, value in values.items():
            text = _within(text, block, name, value)
    _require(text, kept, environment)
    existed = path.exists()
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    try:
        return load_settings(layout, contract, environment)
    except InvalidValue:
        path.write_text(before, encoding="utf-8") if existed else path.unlink()
        raise


def _with(text: str, name: str, value: object) -> str:
    """The text with a key of its own: in its line, or above the first block."""
    line = f"{name}: {_scalar(value)}"
    changed, count = re.subn(rf"(?m)^{re.escape(name)}\s*:.*$", lambda _: line, text, count=1)
    if count:
        return changed
    blocks = re.search(rf"(?m)^({ACCOUNTS}|{CREDENTIALS})\s*:", text)
    at = blocks.start() if blocks else len(text)
    before = text[:at]
    return f"{before}{'' if before.endswith(chr(10)) or not before else chr(10)}{line}\n{text[at:]}"


def _within(text: str, block: str, name: str, value: object) -> str:
    """The text with a key in a block: in its line, or as the block's first."""
    line = f"  {name}: {_scalar(value)}"
    changed, count = re.subn(rf"(?m)^[ \t]+{re.escape(name)}\s*:.*$", lambda _: line, text, count=1)
    if count:
        return changed
    changed, count = re.subn(rf"(?m)^{block}\s*:[ \t]*(#.*)?$", lambda match: f"{match[0]}\n{line}", text, count=1)
    if count:
        return changed
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{block}:\n{line}\n"


def _scalar(value: object) -> str:
    """A value as YAML writes it on one line."""
    return yaml.safe_dump(value, width=10**6, allow_unicode=True).split("\n...")[0].strip()


def _require(text: str, kept: Kept, environment: str) -> None:
    """Raise InvalidValue unless the text has the new settings: somebody may have written the file in another form of YAML."""
    try:
        values: Mapping[str, Any] = yaml.safe_load(text) or {}
        wanted = {**kept.parameters, **({CREDENTIALS_FILE: kept.credentials_file} if kept.credentials_file else {})}
        says = all(values.get(name) == value for name, value in wanted.items())
        for block, entries in ((ACCOUNTS, kept.accounts), (CREDENTIALS, kept.commands)):
            says = says and all((values.get(block) or {}).get(name) == value for name, value in entries.items())
        says = says and values.get(ENVIRONMENT) == environment
    except (yaml.YAMLError, AttributeError):
        says = False
    if not says:
        raise InvalidValue(
            f"runbooks/parameters/{environment}.yaml has a form that deploybook cannot add to.",
            "Write one `name: value` a line, and blocks below their name, indented; then run this again.",
        )
