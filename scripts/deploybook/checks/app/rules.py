"""What is compared: the application's code against what the contract has set for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from deploybook.checks.app.build_rules import (
    forced_pushes,
    late_variables,
    promised_modules,
    unbounded_pages,
    undeployable_folder,
)
from deploybook.checks.app.comparison import AT_DEPLOY, MODAL, WHERE, Compared, alike, by_name, finding_of, listed
from deploybook.checks.app.example_rules import untrue_examples
from deploybook.checks.app.exchange_rules import differing_fields
from deploybook.checks.app.exposure_rules import public_secrets, unseen_in_browsers
from deploybook.checks.app.image_rules import broken_steps, unstartable_programs
from deploybook.checks.app.literal_rules import foreign_defaults, literal_hosts, literal_names
from deploybook.checks.app.modal_rules import unmade_buckets, unmade_secrets
from deploybook.checks.app.platform import is_given
from deploybook.checks.app.reads import Read
from deploybook.checks.app.route_rules import absent_routes, open_routes, opened_paths, refused_bodies
from deploybook.checks.app.storage_rules import named_buckets, refused_uploads
from deploybook.checks.finding import Finding, Rule, Severity

PARTS = {"vercel": "the web app", "render": "the worker", "modal": "the render app"}
HOSTS = {"vercel": "Vercel", "render": "Render", "modal": "Modal"}
UNSET = "app-variable-unset"
CONSUMERS = {"vercel": "vercel", "render": "render", "modal": "modal:<SECRET>"}
# Under these names Modal itself looks for a mount's keys.
READ_BY_MOUNTS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})


def absent_parts(compared: Compared) -> Iterator[Finding]:
    """A part that is not there."""
    for title, place in compared.app.absent:
        hint = "Give --app the root of the application's repository."
        message = f"There is no {title}: {place} is not there, or holds none."
        # The runbook ci_cd writes the workflow.
        severity = Severity.NOTE if title == "deploy workflow" else Severity.ERROR
        yield Finding(place, 1, "app-part-absent", message, hint, severity)


def unreadable_files(compared: Compared) -> Iterator[Finding]:
    """A file that can't be parsed."""
    for path, line, problem in compared.app.unreadable:
        message = f"The file can't be read ({problem}), so what it needs is not known."
        yield Finding(path, line, "app-file-unreadable", message, "Correct the syntax.")


def unset_variables(compared: Compared) -> Iterator[Finding]:
    """A variable that a part reads and the contract does not set there."""
    contract = compared.contract
    known = {variable.name for variable in contract.variables} | {each.name for each in contract.credentials}
    own = {variable.name for consumer in ("vercel", "render") for variable in contract.consumed_by(consumer)}
    other: list[tuple[str, Read]] = []
    for name, reads in _unset(compared).items():
        if name in known or _is_misspelt(name, known):
            yield _unset_of_the_guide(name, reads, known, own)
        else:
            other += reads
    for reads in _families(other):
        yield _unset_of_the_application(reads)


def _is_misspelt(name: str, known: set[str]) -> bool:
    """Whether a name is much like one of the contract's, its first word included: TELEGRAM_WEBHOOK_SECRET is another service's."""
    near = get_close_matches(name, sorted(known), 3, 0.8)
    return any(get_close_matches(_family(name), [_family(other)], 1, 0.75) for other in near)


def _family(name: str) -> str:
    return name.removeprefix("NEXT_PUBLIC_").partition("_")[0]


def _unset(compared: Compared) -> dict[str, list[tuple[str, Read]]]:
    """The reads that nothing sets, each with its consumer, by the variable."""
    places = [
        (part.consumer, read)
        for part in compared.app.programs
        for read in part.reads
        if not compared.knows(read.name, part.consumer) and read.name not in part.given
    ]
    if app := compared.app.modal:
        sent = {key for keys in compared.sent_to_modal().values() for key in keys} | AT_DEPLOY | app.given
        places += [("modal", read) for read in app.reads if read.name not in sent and read not in app.at_deploy]
    names: dict[str, list[tuple[str, Read]]] = {}
    for consumer, read in places:
        if not is_given(read.name, compared.contract) and not compared.accepts(UNSET, read.name, read.path):
            names.setdefault(read.name, []).append((consumer, read))
    return dict(sorted(names.items()))


def _unset_of_the_guide(name: str, reads: list[tuple[str, Read]], known: set[str], own: set[str]) -> Finding:
    who, hosts, consumers = _readers(reads)
    message = f"{who} {name}, which the contract does not set on {hosts}."
    meant = "" if name in known else alike(name, known)
    hint = f"{meant}Add {consumers} to its consumers in {WHERE}, or take the read out."
    severity = Severity.ERROR if name in own or meant else Severity.WARNING
    return finding_of([read for _, read in reads], UNSET, message, hint, severity)


