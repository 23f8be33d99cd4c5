"""What each mode may do, as the table of modes in the guide says."""

from __future__ import annotations

import pytest

from deploybook.runbook.modes import Mode


@pytest.mark.parametrize(
    ("mode", "makes", "intends", "checks", "live"),
    [
        ("dry-run", True, True, True, False),
        ("plan", False, True, False, True),
        ("apply", True, True, True, True),
        ("verify", False, False, True, True),
        ("destroy", False, False, False, True),
    ],
)
def test_a_mode_makes_announces_checks_and_asks_the_real_clouds_as_the_guide_says(
    mode: str, *, makes: bool, intends: bool, checks: bool, live: bool
) -> None:
    chosen = Mode(mode)
    assert (chosen.makes, chosen.intends, chosen.checks, chosen.live) == (makes, intends, checks, live)


def test_there_is_no_other_mode() -> None:
    assert len(Mode) == 5
