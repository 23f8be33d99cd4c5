"""Findings as SARIF 2.1.0, which code scanning reads (OASIS, *Static Analysis Results Interchange Format*)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deploybook import __version__
from deploybook.checks.finding import Finding

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def write(findings: Sequence[Finding], explained: Mapping[str, str], path: Path) -> None:
    """Write the file, and its folder if it is not there; ``explained`` has every rule's explanation by its name."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document(findings, explained), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def document(findings: Sequence[Finding], explained: Mapping[str, str]) -> dict[str, Any]:
    """The whole log: one run, its rules, its results."""
    names = list(explained)
    driver = {
        "name": "deploybook check",
        "semanticVersion": __version__,
        "rules": [_rule(name, text) for name, text in explained.items()],
    }
    results = [_result(finding, names) for finding in findings]
    # Columns count as Python counts them, should one ever be given.
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    return {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}


def _rule(name: str, text: str) -> dict[str, Any]:
    first = text.partition(". ")[0].rstrip(".") + "."
    return {
        "id": name,
        "shortDescription": {"text": first},
        "fullDescription": {"text": text},
        "help": {"text": f"deploybook check --explain {name}"},
        "defaultConfiguration": {"level": "error"},
    }


def _result(finding: Finding, names: list[str]) -> dict[str, Any]:
    # The same finding keeps its fingerprint when lines before it come and go.
    fingerprint = hashlib.sha256(f"{finding.rule}\0{finding.path}\0{finding.message}".encode()).hexdigest()
    return {
        "ruleId": finding.rule,
        "ruleIndex": names.index(finding.rule),
        "level": str(finding.severity),
        "message": {"text": f"{finding.message}. {finding.hint}" if finding.hint else finding.message},
        "locations": [_place(finding.path, finding.line)],
        "relatedLocations": [{"id": number, **_place(*place)} for number, place in enumerate(finding.others, 1)],
        "partialFingerprints": {"deploybookFinding/v1": fingerprint},
    }


def _place(path: str, line: int) -> dict[str, Any]:
    # A relative reference of RFC 3986 (SARIF 2.1.0, 3.4.3): GitHub refuses the whole log for a blank in one.
    artifact = {"uri": quote(path), "uriBaseId": "%SRCROOT%"}
    return {"physicalLocation": {"artifactLocation": artifact, "region": {"startLine": max(line, 1)}}}
