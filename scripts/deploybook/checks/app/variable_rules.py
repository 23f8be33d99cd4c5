"""What reads a variable against what sets it: at the hosts, in the workflows, and in the scripts that a person runs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from difflib import get_close_matches

from deploybook.checks.app.comparison import AT_DEPLOY, MODAL, WHERE, Compared, alike, by_name, finding_of, listed
from deploybook.checks.app.platform import is_set_by_host
from deploybook.checks.app.reads import Read
from deploybook.checks.finding import Finding, Severity

PARTS = {"vercel": "the web app", "render": "the worker", "modal": "the render app"}
HOSTS = {"vercel": "Vercel", "render": "Render", "modal": "Modal"}
UNSET = "app-variable-unset"
# A file with variables of so many services is a list of them; of one, so many names are shown.
MANY = 8
SHOWN = 20
CONSUMERS = {"vercel": "vercel", "render": "render", "modal": "modal:<SECRET>"}
# Under these names Modal itself looks for a mount's keys.
READ_BY_MOUNTS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})


def unset_variables(compared: Compared) -> Iterator[Finding]:
    """A variable that a part reads and the contract does not set there."""
    contract = compared.contract
    in_contract = {variable.name for variable in contract.variables} | {
        credential.name for credential in contract.credentials
    }
    own = {variable.name for consumer in ("vercel", "render") for variable in contract.consumed_by(consumer)}
    other: list[tuple[str, Read]] = []
    for name, reads in _unset(compared).items():
        if name in in_contract or _is_misspelt(name, in_contract):
            yield _unset_of_the_guide(name, reads, in_contract, own)
        else:
            other += reads
    lists = _lists(other)
    for path in lists:
        listed_there = {read.name for _, read in other if read.path == path}
        yield from _unset_of_a_list(path, [place for place in other if place[1].name in listed_there])
        other = [place for place in other if place[1].name not in listed_there]
    for reads in _families(other):
        yield _unset_of_the_application(reads)


def _is_misspelt(name: str, in_contract: set[str]) -> bool:
    """Whether a name is much like one of the contract's, its first word included: TELEGRAM_WEBHOOK_SECRET is another service's."""
    near = get_close_matches(name, sorted(in_contract), 3, 0.8)
    return any(get_close_matches(_family(name), [_family(other)], 1, 0.75) for other in near)


def _family(name: str) -> str:
    return name.removeprefix("NEXT_PUBLIC_").partition("_")[0]


def _unset(compared: Compared) -> dict[str, list[tuple[str, Read]]]:
    """The reads that nothing sets, each with its consumer, by the variable."""
    places = [
        (part.consumer, read)
        for part in compared.app.programs
        for read in part.reads
        if not compared.knows(read.name, part.consumer) and read.name not in part.provided
    ]
    if app := compared.app.modal:
        sent = {key for keys in compared.sent_to_modal().values() for key in keys} | AT_DEPLOY | app.provided
        places += [("modal", read) for read in app.reads if read.name not in sent and read not in app.at_deploy]
    names: dict[str, list[tuple[str, Read]]] = {}
    for consumer, read in places:
        if not is_set_by_host(read.name, compared.contract) and not compared.accepts(UNSET, read.name, read.path):
            names.setdefault(read.name, []).append((consumer, read))
    return dict(sorted(names.items()))


def _unset_of_the_guide(name: str, reads: list[tuple[str, Read]], in_contract: set[str], own: set[str]) -> Finding:
    who, hosts, consumers = _readers(reads)
    message = f"{who} {name}, which the contract does not set on {hosts}."
    meant = "" if name in in_contract else alike(name, in_contract)
    hint = f"{meant}Add {consumers} to its consumers in {WHERE}, or take the read out."
    severity = Severity.ERROR if name in own or meant else Severity.WARNING
    return finding_of([read for _, read in reads], UNSET, message, hint, severity)


def _unset_of_the_application(reads: list[tuple[str, Read]]) -> Finding:
    """Variables of something that the guide does not deploy; a note if the code goes on without them."""
    who, hosts, consumers = _readers(reads)
    names = sorted({read.name for _, read in reads})
    message = f"{who} {listed(names)}, which the contract does not set on {hosts}."
    hint = f"Add {'them' if len(names) > 1 else 'it'} to {WHERE} with the consumers {consumers}, or accept it under app.ignore."
    severity = Severity.NOTE if all(read.default or read.optional for _, read in reads) else Severity.WARNING
    return finding_of([read for _, read in reads], UNSET, message, hint, severity)


def _lists(reads: list[tuple[str, Read]]) -> list[str]:
    """The files that name the variables of many services: the application's own list of what it reads, such as a schema."""
    families: dict[str, set[str]] = {}
    for _, read in reads:
        families.setdefault(read.path, set()).add(_family(read.name))
    return sorted(path for path, names in families.items() if len(names) >= MANY)


