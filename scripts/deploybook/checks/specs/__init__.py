"""`deploybook check --specs DIR`: the providers still describe the operations that the clients use, and describe them as they are used."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from deploybook.checks.finding import Finding
from deploybook.checks.specs.description import Description
from deploybook.checks.specs.modules import Package
from deploybook.checks.specs.requests import API_URL, requests_of, url_of
from deploybook.checks.specs.rules import RULES, Provider

__all__ = ["RULES", "find"]

CLIENTS = Path("scripts", "deploybook", "clouds")
# GitHub publishes a description of 10 MB; the client is held against it elsewhere, if at all.
UNDESCRIBED = frozenset({"github"})


def find(specs: Path, root: Path) -> Iterable[Finding]:
    """What the descriptions in a folder no longer have of what the checkout at ``root`` uses; raises InvalidValue for a bad file."""
    descriptions = [Description.read(path) for path in sorted(specs.glob("*.json"))]
    return compare(read_providers(descriptions, root))


def compare(providers: Iterable[Provider]) -> Iterable[Finding]:
    """What the rules say of providers that were read."""
    told = list(providers)
    return sorted({finding for rule in RULES for finding in rule.find(told)})


def read_providers(descriptions: list[Description], root: Path) -> Iterator[Provider]:
    """Each provider's API, and beside it what its modules send to addresses of each account's own (Turso's databases)."""
    for folder in sorted((root / CLIENTS).iterdir()):
        if not folder.is_dir() or folder.name in UNDESCRIBED:
            continue
        package = Package.read(folder, root)
        requests = [each for each in requests_of(package) if not each.absolute]
        of_api = {each.path for each in package.modules if API_URL in each.constants}
        for url, there in ((url_of(package), True), ("", False)):
            sent = [each for each in requests if (each.file in of_api) is there]
            if sent:
                name = folder.name if there else f"{folder.name} (own addresses)"
                yield Provider(name, sent[0].file, url, package, tuple(sent), _described(descriptions, url))


def _described(descriptions: list[Description], url: str) -> Description | None:
    return next((each for each in descriptions if each.server == url), None)
