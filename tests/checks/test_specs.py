"""What a dry run sends fits the descriptions as they are; each change in them that would break a client is found."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.checks.spec_changes import (
    CHANGES,
    Document,
    _below,
    take_out,
)
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
