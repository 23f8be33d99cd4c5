"""What is compared: the application's code against what the contract has set for each of its parts."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.checks.app import example
from deploybook.checks.app.comparison import AT_DEPLOY, MODAL, WHERE, Compared, alike, finding_at
from deploybook.checks.app.modal_rules import unmade_buckets, unmade_secrets
from deploybook.checks.app.platform import is_given
from deploybook.checks.app.reads import Read
from deploybook.checks.finding import Finding, Rule

HOSTS = {"vercel": "Vercel", "render": "Render"}
# Under these names Modal itself looks for a mount's keys.
READ_BY_MOUNTS = frozenset({"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"})


def absent_parts(compared: Compared) -> Iterator[Finding]:
    """A part that is not there."""
    for title, place in compared.app.absent:
        hint = "Give --app the root of the application's repository."
        yield Finding(place, 1, "app-part-absent", f"There is no {title}: {place} is not there, or holds none.", hint)


def unreadable_files(compared: Compared) -> Iterator[Finding]:
    """A file that can't be parsed."""
    for path, line, problem in compared.app.unreadable:
        message = f"The file can't be read ({problem}), so what it needs is not known."
        yield Finding(path, line, "app-file-unreadable", message, "Correct the syntax.")


def unset_variables(compared: Compared) -> Iterator[Finding]:
    """A variable that a part reads and the contract does not set there."""
    for part in compared.app.programs:
        for read in part.reads:
            known = compared.knows(read.name, part.consumer) or is_given(read.name, compared.contract)
            if not known and read.name not in part.given:
                yield _unset(compared, read, f"The {part.title}", HOSTS[part.consumer], part.consumer)
    app = compared.app.modal
    if app:
        sent = {key for keys in compared.sent_to_modal().values() for key in keys}
        for read in app.reads:
            allowed = read.name in sent | AT_DEPLOY | app.given or is_given(read.name, compared.contract)
            if not allowed and read not in app.at_deploy:
                yield _unset(compared, read, "The render app", "Modal", "modal:<SECRET>")


def _unset(compared: Compared, read: Read, who: str, host: str, consumer: str) -> Finding:
    names = {variable.name for variable in compared.contract.variables}
    message = f"{who} reads {read.name}, which the contract does not set on {host}."
    hint = f"{alike(read.name, names - {read.name})}Add {consumer} to its consumers in {WHERE}, or take the read out."
    return finding_at(read, "app-variable-unset", message, hint)


def unread_variables(compared: Compared) -> Iterator[Finding]:
    """A variable that the contract requires at a consumer and nothing there reads."""
    for part in compared.app.programs:
        yield from _unread(
            compared, part.consumer, {access.name for access in part.reads}, part.home, f"The {part.title}"
        )
    app = compared.app
    if app.modal:
        read = {access.name for access in app.modal.reads}
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
    for variable in compared.required(consumer):
        if variable.name not in seen and not variable.read_by:
            message = f"{who} reads {variable.name} nowhere, and the contract sets it at {consumer}."
            hint = f"Take {consumer} out of its consumers in {WHERE}, or read it."
            yield Finding(home, 1, "app-variable-unread", message, hint)


def hidden_absences(compared: Compared) -> Iterator[Finding]:
    """A default in the place of a variable that the contract requires."""
    for part in compared.app.programs:
        required = {variable.name for variable in compared.required(part.consumer)}
        for read in (*part.reads, *part.preset):
            if read.name in required and read.default:
                yield _hidden(read, f"the {part.title}")
    if compared.app.modal:
        sent = {key for keys in compared.sent_to_modal().values() for key in keys}
        yield from (
            _hidden(read, "the render app") for read in compared.app.modal.reads if read.default and read.name in sent
        )


def _hidden(read: Read, who: str) -> Finding:
    message = f"Without {read.name}, {who} goes on with {read.default}: that it is missing stays hidden."
    return finding_at(
        read, "app-default-hides", message, f"Fail where {read.name} is missing, or make it optional in {WHERE}."
    )


def unset_secrets(compared: Compared) -> Iterator[Finding]:
    """A secret or variable of the repository that a workflow reads and no runbook sets."""
    names = {variable.name for variable in compared.contract.consumed_by("github")}
    rule = "app-workflow-secret"
    for workflow in compared.app.workflows.values():
        for read in workflow.secrets:
            if read.name not in names:
                hint = f"{alike(read.name, names)}Add github to its consumers in {WHERE}, or take it out."
                yield finding_at(read, rule, f"The workflow reads the secret {read.name}, which no runbook sets.", hint)
        for read in workflow.variables:
            hint = (
                f"Read secrets.{read.name}."
                if read.name in names
                else "Make it a secret in the contract, or write it here."
            )
            yield finding_at(
                read, rule, f"The workflow reads the variable {read.name}, and the runbook sets secrets only.", hint
            )


def untrue_examples(compared: Compared) -> Iterator[Finding]:
    """`.env.example` names a variable that nothing reads, or leaves out one that must be set."""
    app = compared.app
    if not app.example:
        return
    read = {access.name for part in app.programs for access in part.reads} | {variable.name for variable in app.scripts}
    read |= {access.name for access in app.modal.reads} if app.modal else set()
    for line in app.example:
        if line.name not in read:
            hint = f"{alike(line.name, read)}Take it out."
            yield finding_at(line, "app-example", f"{line.name} is shown, and nothing reads it.", hint)
    names = {example_line.name for example_line in app.example}
    for variable in compared.contract.variables:
        wanted = variable.name in read and not variable.optional and {"vercel", "render"} & set(variable.consumers)
        if wanted and variable.name not in names:
            message = f"{variable.name} is not shown, and must be set."
            yield Finding(example.FILE, 1, "app-example", message, "Add it, with an empty value or an example.")


def unknown_to_scripts(compared: Compared) -> Iterator[Finding]:
    """A variable that a script reads and the contract does not know."""
    contract = compared.contract
    names = {variable.name for variable in contract.variables} | {
        credential.name for credential in contract.credentials
    }
    for read in compared.app.scripts:
        if read.name not in names and not is_given(read.name, contract):
            message = f"The script reads {read.name}, which the contract does not know."
            yield finding_at(
                read, "app-script-variable", message, f"{alike(read.name, names)}Use a variable of the contract."
            )


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
)
