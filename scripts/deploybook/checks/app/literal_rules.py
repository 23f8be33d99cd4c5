"""What stands in the code and belongs to one environment, or to one person: labels, names, hosts."""

from __future__ import annotations

import ast
import posixpath
import re
from collections.abc import Iterator

from deploybook.checks.app.comparison import Compared, finding_of, listed
from deploybook.checks.app.reads import Read
from deploybook.checks.finding import Finding, Severity

# A host of one account, project or app of a provider: it is somebody's.
SOMEBODYS = re.compile(
    r"(?:[0-9a-f]{32}\.(?:eu\.|fedramp\.)?r2\.cloudflarestorage\.com|pub-[0-9a-f]{32}\.r2\.dev|[\w-]+--[\w-]+\.modal\.run"
    r"|[\w-]+\.(?:vercel\.app|onrender\.com|turso\.io|workers\.dev|pages\.dev|supabase\.co|herokuapp\.com|fly\.dev|netlify\.app|ngrok\.io"
    r"|up\.railway\.app)|[\w.-]+\.s3[\w.-]*\.amazonaws\.com)"
)
APPS = frozenset({"modal.App", "App", "modal.Stub"})
# A place in code where an address is only an example, or a pattern that others are compared with.
EXAMPLE = re.compile(r"example|your-|<|\$\{|my-app|placeholder|xxx", re.IGNORECASE)
# A template whose address goes on with a value.
FILLED = re.compile(r"https://[\w.-]+/[^`]*\$\{")
URL = re.compile(r"https?://([\w.-]+)")


def foreign_defaults(compared: Compared) -> Iterator[Finding]:
    """A default that is the address of somebody's account, project or app."""
    reads = [read for part in compared.app.programs for read in (*part.reads, *part.preset)]
    reads += [*compared.app.modal.reads] if compared.app.modal else []
    foreign = [read for read in reads if SOMEBODYS.search(read.default) and not EXAMPLE.search(read.default)]
    for name in dict.fromkeys(read.name for read in foreign):
        own = [read for read in foreign if read.name == name]
        hosts = listed(sorted({match[0] for read in own if (match := SOMEBODYS.search(read.default))}))
        message = f"Without {name}, the code uses {hosts}: that is one account's, and not yours."
        yield finding_of(own, "app-default-foreign", message, f"Take the default out, and set {name}.")


def literal_names(compared: Compared) -> Iterator[Finding]:
    """The render app's name and labels as literals: a second environment takes over the first one's endpoints."""
    modal = compared.app.modal
    if modal is None:
        return
    places = [Read(one.label, one.path, one.label_line) for one in modal.endpoints if one.label]
    for file in modal.files:
        for node in ast.walk(file.tree):
            if (
                isinstance(node, ast.Call)
                and ast.unparse(node.func) in APPS
                and (name := file.value((*node.args, None)[0]))
            ):
                places.append(Read(name, file.path, node.lineno))
    labels = {place.name for place in places} - {""}
    endpoint_labels = {one.label for one in modal.endpoints if one.label}
    places += _in_javascript(compared, endpoint_labels)
    if endpoint_labels and places:
        are = "are literals" if len(labels) > 1 else "is a literal"
        message = f"{listed(sorted(labels))} {are}: the parameters app_name and endpoint_label are ignored, "
        message += "and a second environment takes over the endpoints of the first."
        yield finding_of(
            places,
            "app-label-literal",
            message,
            "Make the names of MODAL_LABEL, which the runbook exports at the deploy.",
            Severity.WARNING,
        )


def literal_hosts(compared: Compared) -> Iterator[Finding]:
    """Hosts of one account in the code that runs, and addresses made from the application's own domain."""
    own = _own_domain(compared)
    defaults = {(read.path, read.line) for read in _all_reads(compared) if read.default}
    places: dict[str, list[Read]] = {}
    for read in (*_javascript_hosts(compared, own), *_python_hosts(compared, own)):
        # The default of a variable has a rule of its own; it may stand on the line after the read.
        if not {(read.path, read.line), (read.path, read.line - 1)} & defaults:
            places.setdefault(read.name, []).append(read)
    for host, reads in sorted(places.items()):
        message = f"{host} stands in the code, where the guide has a variable: every environment speaks to this one."
        yield finding_of(
            reads, "app-host-literal", message, "Read it from a variable of the contract.", Severity.WARNING
        )


def _javascript_hosts(compared: Compared, own: str) -> Iterator[Read]:
    for path in sorted({path for part in compared.app.programs for path in part.files}):
        # What next.config lists are addresses that pages may load from.
        if b"https://" not in compared.app.sources.content(path) or posixpath.basename(path).startswith("next.config"):
            continue
        for node in compared.app.graph.syntax(path).nodes("[(string) (template_string)] @node"):
            written = (node.text or b"").decode(errors="replace")
            for host in _hosts(written, own if FILLED.search(written) else ""):
                yield Read(host, path, node.start_point[0] + 1)


def _python_hosts(compared: Compared, own: str) -> Iterator[Read]:
    for module in compared.app.modal.files if compared.app.modal else ():
        filled = {
            id(value) for node in ast.walk(module.tree) if isinstance(node, ast.JoinedStr) for value in node.values
        }
        for part in ast.walk(module.tree):
            if isinstance(part, ast.Constant) and isinstance(part.value, str):
                for host in _hosts(part.value, own if id(part) in filled else ""):
                    yield Read(host, module.path, part.lineno)


def _hosts(written: str, own: str) -> Iterator[str]:
    for match in URL.finditer(written):
        host = match[1]
        squeezed = re.sub(r"[^a-z0-9]", "", host.rpartition(".")[0].rpartition(".")[2])
        is_own = len(squeezed) > 5 and own.startswith(squeezed)
        if (SOMEBODYS.fullmatch(host) or is_own) and not EXAMPLE.search(host):
            yield host


def _own_domain(compared: Compared) -> str:
    """The repository's name without hyphens: a domain that it begins with is the application's own."""
    match = (
        re.search(r'"name":\s*"(?:@[\w-]+/)?([\w.-]+)"', compared.app.sources.text("package.json"))
        if "package.json" in compared.app.sources.files
        else None
    )
    return re.sub(r"[^a-z0-9]", "", match[1].lower()) if match else ""


def _in_javascript(compared: Compared, labels: set[str]) -> Iterator[Read]:
    """A label that another part writes into an address: `.replace("x-submit", "x-status")`."""
    for path in sorted({path for part in compared.app.programs for path in part.files}):
        content = compared.app.sources.content(path)
        if any(label.encode() in content for label in labels):
            for node in compared.app.graph.syntax(path).nodes("(string) @node"):
                written = (node.text or b"").decode(errors="replace")[1:-1]
                if written in labels:
                    yield Read(written, path, node.start_point[0] + 1)


def _all_reads(compared: Compared) -> list[Read]:
    reads = [read for part in compared.app.programs for read in part.reads]
    return reads + ([*compared.app.modal.reads] if compared.app.modal else [])
