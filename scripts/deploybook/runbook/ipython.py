"""What the package does to the kernel it runs in: ask for confirmation, keep secrets out of every message, show errors plainly."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from IPython.core.getipython import get_ipython

from deploybook.errors import ConfigurationError, DeploybookError
from deploybook.redact import Redactor, without_controls
from deploybook.runbook.modes import Mode

CONFIRM_VARIABLE = "DEPLOYBOOK_CONFIRM"
# The messages whose content a notebook or a terminal shows; the others carry protocol only.
SHOWN = frozenset({"stream", "display_data", "update_display_data", "execute_result", "error", "execute_reply"})


def in_kernel() -> bool:
    """Whether this process is a notebook's kernel."""
    return getattr(get_ipython(), "kernel", None) is not None


def executed_cells(namespace: Mapping[str, object]) -> list[str]:
    """The sources of the cells that this kernel executed in ``namespace`` before the present one, oldest first.

    None where no kernel runs, or where another runbook's cells are executed within one of its cells.
    """
    shell = get_ipython()
    if shell is None or shell.user_ns is not namespace:
        return []
    sources: Any = namespace.get("In", [])
    return [str(source) for source in sources[:-1]]


def require_confirmation(slug: str, mode: Mode, environment: str) -> None:
    """Raise unless the operator has named the environment to change. The name holds for one opening, and is used up here.

    ``deploybook run`` names it after asking. A *Run All* does not, and a name left over in the kernel does not count.
    """
    if os.environ.pop(CONFIRM_VARIABLE, None) == environment:
        return
    participle, entry = ("destroyed", "destroy-not-confirmed") if mode is Mode.DESTROY else ("changed", "not-confirmed")
    raise ConfigurationError(
        f"Nothing was {participle}: the environment {environment} was not named.",
        f"Run deploybook run {slug} --mode {mode} --environment {environment}, or set {CONFIRM_VARIABLE}={environment} for one run.",
        entry,
    )


def show_errors_plainly(
    complete: Callable[[str], str] = str, report: Callable[[str, str, str], object] | None = None
) -> None:
    """From now on show our own errors as their two or three lines, the hint as ``complete`` returns it; a traceback is for bugs.

    ``report`` is called first with an error's message, hint and entry, to show them as a notebook can.
    """

    def show(
        shell: Any,
        kind: type[BaseException],
        error: BaseException,
        _trace: TracebackType | None,
        tb_offset: int | None = None,
    ) -> list[str]:
        """IPython's contract for a custom handler: show the error, and return the lines shown in place of a traceback."""
        del tb_offset
        assert isinstance(error, DeploybookError)
        error.hint = complete(error.hint)
        if report:
            report(without_controls(str(error)), without_controls(error.hint), error.entry)
        lines = [without_controls(line) for line in (f"{type(error).__name__}: {error}", *error.lines()[1:])]
        shell._showtraceback(kind, without_controls(str(error)), lines)
        return lines

    shell = get_ipython()
    if shell is not None:
        shell.set_custom_exc((DeploybookError,), show)


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
