from __future__ import annotations

import re
from typing import TYPE_CHECKING

from deploybook.proving.results import Run, keep
from deploybook.proving.scenarios import Outcome
from deploybook.site.proofs import with_proofs

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

TEXT = "# Troubleshooting\n\n## Playback fails {#playback}\n\nText.\n\n## Other {#cors .by-hand}\n"
PATH = "docs/troubleshooting.md"


def prove(checkout: Checkout, holds: bool) -> None:
    run = Run("2026-01-02T03:04:05+00:00", "0123456789abcdef", "this machine", 2, 3.0, 1)
    keep(checkout.root, "entries", run, [Outcome("playback", holds)])


def test_an_entry_says_when_it_was_last_proved(checkout: Checkout) -> None:
    prove(checkout, True)
    text = with_proofs(TEXT, checkout.guide(), PATH)
    assert re.search(r"\{#playback\}\n\n_Proved \d{4}-\d\d-\d\d \d\d:\d\d UTC, commit `01234567`", text)
    assert text.count("_Proved") == 1


def test_an_entry_that_did_not_hold_says_so(checkout: Checkout) -> None:
    prove(checkout, False)
    assert "**Not proved** at the last try" in with_proofs(TEXT, checkout.guide(), PATH)


def test_without_proofs_and_on_other_pages_nothing_is_added(checkout: Checkout) -> None:
    assert with_proofs(TEXT, checkout.guide(), PATH) == TEXT
    prove(checkout, True)
    assert with_proofs(TEXT, checkout.guide(), "docs/index.md") == TEXT
