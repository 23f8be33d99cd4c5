"""The render app's secrets and buckets against what the runbooks make."""

from __future__ import annotations

from collections.abc import Iterator

from deploybook.checks.app.comparison import AT_DEPLOY, WHERE, Compared, alike, finding_of
from deploybook.checks.finding import Finding

BUCKET = "R2_BUCKET_NAME"


def unmade_secrets(compared: Compared) -> Iterator[Finding]:
    """A Modal secret, or a key of one, that no runbook makes; and one that is made and not used."""
    app, sent = compared.app.modal, compared.sent_to_modal()
    if app is None:
        return
    rule = "app-modal-secret"
    for secret in app.secrets:
        if secret.name not in sent:
            hint = f"{alike(secret.name, sent)}The runbook makes {' and '.join(sorted(sent))}."
            yield Finding(secret.path, secret.line, rule, f"No runbook makes the Modal secret {secret.name}.", hint)
            continue
        if not secret.attached:
            message = f"The Modal secret {secret.name} is given to no function and no mount: nothing sees it."
            yield Finding(
                secret.path, secret.line, rule, message, "Add it to secrets=[…] of the functions that read it."
            )
        for key in secret.keys:
            if key not in sent[secret.name]:
                hint = f"{alike(key, sent[secret.name])}Add modal:{secret.name} to its consumers in {WHERE}."
                message = f"The Modal secret {secret.name} must have the key {key}, which the contract does not send."
                yield Finding(secret.path, secret.line, rule, message, hint)
    for name in sorted(set(sent) - {secret.name for secret in app.secrets}):
        message = f"The render app asks for no secret {name}, and the runbook makes it."
        yield Finding(compared.app.modal_home, 1, rule, message, f"Ask for it, or take modal:{name} out of {WHERE}.")
    yield from _secrets_of_the_moment(compared)


def _secrets_of_the_moment(compared: Compared) -> Iterator[Finding]:
    app = compared.app.modal
    assert app is not None
    hint = "Use Secret.from_name with a secret that the runbook makes."
    for read in app.at_deploy:
        if read.name not in AT_DEPLOY:
            message = (
                f"A secret is made of {read.name} when the app is deployed, and the runbook does not have it there."
            )
            yield finding_of([read], "app-modal-secret", message, hint)
    for read in app.unmade:
        yield finding_of([read], "app-modal-secret", f"No runbook makes what {read.name} reads.", hint)


def unmade_buckets(compared: Compared) -> Iterator[Finding]:
    """A mounted bucket that no runbook makes."""
    made = compared.contract.variable(BUCKET).example
    for mount in compared.app.modal.mounts if compared.app.modal else ():
        if BUCKET not in mount.variables and mount.written != made:
            message = f"No runbook makes the bucket that is mounted here: {mount.written}."
            yield Finding(mount.path, mount.line, "app-modal-bucket", message, f"Take its name from {BUCKET}.")
        if not mount.has_secret:
            message = "The bucket is mounted without a secret, so Modal has no key for it."
            yield Finding(
                mount.path, mount.line, "app-modal-bucket", message, "Give it secret=, the one with the AWS_ names."
            )