def _unset_of_the_application(reads: list[tuple[str, Read]]) -> Finding:
    """Variables of something that the guide does not deploy; a note if the code goes on without them."""
    who, hosts, consumers = _readers(reads)
    names = sorted({read.name for _, read in reads})
    message = f"{who} {listed(names)}, which the contract does not set on {hosts}."
    hint = f"Add {'them' if len(names) > 1 else 'it'} to {WHERE} with the consumers {consumers}, or accept it under app.ignore."
    severity = Severity.NOTE if all(read.default for _, read in reads) else Severity.WARNING
    return finding_of([read for _, read in reads], UNSET, message, hint, severity)


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
            compared, part.consumer, {access.name for access in part.reads}, part.home, f"The {part.title}"
        )
    app = compared.app
    if app.modal:
        read = {access.name for access in (*app.modal.reads, *app.started_in_modal)}
        mounts = any(mount.has_secret for mount in app.modal.mounts)
        for name in compared.sent_to_modal():
            keys = {key for secret in app.modal.secrets if secret.name == name for key in secret.keys}
            seen = read | keys | (READ_BY_MOUNTS if mounts else frozenset())
            yield from _unread(compared, f"{MODAL}{name}", seen, app.modal_home, "The render app")
    if app.workflows:
        secrets = {secret.name for workflow in app.workflows.values() for secret in workflow.secrets}
        home = next((path for path in app.workflows if "deploy" in path), next(iter(app.workflows)))
        yield from _unread(compared, "github", secrets, home, "A workflow")


def _unread(compared: Compared, consumer: str, seen: set[str], home: str, who: str) -> Iterator[Finding]:
    rule = "app-variable-unread"
    names = [
        variable.name
        for variable in compared.required(consumer)
        if variable.name not in seen and not variable.read_by and not compared.accepts(rule, variable.name, home)
    ]
    if names:
        them = "them" if len(names) > 1 else "it"
        message = f"{who} reads {listed(names)} nowhere, and the contract sets {them} at {consumer}."
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
    names = {variable.name for variable in contract.variables} | {each.name for each in contract.credentials}
    for name, reads in by_name(compared.app.scripts).items():
        if name not in names and not is_given(name, contract):
            message = f"A script reads {name}, which the contract does not know."
            hint = f"{alike(name, names)}Use a variable of the contract, or accept it under app.ignore."
            severity = Severity.WARNING if alike(name, names) else Severity.NOTE
            yield finding_of(reads, "app-script-variable", message, hint, severity)


