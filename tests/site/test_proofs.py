from __future__ import annotations

import json
from typing import TYPE_CHECKING

from deploybook.site.proofs import with_proofs

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

TEXT = "# Troubleshooting\n\n## Playback fails {#playback}\n\nText.\n\n## Other {#cors .by-hand}\n"
PATH = "docs/troubleshooting.md"


def prove(checkout: Checkout, holds: str) -> None:
    (checkout.root / "build").mkdir(exist_ok=True)
    proof = {"at": "2026-01-02T03:04:05+00:00", "commit": "0123456789abcdef", "holds": holds}
    (checkout.root / "build" / "proofs.json").write_text(json.dumps({"playback": proof}), encoding="utf-8")


def test_an_entry_says_when_it_was_last_proved(checkout: Checkout) -> None:
    prove(checkout, "yes")
    text = with_proofs(TEXT, checkout.guide(), PATH)
    assert "{#playback}\n\n_Proved 2026-01-02 03:04 UTC, commit `01234567`" in text
    assert text.count("_Proved") == 1


def test_an_entry_that_did_not_hold_says_so(checkout: Checkout) -> None:
    prove(checkout, "no")
    assert "**Not proved** at the last try" in with_proofs(TEXT, checkout.guide(), PATH)


def test_without_proofs_and_on_other_pages_nothing_is_added(checkout: Checkout) -> None:
    assert with_proofs(TEXT, checkout.guide(), PATH) == TEXT
    prove(checkout, "yes")
    assert with_proofs(TEXT, checkout.guide(), "docs/index.md") == TEXT
