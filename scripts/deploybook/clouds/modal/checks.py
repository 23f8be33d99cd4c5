"""The claims of the Modal section, each as a test: None or a detail if it holds, an error if not."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

from deploybook.clouds.modal import endpoint
from deploybook.clouds.modal.app import ModalApp
from deploybook.clouds.modal.client import AppState, Modal
from deploybook.clouds.modal.probe import differing
from deploybook.clouds.modal.secret import ModalSecret
from deploybook.clouds.negative import ExpectedRefusal, Reply, require_accepted, require_refused
from deploybook.errors import Conflict, InvalidValue, NotFound, NotTested, VerificationFailed

SUBMIT = "MODAL_ENDPOINT_URL"
STATUS = "MODAL_STATUS_URL"
AGAIN = "Run deploybook run modal --mode apply."
# A call that never was: Modal's own ids are longer and mixed.
NO_CALL = "fc-deploybook-check"
WRONG_TOKEN = ExpectedRefusal(frozenset({401}))


def token_is_valid(modal: Modal) -> str:
    """Modal knows the operator's token; the workspace that it belongs to."""
    return f"workspace {modal.workspace()}"


def environment_is_there(modal: Modal, environment: str, own: str = "") -> str:
    """The Modal environment exists, and the token may see it. Only the environment's ``own`` may still be absent: apply makes it."""
    try:
        return modal.environment(environment)
    except NotFound:
        if environment and environment == own:
            return f"{environment} does not exist yet; apply creates it"
        raise


def app_is_listed(modal: Modal, app: ModalApp) -> None:
    """The app is among the environment's live ones."""
    if app.app not in modal.apps(app.environment):
        raise VerificationFailed(f"Modal does not list the app {app.app} as live.", AGAIN, "modal-app-stopped")


def functions_are_there(deployed: AppState, app: ModalApp) -> str:
    """Both web functions are deployed and have a URL."""
    for function in app.functions:
        if function not in (deployed.urls or {}):
            # Not a failed verification: this is no answer that time changes.
            raise InvalidValue(
                f"The app {app.app} has no web function {function}.",
                "Set its name with -p submit_function or -p status_function, or deploy the file that defines it.",
                "modal-dispatch",
            )
    return ", ".join(app.functions)


def secret_has_its_keys(modal: Modal, secret: ModalSecret) -> str:
    """Modal itself compares the secret's keys with those that the application asks for."""
    try:
        state = modal.secret(secret.secret, secret.environment, sorted(secret.keys))
    except Conflict as error:
        raise VerificationFailed(error.message, AGAIN, "modal-secrets") from None
    if state is None:
        raise VerificationFailed(f"Modal has no secret {secret.secret}.", AGAIN, "modal-secrets")
    return ", ".join(sorted(secret.keys))


def secret_values_arrive(modal: Modal, secret: ModalSecret) -> str:
    """A container with the secret sees the vault's values in it. If not, the next ``apply`` writes them."""
    differ = differing(modal, secret.secret, secret.environment, secret.values)
    if differ:
        secret.invalidate()
        raise VerificationFailed(
            f"The secret {secret.secret} differs from the vault in {', '.join(differ)}.", AGAIN, "modal-secrets"
        )
    secret.mark_verified(modal)
    return "compared by fingerprint"


def wrong_token_is_refused(urls: Mapping[str, SecretStr], token: Mapping[str, SecretStr]) -> str:
    """The submit endpoint refuses a token that nobody has. The refusal stands in the body: its HTTP status is 200 either way."""
    require_accepted("the vault's token", lambda: right_token_is_accepted(urls, token))
    fault = VerificationFailed(
        "The submit endpoint does not refuse a wrong token.",
        "Take the app offline with deploybook run modal --mode destroy until its file checks auth_token.",
        "modal-dispatch",
        expected="status 401 in the body",
        found="the answer that the vault's token gets",
    )

    def attempt() -> Reply:
        answer = endpoint.submit(_plain(urls, SUBMIT), SecretStr(secrets.token_hex(32)))
        status = answer.get("status")
        return Reply(status if isinstance(status, int) else 0, "call_id" if "call_id" in answer else "", _shown(answer))

    # Accepted is what goes as far as the content, which is empty (400), or further.
    require_refused("a wrong token", attempt, WRONG_TOKEN, fault, lambda reply: reply.status == 400 or bool(reply.code))
    return "status 401 in the body"


def right_token_is_accepted(urls: Mapping[str, SecretStr], token: Mapping[str, SecretStr]) -> str:
    """The submit endpoint accepts the vault's token: it refuses a job without any content for that (400), and not for its token (401).

    So nothing is rendered, and nothing is paid.
    """
    answer = endpoint.submit(_plain(urls, SUBMIT), token["MODAL_AUTH_TOKEN"])
    if answer.get("status") != 400 or "error" not in answer:
        raise VerificationFailed(
            "The submit endpoint does not accept the vault's MODAL_AUTH_TOKEN.",
            AGAIN,
            "modal-dispatch",
            expected="status 400 in the body, for a job without content",
            found=_shown(answer),
        )
    return "an empty job is refused for its content (400), not for its token"


def unknown_call_is_not_found(urls: Mapping[str, SecretStr]) -> str:
    """The status endpoint answers, and takes a call that never was for none: ``failed``, *not found*.

    ``unknown`` is right too: it comes where Modal's SDK refuses the id itself.
    """
    answer = endpoint.status(_plain(urls, STATUS), NO_CALL)
    status, error = answer.get("status"), str(answer.get("error", ""))
    if status in {"running", "completed"} or "result" in answer:
        raise VerificationFailed(
            "The status endpoint reports a call that does not exist as if it did.",
            "Compare the app's status function with the application's.",
            "modal-dispatch",
            expected="status failed, with an error that says not found",
            found=_shown(answer),
        )
    if status != "unknown" and not (status == "failed" and "not found" in error.lower()):
        raise NotTested(
            f"the status endpoint neither finds the call nor reports that it does not exist: {_shown(answer)}"
        )
    return f"status {status}{', not found' if status == 'failed' else ''}"


def _plain(urls: Mapping[str, SecretStr], name: str) -> str:
    return urls[name].get_secret_value()


def _shown(answer: Mapping[str, Any]) -> str:
    """Of a body, only what the application's contract has: anything else might echo what was sent."""
    fields = {name: answer[name] for name in ("status", "error", "call_id") if name in answer}
    return ", ".join(f"{name} {value}" for name, value in fields.items()) or f"a body with {len(answer)} other fields"