RULES: tuple[Rule[Compared], ...] = (
    Rule(
        "app-part-absent",
        "An application has a Next.js app, worker/Dockerfile, a folder modal_app and a workflow. What is not found is not compared, so "
        "its absence is reported.",
        absent_parts,
    ),
    Rule("app-file-unreadable", "A Python file or workflow that does not parse hides what it reads.", unreadable_files),
    Rule(
        "app-variable-unset",
        "The runbooks set at each host what the contract says and nothing else: a variable that the code reads beyond that is missing in "
        "production. The web app is what Next.js calls and all that it imports, the worker what worker/Dockerfile starts, the render app "
        "modal_app/. A file that both import counts for both. Variables of the hosts (NODE_ENV, VERCEL_…, RENDER_…) and variables that "
        "the contract has as optional may be read anywhere.",
        unset_variables,
    ),
    Rule(
        "app-variable-unread",
        "The contract requires a variable at a host, and the guide makes an operator care for it; if no code there reads it, the statement "
        "is false. Required keys of a Modal secret count as read, and so does what a bucket mount or a library (read_by) reads by itself.",
        unread_variables,
    ),
    Rule(
        "app-default-hides",
        "process.env.X || '…', ?? '…', a default in a destructuring, a schema or os.environ.get, ENV in the Dockerfile: with it a variable "
        "that was forgotten is not missed, and the application does something else than it should. An empty string is no default.",
        hidden_absences,
    ),
    Rule(
        "app-modal-secret",
        "A Modal app finds its secrets by name. The runbook makes those that are consumers in the contract (modal:NAME), with those keys.",
        unmade_secrets,
    ),
    Rule(
        "app-modal-bucket",
        "A CloudBucketMount must name the bucket that the runbook r2 makes, and have its keys.",
        unmade_buckets,
    ),
    Rule(
        "app-workflow-secret",
        "A secret that is not set is empty in a workflow, without an error. The runbook ci_cd sets the contract's variables for github.",
        unset_secrets,
    ),
    Rule(
        "app-example",
        ".env.example is a statement about the code: what it shows is read, and what must be set is shown.",
        untrue_examples,
    ),
    Rule(
        "app-script-variable",
        "A script under scripts/ that belongs to no part is run by a person, with the variables and credentials of the contract.",
        unknown_to_scripts,
    ),
    Rule(
        "app-route-absent",
        "A page, the worker or a script calls a route of the web app by its path. One that is not there answers 404 with a page, not "
        "with what the caller reads. A part of a path that is filled in fits any folder.",
        absent_routes,
    ),
    Rule(
        "app-body-refused",
        "A route checks what it is sent (zod), and the caller sends something else: each such request is refused with 400. Only what is "
        "written out on both sides is compared.",
        refused_bodies,
    ),
    Rule(
        "app-route-open",
        "A route of a production deployment can be called by anybody. One that reaches storage or the file system without looking at "
        "who calls lets strangers fill the bucket, or read it. A route, or the middleware before it, that looks at a session, a token or "
        "a signature is taken to ask.",
        open_routes,
    ),
    Rule(
        "app-route-file",
        "A route that opens a path which the request names gives away what the function can read: its code and its variables.",
        opened_paths,
    ),
    Rule(
        "app-fields-differ",
        "The worker submits a render to the render app's endpoint. Each side names the fields by itself, and a name that only one of them "
        "has is lost without an error, or refused. A field whose value no caller gives counts as not sent.",
        differing_fields,
    ),
    Rule(
        "app-image-build",
        "Render builds the worker from its Dockerfile: COPY finds its files, npm its workspaces, locks and scripts. Each step is followed "
        "over the repository's files less .dockerignore; what a program that is not known makes is taken to be there.",
        broken_steps,
    ),
    Rule(
        "app-image-start",
        "The image's CMD starts a file: it must be there, its packages installed where it finds them, and no alias of tsconfig.json left "
        "in what tsc wrote, which Node.js does not resolve.",
        unstartable_programs,
    ),
    Rule(
        "app-presigned-checksum",
        "Newer versions of the AWS SDK sign a checksum into every presigned PUT, and have no body to take it of. R2 compares it with what "
        "the browser sends and refuses it. Told WHEN_REQUIRED, in code or by a variable of the contract, the SDK signs none.",
        refused_uploads,
    ),
    Rule(
        "app-bucket-literal",
        "The runbook r2 makes one bucket and a token for it alone. Another bucket, named in the code, is refused or is another account's.",
        named_buckets,
    ),
    Rule(
        "app-default-foreign",
        "A default that is the address of one account, project or app sends a forgotten variable's data to whoever owns that.",
        foreign_defaults,
    ),
    Rule(
        "app-label-literal",
        "Labels of Modal endpoints are unique in a workspace. Where the code has them as literals, staging takes production's.",
        literal_names,
    ),
    Rule(
        "app-host-literal",
        "An address of one deployment in the code holds for one environment only; the guide sets it by a variable.",
        literal_hosts,
    ),
    Rule(
        "app-secret-public",
        "Next.js writes each NEXT_PUBLIC_ variable, and what next.config has under env, into files that browsers load. Keys that are made "
        "to be public (publishable, anonymous, site keys) are left alone.",
        public_secrets,
    ),
    Rule(
        "app-browser-variable",
        "In a browser there is no process.env: a component marked 'use client' sees NEXT_PUBLIC_ variables only.",
        unseen_in_browsers,
    ),
    Rule(
        "app-require-promise",
        "Next.js loads some packages from outside its bundle, as ES modules, and makes each module that imports one asynchronous. "
        "require of such a module is a promise.",
        promised_modules,
    ),
    Rule(
        "app-suspense",
        "next build makes pages ahead of time. One that calls useSearchParams() outside a Suspense boundary fails, and the whole build "
        "fails (Next.js, 'Missing Suspense boundary with useSearchParams').",
        unbounded_pages,
    ),
    Rule(
        "app-build-database",
        "A build that pushes a schema by force changes the production database at each deploy, unseen, and may drop its tables.",
        forced_pushes,
    ),
    Rule(
        "app-inlined-late",
        "next build replaces NEXT_PUBLIC_ variables by their values. An image that is built before they are set keeps undefined for good.",
        late_variables,
    ),
    Rule(
        "app-modal-image",
        "The render app's image is built by Modal from Debian and pip: it installs what the code imports, from packages that are there.",
        undeployable_folder,
    ),
)
