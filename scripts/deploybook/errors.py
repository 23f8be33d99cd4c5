"""Every error an operator can meet. Each has one sentence on what failed, one on what to do, and a troubleshooting entry.

DeploybookError                        exit 1   message, hint, entry (anchor in docs/troubleshooting.md)
├ ConfigurationError                   exit 2
│ ├ MissingVariable
│ ├ InvalidValue
│ ├ UnknownParameter
│ ├ VaultLocked
│ ├ VaultUnreadable
│ ├ StateDamaged
│ ├ NotMadeHere
│ ├ OtherAccount
│ └ NeedsDecision
├ ServiceError(service, operation, …)  exit 3
│ ├ Unreachable
│ ├ Unauthorized
│ ├ PermissionDenied
│ ├ NotFound
│ ├ Conflict
│ ├ RateLimited
│ └ UnexpectedResponse
├ VerificationFailed                   exit 4   expected, found
├ RunbookFailed(slug, cell, output)    exit 5
├ DocsError(path, line)                exit 6
├ MachineFault                         exit 7
└ NotTested                            exit 8   the reason
"""

from __future__ import annotations

import errno
import os
from typing import Self


def link_to(entry: str) -> str:
    """Where a troubleshooting entry stands in the repository and in the site."""
    return f"docs/troubleshooting.md#{entry}"


class DeploybookError(Exception):
    """The root. ``args`` are the constructor's arguments, so that each error survives pickling between processes."""

    exit_code = 1
    entry_default = ""
    # What stood between a check and what it tests, such as an edge in front of the application: of a claim that meets it after another
    # one, nothing is known.
    obstacle = ""

    def __init__(self, message: str, hint: str = "", entry: str = "") -> None:
        super().__init__(message, hint, entry)
        self.message = message
        self.hint = hint
        self.entry = entry or self.entry_default
        # For each word of the command line that was probably mistyped, what was meant.
        self.corrections: dict[str, str] = {}

    def __str__(self) -> str:
        return self.message

    def suggesting(self, typed: str, meant: str) -> Self:
        """The same error; its hint first asks whether ``meant`` was meant by the word ``typed``. Nothing changes if ``meant`` is empty."""
        if meant:
            self.hint = f"Did you mean {meant}? {self.hint}".strip()
            self.corrections = {typed: meant}
        return self

    @property
    def link(self) -> str:
        """Where the troubleshooting entry stands in the repository and in the site; empty if there is none."""
        return link_to(self.entry) if self.entry else ""

    def lines(self) -> list[str]:
        """What an operator is shown: the failure, the hint, the link."""
        lines = [self.message]
        if self.hint:
            lines.append(f"hint: {self.hint}")
        if self.link:
            lines.append(f"see: {self.link}")
        return lines


class ConfigurationError(DeploybookError):
    """Something that the operator has to give or to decide is missing or wrong. What was done before stays."""

    exit_code = 2


class MissingVariable(ConfigurationError):
    """A variable that this section needs is neither in the environment nor in the vault."""

    entry_default = "variable-missing"


class InvalidValue(ConfigurationError):
    """A value that its provider or its consumer would refuse."""

    entry_default = "invalid-value"


class UnknownParameter(ConfigurationError):
    """A parameter that no selected runbook has."""

    entry_default = "unknown-parameter"


class VaultLocked(ConfigurationError):
    """Another run holds the vault of this environment."""

    entry_default = "vault-locked"


class VaultUnreadable(ConfigurationError):
    """The vault of this environment cannot be read whole, or held values and is gone; nothing was written."""

    entry_default = "vault-unreadable"


class StateDamaged(ConfigurationError):
    """A file of the state (ledger, pins, last writes) cannot be read whole; nothing is done on a guess."""

    entry_default = "state-damaged"


class NotMadeHere(ConfigurationError):
    """A resource is there that this environment neither made nor took over; it was not changed."""

    entry_default = "not-made-here"


class OtherAccount(ConfigurationError):
    """The credentials belong to another account than the one that the environment is pinned to."""

    entry_default = "other-account"


class NeedsDecision(ConfigurationError):
    """Going on would cut somebody off, or overwrite what somebody else wrote: only the operator can decide that."""

    entry_default = "needs-decision"


