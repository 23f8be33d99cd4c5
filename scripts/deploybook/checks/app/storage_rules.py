"""How the application speaks to R2: presigned uploads, buckets of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from tree_sitter import Node

from deploybook.checks.app.comparison import Compared
from deploybook.checks.app.routes import declaration
from deploybook.checks.app.syntax import literal, text
from deploybook.checks.finding import Finding

CHECKSUM = "AWS_REQUEST_CHECKSUM_CALCULATION"
# From this version on the SDK signs a checksum by default (aws/aws-sdk-js-v3 CHANGELOG, 3.729.0).
FIRST = (3, 729)
SDK = "@aws-sdk/client-s3"
PRESIGNER = "s3-request-presigner"
BUCKETS = """
(pair key: (property_identifier) @_k value: (_) @node (#eq? @_k "Bucket"))
(object (shorthand_property_identifier) @node (#eq? @node "Bucket"))
"""
# Names are followed through so many declarations.
DEPTH = 3
SIGNED = re.compile(r"(PutObjectCommand|UploadPartCommand)$")


def refused_uploads(compared: Compared) -> Iterator[Finding]:
    """A presigned upload into which the SDK signs the checksum of an empty body: R2 answers 400 BadDigest."""
    app = compared.app
    if not _signs_by_default(compared):
        return
    for part in app.programs:
        if any(CHECKSUM in {variable.name} for variable in compared.contract.consumed_by(part.consumer)):
            continue
        places = [place for path in sorted(part.files) if (place := _presigned(compared, path))]
        if places:
            (path, line), *others = places
            message = f"The {part.title} presigns an upload, and {SDK} signs the checksum of an empty body into it: "
            message += "R2 answers 400 BadDigest."
            hint = f'Give S3Client requestChecksumCalculation: "WHEN_REQUIRED", or set {CHECKSUM}=WHEN_REQUIRED.'
            yield Finding(
                path, line, "app-presigned-checksum", message, hint, others=tuple(others), subjects=(CHECKSUM,)
            )


def _presigned(compared: Compared, path: str) -> tuple[str, int] | None:
    """Where a file presigns an upload by the SDK's own function, if it does."""
    content = compared.app.sources.content(path)
    if PRESIGNER.encode() not in content or b"requestChecksumCalculation" in content:
        return None
    syntax = compared.app.graph.syntax(path)
    bindings = compared.app.graph.script(path).bindings
    signers = {local for local, (name, package) in bindings.items() if name == "getSignedUrl" and PRESIGNER in package}
    calls = [
        node
        for node in syntax.nodes("(call_expression) @node")
        if text(node.child_by_field_name("function")) in signers
    ]
    for command in syntax.nodes("(new_expression) @node"):
        if not SIGNED.match(text(command.child_by_field_name("constructor"))):
            continue
        declared = command.parent if command.parent and command.parent.type == "variable_declarator" else None
        name = text(declared.child_by_field_name("name")) if declared else ""
        for call in calls:
            inside = call.start_byte <= command.start_byte < call.end_byte
            if inside or (name and re.search(rf"\b{re.escape(name)}\b", text(call.child_by_field_name("arguments")))):
                return path, call.start_point[0] + 1
    return None


def _signs_by_default(compared: Compared) -> bool:
    version = _version(compared)
    return version is None or version >= FIRST


def _version(compared: Compared) -> tuple[int, int] | None:
    """The locked version of the SDK, else the least that package.json allows; None if neither says."""
    sources = compared.app.sources
    root = compared.app.web.root if compared.app.web else ""
    for folder in dict.fromkeys((root, "")):
        start = f"{folder}/" if folder else ""
        try:
            locked = json.loads(sources.text(f"{start}package-lock.json"))["packages"][f"node_modules/{SDK}"]["version"]
        except (OSError, ValueError, KeyError):
            continue
        return _numbers(str(locked))
    return None


def _numbers(version: str) -> tuple[int, int] | None:
    match = re.search(r"(\d+)\.(\d+)", version)
    return (int(match[1]), int(match[2])) if match else None


def named_buckets(compared: Compared) -> Iterator[Finding]:
    """Buckets whose names stand in the code of the web app or the worker, beside the one that the runbook makes."""
    names: dict[str, list[tuple[str, int]]] = {}
    for path in sorted({path for part in compared.app.programs for path in part.files}):
        if b"Bucket" not in compared.app.sources.content(path):
            continue
        for node in compared.app.graph.syntax(path).nodes(BUCKETS):
            name = _constant(compared, path, node)
            if name is not None:
                names.setdefault(name, []).append((path, node.start_point[0] + 1))
    for name, places in sorted(names.items()):
        (path, line), *others = places
        message = f"The bucket {name} stands in the code: no runbook makes it, and every environment would share it."
        if not name:
            message = "The bucket's name is an empty text in the code: every request for an object is refused."
        hint = "Take its name from R2_BUCKET_NAME."
        yield Finding(
            path, line, "app-bucket-literal", message, hint, others=tuple(others), subjects=(name or "Bucket",)
        )


def _constant(compared: Compared, path: str, node: Node, depth: int = DEPTH) -> str | None:
    """The text that stands in the code for an expression, by itself or behind names, of this file or of one that it imports."""
    if node.type in {"as_expression", "satisfies_expression", "parenthesized_expression"}:
        return _constant(compared, path, node.named_children[0], depth)
    if node.type not in {"identifier", "shorthand_property_identifier"} or not depth:
        return literal(node)
    name, graph = text(node), compared.app.graph
    if value := declaration(graph.syntax(path), name):
        return _constant(compared, path, value, depth - 1)
    origin, specifier = graph.script(path).bindings.get(name, ("", ""))
    source = graph.resolver.resolve(path, specifier) if specifier else None
    value = declaration(graph.syntax(source), origin) if source else None
    return _constant(compared, source, value, depth - 1) if source and value else None