def _unset_of_a_list(path: str, reads: list[tuple[str, Read]]) -> Iterator[Finding]:
    """What one file lists, in two findings: what the application must have, and what it goes on without."""
    # What the list lets be missing may be missing, wherever else it is read.
    there = [read for _, read in reads if read.path == path]
    needed = {read.name for read in there} - {read.name for read in there if read.default or read.optional}
    for names, severity, what in (
        (needed, Severity.WARNING, "and must have {}"),
        ({read.name for _, read in reads} - needed, Severity.NOTE, "and may be without {}"),
    ):
        own = [place for place in reads if place[1].name in names]
        if own:
            who, hosts, consumers = _readers(own)
            shown = sorted(names)[:SHOWN]
            shown += [f"{len(names) - SHOWN} more"] if len(names) > SHOWN else []
            count = "a variable" if len(names) == 1 else f"{len(names)} variables"
            message = (
                f"{who} {count} of {path} that the contract does not set on {hosts}, {what.format(listed(shown))}."
            )
            hint = f"Add them to {WHERE} with the consumers {consumers}, or accept them under app.ignore."
            # A place for each file; the list itself comes first.
            first = {read.path: read for _, read in sorted(own, key=lambda place: -place[1].line)}
            finding = finding_of(first.values(), UNSET, message, hint, severity)
            yield replace(
                finding, path=path, line=first[path].line, others=_without(finding, path), subjects=tuple(sorted(names))
            )


def _without(finding: Finding, path: str) -> tuple[tuple[str, int], ...]:
    return tuple(place for place in ((finding.path, finding.line), *finding.others) if place[0] != path)


def _readers(reads: list[tuple[str, Read]]) -> tuple[str, str, str]:
    """Who reads (with its verb), on which hosts, and the consumers' names."""
    consumers = list(dict.fromkeys(consumer for consumer, _ in reads))
    who = listed([PARTS[consumer] for consumer in consumers])
    hosts = listed([HOSTS[consumer] for consumer in consumers], last="or")
    named = listed([CONSUMERS[consumer] for consumer in consumers])
    return f"{who[0].upper()}{who[1:]} {'read' if len(consumers) > 1 else 'reads'}", hosts, named


def _families(reads: list[tuple[str, Read]]) -> Iterator[list[tuple[str, Read]]]:
    """Variables that begin with the same word belong to the same service: they are one cause, in the parts that read them all."""
    families: dict[str, list[tuple[str, Read]]] = {}
    for consumer, read in reads:
        families.setdefault(_family(read.name), []).append((consumer, read))
    yield from families.values()


def unread_variables(compared: Compared) -> Iterator[Finding]:
    """A variable that the contract requires at a consumer and nothing there reads."""
    for part in compared.app.programs:
        yield from _unread(
            compared,
            part.consumer,
            {access.name for access in part.reads},
            part.home,
            f"The {part.title} reads {{}} nowhere",
        )
    app = compared.app
    if app.modal:
        read = {access.name for access in (*app.modal.reads, *app.started_in_modal)}
        mounts = any(mount.has_secret for mount in app.modal.mounts)
        for name in compared.sent_to_modal():
            keys = {key for secret in app.modal.secrets if secret.name == name for key in secret.keys}
            used = read | keys | (READ_BY_MOUNTS if mounts else frozenset())
            yield from _unread(compared, f"{MODAL}{name}", used, app.modal_home, "The render app reads {} nowhere")
    if app.workflows:
        secrets = {secret.name for workflow in app.workflows.values() for secret in workflow.secrets}
        home = next((path for path in app.workflows if "deploy" in path), next(iter(app.workflows)))
        yield from _unread(compared, "github", secrets, home, "No workflow reads {}")


