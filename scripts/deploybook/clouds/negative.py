"""Negative claims: that something is refused. Each proves its own refusal.

A refusal proves something only where the right credential, key or origin goes through, and where the wrong one is refused in the words
that this claim is about: a firewall, an outage or a dead token refuse everything.

| the right one | the wrong one | the claim |
|---|---|---|
| does not go through | is not tried | not tested |
| goes through | refused as expected | holds |
| goes through | accepted | fails |
| goes through | anything else | not tested |
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from deploybook.clouds.edges import EdgeAnswered
from deploybook.errors import DeploybookError, NotTested, ServiceError, VerificationFailed

OK = 200


@dataclass(frozen=True)
class Reply:
    """What a wrong request was answered: the status, the service's own code, and what to show of it."""

    status: int
    code: str = ""
    words: str = ""

    def __str__(self) -> str:
        return self.words or " ".join(part for part in (str(self.status), self.code) if part)


@dataclass(frozen=True)
class ExpectedRefusal:
    """How the service refuses: a status, and a code if there is one; empty ``codes`` stand for any."""

    statuses: frozenset[int]
    codes: frozenset[str] = frozenset()

    def matches(self, reply: Reply) -> bool:
        """Whether a reply is this refusal."""
        return reply.status in self.statuses and (not self.codes or reply.code in self.codes)

    def __str__(self) -> str:
        return " ".join([" or ".join(map(str, sorted(self.statuses))), " or ".join(sorted(self.codes))]).strip()


def require_accepted(subject: str, attempt: Callable[[], object]) -> None:
    """The right one goes through; raises NotTested if not: that is another claim's to report, as an edge's answer is."""
    try:
        attempt()
    except EdgeAnswered:
        raise
    except DeploybookError as error:
        raise NotTested(f"{subject} is not accepted either: {error}") from None


def require_refused(
    subject: str,
    attempt: Callable[[], Reply],
    refusal: ExpectedRefusal,
    fault: VerificationFailed,
    accepted: Callable[[Reply], bool] = lambda reply: reply.status == OK,
) -> Reply:
    """The wrong one is refused as expected. Raises ``fault`` if it is ``accepted``, and NotTested for any other answer."""
    reply = attempt()
    if refusal.matches(reply):
        return reply
    if accepted(reply):
        raise fault
    raise NotTested(f"{subject} is answered neither by success nor by {refusal}: {reply}")


def reply_of(call: Callable[[], object]) -> Reply:
    """The reply to a call that raises a ServiceError where it is refused."""
    try:
        call()
    except ServiceError as error:
        return Reply(error.status, error.code, str(error))
    return Reply(OK)
