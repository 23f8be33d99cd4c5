"""`deploybook check --links`: every link to another host still leads somewhere.

Asked of the hosts themselves, so this is for the scheduled workflow and a writer's own machine; no other check leaves the machine.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from urllib.parse import urldefrag, urlsplit

import httpx

from deploybook import http
from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.checks.rules.link import all_pages

AT_ONCE = 8
RETRY_SECONDS = 20.0
READ_SECONDS = 20.0
# The page is there, or may be, and is not shown to a program: 999 is what some hosts say instead of 403.
REFUSED = frozenset({401, 403, 429, 999})
# Where commands and words of others were looked up.
LOOKED_UP = (f"{PACKAGE}/checks/facts/tools.toml", f"{PACKAGE}/checks/facts/words.toml")
_SOURCE = re.compile(r'^source = "(https?://[^"]+)"', re.MULTILINE)
# Names that lead to nobody (RFC 2606, RFC 6761) and to this machine.
_NOBODY = re.compile(r"(?:^|\.)(?:example|example\.(?:com|net|org)|test|invalid|localhost)$|^127\.|^\[?::1")


@dataclass(frozen=True, order=True)
class Location:
    """Where a link stands."""

    path: str
    line: int


def find(tree: Tree) -> Iterable[Finding]:
    """A finding for each link of the guide whose address is dead."""
    return sorted(finding for rule in RULES for finding in rule.find(links(tree)))


def links(tree: Tree) -> dict[str, set[Location]]:
    """Every address that the guide names, without its fragment, and where."""
    locations: dict[str, set[Location]] = defaultdict(set)
    for place, target in _targets(tree):
        address = urldefrag(target).url
        if address.startswith(("http://", "https://")) and not _NOBODY.search(urlsplit(address).hostname or ""):
            locations[address].add(place)
    return dict(locations)


def _targets(tree: Tree) -> Iterator[tuple[Location, str]]:
    for page in all_pages(tree):
        yield from (
            (Location(page.path, span.line), span.target) for span in page.spans if span.kind in {"link", "image"}
        )
    for path in LOOKED_UP:
        text = tree.text(path)
        for match in _SOURCE.finditer(text):
            yield Location(path, text.count("\n", 0, match.start()) + 1), match[1]


def dead(places: Mapping[str, set[Location]]) -> Iterator[Finding]:
    """A finding at each place of an address that does not answer, or answers that the page is not there."""
    with (
        http.open_client(retry_seconds=RETRY_SECONDS, read_seconds=READ_SECONDS) as asking,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        asking.follow_redirects = True
        answers = dict(zip(places, pool.map(lambda address: _problem(asking, address), places), strict=True))
    for address, problem in answers.items():
        for place in places[address] if problem else ():
            hint = "Open it in a browser; give the page's new address, or take the link out."
            yield Finding(place.path, place.line, "link-outside", f"{address} {problem}", hint)


def _problem(asking: httpx.Client, address: str) -> str:
    """What is wrong with an address; empty if nothing is."""
    try:
        if asking.head(address).is_success:
            return ""
        # Some hosts answer HEAD with an error and the page itself well. The page is not read: its head says enough.
        with asking.stream("GET", address) as answer:
            exists = answer.is_success or answer.status_code in REFUSED
            return "" if exists else f"answers {answer.status_code}"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"does not answer: {str(error) or type(error).__name__}"


RULES: tuple[Rule[Mapping[str, set[Location]]], ...] = (
    Rule(
        "link-outside",
        "Every link to another host, of pages and of notebooks, and every place where a command or word of others was looked up, leads to "
        "a page that is there. A host that refuses programs (401, 403, 429) is taken to have it; passing errors are tried again.",
        dead,
    ),
)
