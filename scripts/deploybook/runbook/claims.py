"""Tests the claims of a section as the mode allows, with one event each: it holds, it fails, or it was not tested, and why not.

A change of a moment ago is given time to be seen.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import tenacity

from deploybook.contract.definitions import Section
from deploybook.contract.model import Contract
from deploybook.errors import DeploybookError, NotFound, NotTested, PermissionDenied, Unauthorized, VerificationFailed
from deploybook.runbook.events import Event
from deploybook.runbook.in_process import runs_every_cell
from deploybook.runbook.modes import Mode

NOT_TESTED = "not tested"
# What a change that has not reached a provider's every system yet may look like.
UNSETTLED = (VerificationFailed, NotTested, NotFound, PermissionDenied, Unauthorized)


class Claims:
    """The claims of one section's run; ``settled_at`` tells when the latest change is seen everywhere, on the monotonic clock.

    ``tested`` are those that the runbook has come to; ``failed`` those that did not hold, each with what its error says that is to be
    done.
    """

    def __init__(
        self,
        slug: str,
        mode: Mode,
        contract: Contract,
        show: Callable[[Event], None],
        settled_at: Callable[[], float],
    ) -> None:
        self._slug = slug
        self._mode = mode
        self._contract = contract
        self._show = show
        self._settled_at = settled_at
        # What stood in the way of a claim: one finding each, and nothing is said of what lies behind it.
        self._obstacles: set[str] = set()
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

    def hold(self, claim: str, test: Callable[..., str | None], *arguments: Any, when: object, needs: str) -> bool:
        """Test a claim where the mode checks; whether it was tested and holds.

        With a false ``when`` it cannot be tested: ``needs`` is the variable, the credential or the parameter that is lacking, and empty
        where a person has to do something first.
        """
        self.tested.add(claim)
        if not self._mode.checks:
            return False
        if not when:
            self._show(Event("check", *self._put_off(claim, needs)))
            return False
        try:
            detail = self._settled(test, *arguments)
        except NotTested as reason:
            return self._not_tested(claim, reason)
        except DeploybookError as error:
            return self._failed(claim, error)
        self._show(Event("check", "passed", claim, detail or ""))
        return True

    def _failed(self, claim: str, error: DeploybookError) -> bool:
        if error.obstacle in self._obstacles:
            return self._not_tested(claim, error)
        fields = {}
        if error.obstacle:
            self._obstacles.add(error.obstacle)
            fields = {"obstacle": error.obstacle}
        self.failed[claim] = error.hint
        self._show(Event("check", "failed", claim, str(error), error.entry, fields))
        return False

    def _not_tested(self, claim: str, reason: DeploybookError) -> bool:
        self._show(Event("check", NOT_TESTED, claim, f"because {str(reason).rstrip('.')}"))
        return False

    def _put_off(self, claim: str, needs: str) -> tuple[str, str, str]:
        """Outcome, claim and detail of a claim that lacks what it needs."""
        if not needs:
            return "later", claim, "once the step above is done"
        if needs in self._contract.parameters:
            return "left out", claim, f"-p {needs} true tests it"
        if needs in {credential.name for credential in self._contract.credentials}:
            if not os.environ.get(needs):
                return "left out", claim, f"{needs} is not set"
            return NOT_TESTED, claim, "because a step that it needs failed"
        section = self._contract.variable(needs).section
        if section and section != self._slug and section not in self._contract.all_predecessors(self._slug):
            return "later", claim, f"needs {needs}, which {section} records"
        return NOT_TESTED, claim, f"because {needs} is not known"

    def _settled(self, test: Callable[..., str | None], *arguments: Any) -> str | None:
        """Test, and repeat the test for a while after a change: a provider's systems do not all see a change at once."""
        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(UNSETTLED),
            wait=tenacity.wait_exponential(multiplier=0.2, max=5.0),
            stop=tenacity.stop_before_delay(self._settled_at() - time.monotonic()),
            reraise=True,
        )
        return retrying(test, *arguments)
