"""A dry run's requests, and the sandbox's answers, compared with the providers' own descriptions of today."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deploybook.checks.finding import Finding
from deploybook.checks.specs.description import Description, Document, read_document
from deploybook.checks.specs.recording import Exchange, RecordedSandbox
from deploybook.clouds.r2.client import API_URL as CLOUDFLARE
from deploybook.clouds.render.client import API_URL as RENDER
from deploybook.clouds.turso.client import API_URL as TURSO
from deploybook.clouds.vercel.client import API_URL as VERCEL
from deploybook.contract.model import load_contract
from deploybook.layout import Layout
from deploybook.runbook.modes import Mode
from deploybook.runner.executors import Executor
from deploybook.runner.plan import Plan
from deploybook.runner.report import CellResult, SectionResult
from deploybook.runner.run import run

HINT = "Read the provider's change, and change the client and the sandbox alike."


@dataclass(frozen=True)
class Provider:
    """An API that its provider describes. ``not_sent`` are the operations that its client can ask for and a dry run does not."""

    name: str
    url: str
    endpoint: str
    not_sent: tuple[str, ...]

    @property
    def client(self) -> str:
        """Its client's file."""
        return f"scripts/deploybook/clouds/{self.name}/client.py"


# GitHub's description has 10 MB, Modal speaks gRPC, and nobody publishes one of a Turso database: what is sent to these is held elsewhere.
PROVIDERS = (
    Provider(
        "r2",
        CLOUDFLARE,
        "CLOUDFLARE_API_URL",
        (
            "DELETE /accounts/{}/r2/buckets/{}",
            "DELETE /accounts/{}/r2/buckets/{}/cors",
            "PUT /accounts/{}/tokens/{}",
            "PUT /accounts/{}/tokens/{}/value",
            "DELETE /accounts/{}/tokens/{}",
        ),
    ),
    Provider(
        "turso",
        TURSO,
        "TURSO_API_URL",
        (
            "GET /v1/organizations/{}/groups",
            "DELETE /v1/organizations/{}/groups/{}",
            "POST /v1/organizations/{}/groups/{}/unarchive",
            "GET /v1/organizations/{}/databases",
            "DELETE /v1/organizations/{}/databases/{}",
            "PATCH /v1/organizations/{}/databases/{}/configuration",
            "POST /v1/organizations/{}/databases/{}/auth/rotate",
        ),
    ),
    Provider(
        "vercel",
        VERCEL,
        "VERCEL_API_URL",
        (
            "GET /v2/user",
            "PATCH /v9/projects/{}",
            "DELETE /v9/projects/{}",
            "PATCH /v9/projects/{}/env/{}",
            "DELETE /v9/projects/{}/env/{}",
            "GET /v3/deployments/{}/events",
        ),
    ),
    Provider(
        "render",
        RENDER,
        "RENDER_API_URL",
        (
            "PATCH /services/{}",
            "DELETE /services/{}",
            "POST /services/{}/resume",
            "PUT /services/{}/env-vars/{}",
            "DELETE /services/{}/env-vars/{}",
            "POST /services/{}/deploys",
        ),
    ),
)


class _Progress:
    """Says which section of the dry run has ended, and keeps those that did not pass."""

    def __init__(self, listener: Callable[[str], None]) -> None:
        self._listener = listener
        self.failed: list[SectionResult] = []

    def section_started(self, slug: str) -> None:
        """Nothing: its end counts."""

    def cell_started(self, slug: str, cell: str) -> None:
        """Nothing: its section's end counts."""

    def event_shown(self, slug: str, cell: str, data: Mapping[str, Any]) -> None:
        """Nothing: its section's end counts."""

    def cell_done(self, slug: str, cell: CellResult) -> None:
        """Nothing: its section's end counts."""

    def section_done(self, result: SectionResult) -> None:
        """Say it."""
        self._listener(f"{result.slug} {result.status}")
        if result.status != "passed":
            self.failed.append(result)


def find(specs: Path, layout: Layout, executor: Executor, listener: Callable[[str], None]) -> Iterator[Finding]:
    """Run all sections dry, and compare what they sent; raises InvalidValue for a bad file, before the run."""
    documents = [read_document(path) for path in sorted(specs.glob("*.json"))]
    exchanges, progress = record(layout, executor, listener)
    for section in progress.failed:
        message = f"the dry run of {section.slug} is {section.status}: what it would have sent is not compared"
        yield Finding(f"runbooks/{section.slug}.ipynb", 1, "spec-sent", message, "Run deploybook run.")
    yield from compare(documents, exchanges)
    for provider in PROVIDERS:
        listener(f"no run sends, so only looked for: {', '.join(provider.not_sent)}")


def record(layout: Layout, executor: Executor, listener: Callable[[str], None]) -> tuple[list[Exchange], _Progress]:
    """A dry run of all sections: what was sent to each of ``PROVIDERS``, and how the sections ended."""
    contract = load_contract(layout.contract)
    plan = Plan(layout, contract, Mode.DRY_RUN, "production", tuple(contract.order()))
    endpoints = {provider.name: provider.endpoint for provider in PROVIDERS}
    exchanges: list[Exchange] = []
    progress = _Progress(listener)
    run(plan, progress, executor, lambda: RecordedSandbox(endpoints, exchanges.append))
    return exchanges, progress


def compare(documents: Iterable[Document], exchanges: Sequence[Exchange]) -> list[Finding]:
    """What the descriptions do not allow of the exchanges, once for each operation and problem."""
    by_server = {Description.server_of(document): document for document in documents}
    findings: set[Finding] = set()
    for provider in PROVIDERS:
        document = by_server.get(provider.url)
        if document is None:
            message = f"no description in the folder is of {provider.url}"
            findings.add(Finding(provider.client, 1, "spec-absent", message, "Get it, or say where the API went."))
        else:
            findings |= set(
                _compare_one(
                    provider, document, [exchange for exchange in exchanges if exchange.provider == provider.name]
                )
            )
    return sorted(findings)


def _compare_one(provider: Provider, document: Document, exchanges: Sequence[Exchange]) -> Iterator[Finding]:
    not_sent = [tuple(request.split(" ")) for request in provider.not_sent]
    description = Description(
        provider.name, document, [exchange.path for exchange in exchanges] + [path for _, path in not_sent]
    )
    for exchange in exchanges:
        operation = description.name_of(exchange.method, exchange.path) or exchange.path
        for kind, text in description.problems(exchange):
            yield Finding(provider.client, 1, f"spec-{kind}", f"{exchange.method} {operation}: {text}", HINT)
    for method, path in not_sent:
        for kind, text in description.absence(method, path):
            yield Finding(provider.client, 1, f"spec-{kind}", f"{method} {path}: {text}", HINT)
