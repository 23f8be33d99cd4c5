"""Why the workspace refuses a call. ``rpc.py`` gives each its gRPC status.

Refusal
├ NotFound
├ AlreadyExists
├ InvalidArgument
├ FailedPrecondition
└ NotImplementedHere
"""

from __future__ import annotations


class Refusal(Exception):
    """A call that changes nothing, with the sentence that the client shows."""


class NotFound(Refusal):
    """The named or numbered thing is not there."""


class AlreadyExists(Refusal):
    """The name is taken."""


class InvalidArgument(Refusal):
    """The request itself is malformed."""


class FailedPrecondition(Refusal):
    """The thing is there, in a state that does not allow the call."""


class NotImplementedHere(Refusal):
    """Modal has it, the sandbox does not."""
