"""Every provider of the sandbox has the same folder, and its parts know of each other in one direction only (CONTRIBUTING.md)."""

from __future__ import annotations

import functools
import importlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest
from tests.conftest import ROOT

from deploybook.sandbox.core.api import Operation
from deploybook.sandbox.host import REGISTRY

SANDBOX = ROOT / "scripts" / "deploybook" / "sandbox"
# The application that is deployed plugs into the clouds; it is none of them.
PROVIDERS = sorted(REGISTRY.keys() - {"studio"})
NEEDED = {"state", "schema", "api", "routes", "service"}
# What runs where a real server or process stands behind, and Modal's code inside a container.
ALLOWED = NEEDED | {"backend", "container", "__init__"}
# A part may not import one of these of any provider.
BLIND_TO = {
    "state": {"schema", "backend", "api", "routes", "service"},
    "schema": {"api", "routes", "service"},
    "backend": {"api", "routes", "service"},
    "api": {"service"},
    "routes": {"service"},
}
HTTP = {"starlette", "httpx", "uvicorn", "grpclib"}
# R2's operations are recognised, not routed, for S3 is no JSON API; Modal's are gRPC's.
WITHOUT_TABLE = {"r2", "modal"}


def parts(provider: str) -> dict[str, Path]:
    """The parts of a provider's folder, modules and packages alike, by their names."""
    return {path.stem: path for path in (SANDBOX / provider).iterdir() if path.name != "__pycache__"}


@functools.cache
def graph() -> grimp.ImportGraph:
    return grimp.build_graph(
        "deploybook", include_external_packages=True, exclude_type_checking_imports=False, cache_dir=None
    )


def imports(provider: str, part: str) -> Iterator[tuple[str, str]]:
    """Each import in a part: the module, and what it imports; lazy imports and those for types count."""
    package = f"deploybook.sandbox.{provider}.{part}"
    for module in sorted(graph().modules):
        if module == package or module.startswith(f"{package}."):
            yield from ((module, imported) for imported in sorted(graph().find_modules_directly_imported_by(module)))


def test_every_folder_beside_the_shared_ones_is_a_registered_provider() -> None:
    folders = {path.name for path in SANDBOX.iterdir() if path.is_dir() and path.name != "__pycache__"}
    assert folders - {"core", "own_app", "scenarios"} == set(PROVIDERS)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_a_providers_folder_has_the_shape(provider: str) -> None:
    names = parts(provider).keys()
    assert names >= NEEDED
    assert names <= ALLOWED


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("part", sorted(BLIND_TO))
def test_a_part_knows_nothing_of_those_above_it(provider: str, part: str) -> None:
    upward = []
    for module, imported in imports(provider, part):
        names = imported.split(".")
        if names[:2] == ["deploybook", "sandbox"] and len(names) > 3 and names[2] in PROVIDERS:
            upward += [(module, imported)] if names[3] in BLIND_TO[part] else []
    assert upward == []


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("part", ["state", "schema"])
def test_state_and_schema_have_no_http(provider: str, part: str) -> None:
    assert [pair for pair in imports(provider, part) if pair[1].split(".")[0] in HTTP] == []


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - WITHOUT_TABLE))
def test_a_provider_has_one_operation_for_each_method_and_path(provider: str) -> None:
    table: tuple[Operation, ...] = importlib.import_module(f"deploybook.sandbox.{provider}.routes").OPERATIONS  # type: ignore[type-arg]
    entries = Counter((one.method, path) for one in table for path in one.paths)
    assert len(entries) > 5
    assert [entry for entry, count in entries.items() if count > 1] == []
