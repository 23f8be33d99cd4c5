"""The five modes of a run."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What a run may do, and to what; design: the papermill parameter ``mode``."""

    DRY_RUN = "dry-run"
    PLAN = "plan"
    APPLY = "apply"
    VERIFY = "verify"
    DESTROY = "destroy"

    @property
    def makes(self) -> bool:
        """Whether resources are created and updated."""
        return self in {Mode.DRY_RUN, Mode.APPLY}

    @property
    def intends(self) -> bool:
        """Whether changes are made, or told in advance."""
        return self.makes or self is Mode.PLAN

    @property
    def checks(self) -> bool:
        """Whether the claims of the verify step are tested."""
        return self in {Mode.DRY_RUN, Mode.APPLY, Mode.VERIFY}

    @property
    def live(self) -> bool:
        """Whether it talks to the real clouds."""
        return self is not Mode.DRY_RUN
