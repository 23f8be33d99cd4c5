"""The render app's image, which Modal builds from Debian and pip: what the code imports is installed, from packages that are there."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from deploybook.checks.app.comparison import Compared, listed
from deploybook.checks.finding import Finding, Severity

RULE = "app-modal-image"
# Debian 13 (trixie) release notes and package lists: renamed or removed since Debian 12.
GONE = re.compile(r"\blibgdk-pixbuf2\.0-0\b")
# FastAPI's package brings requests with it.
BRINGS_REQUESTS = frozenset({"requests", "fastapi"})


def incomplete_images(compared: Compared) -> Iterator[Finding]:
    """A file of the render app that imports requests and does not install it, or installs a package that Debian no longer has."""
    modal = compared.app.modal
    for file in modal.files if modal else ():
        yield from _uninstalled_requests(file.path, file.tree)
        yield from _packages_gone(file.path, file.tree)


def _uninstalled_requests(path: str, tree: ast.Module) -> Iterator[Finding]:
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom) and "requests" in _packages(node)
    ]
    installed = _installed(tree)
    if lines and installed and not installed & BRINGS_REQUESTS:
        message = "The render app imports requests, which no image of it installs."
        yield Finding(path, lines[0], RULE, message, "Add requests to pip_install.", subjects=("requests",))


def _packages(node: ast.Import | ast.ImportFrom) -> set[str]:
    """The top-level packages that an import statement names."""
    modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
    return {module.partition(".")[0] for module in modules}


def _installed(tree: ast.Module) -> set[str]:
    """The packages that the file's images install by pip, without versions and extras."""
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith((".pip_install", ".uv_pip_install"))
    ]
    return {
        re.split(r"[\[<>=~! ]", argument.value)[0].lower()
        for call in calls
        for argument in call.args
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    }


def _packages_gone(path: str, tree: ast.Module) -> Iterator[Finding]:
    strings = [node for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    gone = [(node.lineno, match[0]) for node in strings if (match := GONE.search(str(node.value)))]
    if gone and "debian_slim" in ast.unparse(tree):
        packages = sorted({package for _, package in gone})
        are = "are" if len(packages) > 1 else "is"
        message = f"{listed(packages)} {are} not in Debian 13, which Modal's image builder has from 2026.10 on."
        hint = "Deploy with MODAL_IMAGE_BUILDER_VERSION=2025.06, or take the package out."
        yield Finding(path, gone[0][0], RULE, message, hint, Severity.WARNING, subjects=tuple(packages))
