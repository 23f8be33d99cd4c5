"""What the package does to the kernel it runs in: check the injected parameters, keep secrets out of every message, show errors plainly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from IPython.core.getipython import get_ipython

from deploybook.contract.model import Contract
from deploybook.errors import ConfigurationError, DeploybookError
from deploybook.redact import Redactor

CONFIRM_VARIABLE = "DEPLOYBOOK_CONFIRM"
# The messages whose content a notebook or a terminal shows; the others carry protocol only.
SHOWN = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error", "execute_reply"})


def check_parameters(contract: Contract, given: Mapping[str, object]) -> None:
    """Raise InvalidValue for the first parameter that breaks its rule: those given, and those in the notebook's namespace."""
    shell = get_ipython()
    namespace: Mapping[str, object] = shell.user_ns if shell else {}
    for name, rule in contract.parameters.items():
        if name in given or name in namespace:
            rule.validate_value(name, given.get(name, namespace.get(name)))


def require_confirmation(environment: str) -> None:
    """Raise unless the operator has named the environment that is to be destroyed."""
    if os.environ.get(CONFIRM_VARIABLE) != environment:
        raise ConfigurationError(
            f"Nothing was destroyed: the environment {environment} was not named.",
            f"Use deploybook run --mode destroy, or export {CONFIRM_VARIABLE}={environment}.",
            "destroy-not-confirmed",
        )


def show_errors_plainly() -> None:
    """From now on show our own errors as their two or three lines; a traceback is for bugs."""
    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((DeploybookError,), _show_error)


def protect(redactor: Redactor) -> None:
    """From now on redact every shown message of this kernel."""
    shell = get_ipython()
    session = getattr(getattr(shell, "kernel", None), "session", None)
    if session is None:
        return
    if not hasattr(session, "deploybook_redactors"):
        session.deploybook_redactors = []
        _wrap_send(session)
    session.deploybook_redactors.append(redactor)


def _wrap_send(session: Any) -> None:
    send = session.send

    def redacting(stream: Any, kind: Any, content: Any = None, *arguments: Any, **options: Any) -> Any:
        name = kind if isinstance(kind, str) else kind.get("msg_type", "")
        if name in SHOWN:
            for redactor in session.deploybook_redactors:
                if isinstance(kind, str):
                    content = redactor.tree(content)
                else:
                    kind = {**kind, "content": redactor.tree(kind["content"])}
        return send(stream, kind, content, *arguments, **options)

    session.send = redacting


def _show_error(
    shell: Any,
    kind: type[BaseException],
    error: BaseException,
    _trace: TracebackType | None,
    tb_offset: int | None = None,
) -> list[str]:
    """IPython's contract for a custom handler: show the error, and return the lines shown in place of a traceback."""
    del tb_offset
    assert isinstance(error, DeploybookError)
    lines = [f"{type(error).__name__}: {error}", *error.lines()[1:]]
    shell._showtraceback(kind, str(error), lines)
    return lines
