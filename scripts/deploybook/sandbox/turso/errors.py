"""What the platform refuses, and why.

Refusal
├ Invalid            the request makes no sense
├ Unauthorized       no platform token, or one that is not (or no longer) valid
├ PaymentRequired    the plan does not include it
├ Forbidden          the token is valid and may not do this
├ NotFound
├ Conflict           the name is taken
└ NotImplementedHere the vendor does it, the sandbox does not
"""

from __future__ import annotations


class Refusal(Exception):
    """A request that is refused; the text is what the vendor's ``error`` field says."""


class Invalid(Refusal):
    """The request makes no sense."""


class Unauthorized(Refusal):
    """No valid platform token."""


class PaymentRequired(Refusal):
    """The organization's plan does not include it."""


class Forbidden(Refusal):
    """The token may not do this."""


class NotFound(Refusal):
    """There is no such thing."""


class Conflict(Refusal):
    """The name is taken."""


class NotImplementedHere(Refusal):
    """Never a plausible answer to what the sandbox cannot do."""

    def __init__(self, what: str) -> None:
        super().__init__(f"not implemented in the sandbox: {what}")