class ServiceError(DeploybookError):
    """A provider did not do what was asked. ``status`` and ``code`` are the provider's own, where it gave any."""

    exit_code = 3

    def __init__(
        self,
        service: str,
        operation: str,
        message: str,
        hint: str = "",
        entry: str = "",
        status: int = 0,
        code: str = "",
    ) -> None:
        super().__init__(message, hint, entry)
        self.args = (service, operation, message, hint, entry, status, code)
        self.service = service
        self.operation = operation
        self.status = status
        self.code = code


class Unreachable(ServiceError):
    """No answer came: refused, reset or timed out. The request may or may not have been carried out."""

    entry_default = "service-unreachable"


class Unauthorized(ServiceError):
    """The provider does not know the credential."""

    entry_default = "credential-refused"


class PermissionDenied(ServiceError):
    """The provider knows the credential and does not let it do this."""

    entry_default = "permission-missing"


class NotFound(ServiceError):
    """The resource does not exist, or this credential cannot see it."""

    entry_default = "not-found"


class Conflict(ServiceError):
    """The name is taken, or the thing is in a state that forbids the change."""

    entry_default = "name-taken"


class RateLimited(ServiceError):
    """The provider asks to wait longer than the retry budget."""

    entry_default = "rate-limited"


class UnexpectedResponse(ServiceError):
    """An answer outside what the provider's description promises."""

    entry_default = "unexpected-response"

    @property
    def may_be_done(self) -> bool:
        """Whether the request may have been carried out: an answer of success that cannot be read, or an internal error."""
        return 200 <= self.status < 300 or self.status >= 500


class VerificationFailed(DeploybookError):
    """A claim of the guide did not hold."""

    exit_code = 4

    def __init__(self, message: str, hint: str = "", entry: str = "", expected: str = "", found: str = "") -> None:
        super().__init__(message, hint, entry)
        self.args = (message, hint, entry, expected, found)
        self.expected = expected
        self.found = found

    def __str__(self) -> str:
        detail = f" (expected {self.expected}; found {self.found})" if self.expected or self.found else ""
        return self.message + detail


class RunbookFailed(DeploybookError):
    """A runbook stopped for a reason that is not one of the above; ``output`` is the end of what it printed."""

    exit_code = 5
    entry_default = "runbook-failed"

    def __init__(self, slug: str, cell: str, output: str = "") -> None:
        super().__init__(
            f"The {slug} runbook stopped in cell {cell}.",
            "Open the executed copy named in the report; the cell's output says why.",
        )
        self.args = (slug, cell, output)
        self.slug = slug
        self.cell = cell
        self.output = output


class DocsError(DeploybookError):
    """A statement of the guide that does not stand up to its check."""

    exit_code = 6

    def __init__(self, path: str, line: int, message: str, hint: str = "") -> None:
        super().__init__(f"{path}:{line}: {message}", hint)
        self.args = (path, line, message, hint)
        self.path = path
        self.line = line


class MachineFault(DeploybookError):
    """This machine refused what the command needs of it: a file, a folder, the disk, memory. What is done is kept."""

    exit_code = 7
    entry_default = "this-machine"

    @staticmethod
    def fits(error: OSError) -> bool:
        """Whether an error of the operating system is about what the machine has, and not a bug or the network."""
        return error.errno in _MACHINE or bool(error.filename)

    @classmethod
    def of(cls, error: OSError) -> MachineFault:
        """The operator's view of an error of the operating system."""
        where = str(error.filename or "a file")
        reason = os.strerror(error.errno) if error.errno else str(error) or type(error).__name__
        return cls(f"This machine does not let deploybook use {where}: {reason}.", _machine_hint(error.errno, where))


_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_REFUSED = frozenset({errno.EACCES, errno.EPERM})
_MACHINE = _FULL | _REFUSED | {errno.EROFS, errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM}


def _machine_hint(number: int | None, where: str) -> str:
    if number in _FULL:
        return "Make room on that disk, then run the same command again: it continues from where it stopped."
    if number == errno.EROFS:
        return "Run it in a checkout on a writable disk."
    if number in _REFUSED:
        return f"Give your user read and write permission: ls -ld '{where}' shows whose it is."
    if number in {errno.EMFILE, errno.ENFILE}:
        return "Allow more open files (ulimit -n 4096), then run the same command again."
    return "Correct that on this machine, then run the same command again."


class NotTested(DeploybookError):
    """Nothing failed, but a claim could not be tested, or a value is not known yet: the section is incomplete."""

    exit_code = 8
