"""Tests the claims of a section as the mode allows, with one event each; a change of a moment ago is given time to be seen."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import tenacity

from deploybook.contract.definitions import Section
from deploybook.errors import DeploybookError, NotFound, PermissionDenied, Unauthorized, VerificationFailed
from deploybook.runbook.events import Event
from deploybook.runbook.in_process import runs_every_cell
from deploybook.runbook.modes import Mode

NOT_KNOWN_YET = "what it needs is not known yet"


class Claims:
    """The claims of one section's run; ``settled_at`` tells when the latest change is seen everywhere, on the monotonic clock.

    ``tested`` are those that the runbook has come to; ``failed`` those that did not hold, each with what its error says that is to be
    done.
    """

    def __init__(self, mode: Mode, show: Callable[[Event], None], settled_at: Callable[[], float]) -> None:
        self._mode = mode
        self._show = show
        self._settled_at = settled_at
        self.tested: set[str] = set()
        self.failed: dict[str, str] = {}

    def require(self, claim: str, test: Callable[..., str | None], *arguments: Any) -> None:
        """See ``Runbook.require``."""
        self.tested.add(claim)
        try:
            detail = test(*arguments)
        except DeploybookError as error:
            self._show(Event("preflight", "failed", claim, str(error), error.entry))
            raise
        self._show(Event("preflight", "passed", claim, detail or ""))

    def require_all(self, section: Section) -> None:
        """Raise VerificationFailed if the runbook lacks a check that the contract names: without it the section's outcome is not proved."""
        lost = [claim for claim in section.claims if claim not in self.tested]
        if lost and runs_every_cell():
            raise VerificationFailed(
                f"The runbook does not test what its section claims: {'; '.join(lost)}.",
                f"Restore runbooks/{section.slug}.ipynb with git checkout -- runbooks/{section.slug}.ipynb.",
            )

    def hold(
        self,
        claim: str,
        test: Callable[..., str | None],
        *arguments: Any,
        when: object,
        why_not: str = NOT_KNOWN_YET,
    ) -> bool:
        """Test a claim where the mode checks; whether it was tested and holds. With a false ``when`` the line says ``why_not``."""
        self.tested.add(claim)
        if not self._mode.checks:
            return False
        if not when:
            self._show(Event("check", "later", claim, why_not))
            return False
        try:
            detail = self._settled(test, *arguments)
        except DeploybookError as error:
            self.failed[claim] = error.hint
            self._show(Event("check", "failed", claim, str(error), error.entry))
            return False
        self._show(Event("check", "passed", claim, detail or ""))
        return True

    def _settled(self, test: Callable[..., str | None], *arguments: Any) -> str | None:
        """Test, and repeat the test for a while after a change: a provider's systems do not all see a change at once."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type((VerificationFailed, NotFound, PermissionDenied, Unauthorized)),
            wait=tenacity.wait_exponential(multiplier=0.2, max=5.0),
            stop=tenacity.stop_before_delay(self._settled_at() - time.monotonic()),
            reraise=True,
        )
        return retrying(test, *arguments)
