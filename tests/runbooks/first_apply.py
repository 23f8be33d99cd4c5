"""What a section's first ``apply`` leaves: made once by a module's tests, and brought back for each of them that begins with it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.e2e.kept import Kept
from tests.runbooks.guide import Finished, Guide
from tests.sandboxes import RunningSandbox

STATE = ".deploybook"


class FirstApply:
    """One for a module; nothing of it depends on the folder that a checkout lies in."""

    def __init__(self) -> None:
        self._sandbox: RunningSandbox | None = None
        self._kept: Kept | None = None
        self._done: Finished | None = None

    def __call__(self, guide: Guide, sandbox: RunningSandbox, apply: Callable[[], Finished]) -> Finished:
        """Apply, or bring back the accounts and the checkout's state as the same ``apply`` has left them; what it printed."""
        if self._kept is None or self._done is None or self._sandbox is not sandbox:
            self.close()
            self._done, self._sandbox = apply(), sandbox
            self._kept = Kept(sandbox, guide.root / STATE)
        else:
            (guide.root / STATE).mkdir(mode=0o700, exist_ok=True)
            self._kept.restore(guide.root / STATE)
            sandbox.control.delete("/journal").raise_for_status()
        return self._done

    def close(self) -> None:
        """Forget the copies."""
        if self._kept is not None:
            self._kept.__exit__()


@pytest.fixture(scope="module")
def first_apply() -> Iterator[FirstApply]:
    """For tests that all begin with the same ``apply``."""
    first = FirstApply()
    yield first
    first.close()