def _unread(compared: Compared, consumer: str, used: set[str], home: str, claim: str) -> Iterator[Finding]:
    rule = "app-variable-unread"
    names = [
        variable.name
        for variable in compared.required(consumer)
        if variable.name not in used and not variable.read_by and not compared.accepts(rule, variable.name, home)
    ]
    if names:
        them = "them" if len(names) > 1 else "it"
        message = f"{claim.format(listed(names))}, and the contract sets {them} at {consumer}."
        hint = f"Take {consumer} out of the consumers in {WHERE}, or read {them}."
        yield Finding(home, 1, rule, message, hint, Severity.WARNING, subjects=tuple(names))


def hidden_absences(compared: Compared) -> Iterator[Finding]:
    """A default in the place of a variable that the contract requires."""
    reads: list[tuple[str, Read]] = []
    for part in compared.app.programs:
        required = {variable.name for variable in compared.required(part.consumer)}
        reads += [
            (part.consumer, read) for read in (*part.reads, *part.preset) if read.name in required and read.default
        ]
    if compared.app.modal:
        sent = {key for keys in compared.sent_to_modal().values() for key in keys}
        reads += [("modal", read) for read in compared.app.modal.reads if read.default and read.name in sent]
    for name, own in by_name([read for _, read in reads]).items():
        yield _hidden(name, own, [consumer for consumer, read in reads if read.name == name])


def _hidden(name: str, reads: list[Read], consumers: list[str]) -> Finding:
    who = listed([PARTS[consumer] for consumer in dict.fromkeys(consumers)])
    verb = "go on" if len(set(consumers)) > 1 else "goes on"
    defaults = listed(sorted({read.default for read in reads}), last="or")
    message = f"Without {name}, {who} {verb} with {defaults}: that it is missing stays hidden."
    hint = f"Fail where {name} is missing, or make it optional in {WHERE}."
    return finding_of(reads, "app-default-hides", message, hint, Severity.WARNING)


def unset_secrets(compared: Compared) -> Iterator[Finding]:
    """A secret or variable of the repository that a workflow reads and no runbook sets."""
    names = {variable.name for variable in compared.contract.consumed_by("github")}
    rule = "app-workflow-secret"
    other: list[Read] = []
    for workflow in compared.app.workflows.values():
        reads = [*workflow.secrets, *workflow.variables]
        # Only the workflow that deploys is the guide's; others of the repository have secrets of their own.
        deploys = any(read.name in names or alike(read.name, names) for read in reads)
        other += [] if deploys else [read for read in reads if not compared.accepts(rule, read.name, read.path)]
        for name, own in by_name(workflow.secrets if deploys else ()).items():
            if name not in names:
                hint = f"{alike(name, names)}Add github to its consumers in {WHERE}, or take it out."
                yield finding_of(own, rule, f"The workflow reads the secret {name}, which no runbook sets.", hint)
        for name, own in by_name(workflow.variables if deploys else ()).items():
            hint = f"Read secrets.{name}." if name in names else "Make it a secret in the contract, or write it here."
            message = f"The workflow reads the variable {name}, and the runbook sets secrets only."
            yield finding_of(own, rule, message, hint)
    if other:
        message = (
            f"Workflows that do not deploy read {listed(sorted({read.name for read in other}))}, which no runbook sets."
        )
        yield finding_of(other, rule, message, "Set them by hand, or accept them under app.ignore.", Severity.NOTE)


def unknown_to_scripts(compared: Compared) -> Iterator[Finding]:
    """A variable that a script reads and the contract does not know."""
    contract = compared.contract
    names = {variable.name for variable in contract.variables} | {
        credential.name for credential in contract.credentials
    }
    for name, reads in by_name(compared.app.scripts).items():
        if name not in names and not is_set_by_host(name, contract):
            message = f"A script reads {name}, which the contract does not know."
            hint = f"{alike(name, names)}Use a variable of the contract, or accept it under app.ignore."
            severity = Severity.WARNING if alike(name, names) else Severity.NOTE
            yield finding_of(reads, "app-script-variable", message, hint, severity)
