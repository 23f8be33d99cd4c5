"""The ledger notes what was made, in order, once."""

from __future__ import annotations

from pathlib import Path

from deploybook.state.ledger import Ledger, Made

BUCKET, TOKEN = Made("r2", "R2 bucket", "b"), Made("r2", "R2 token", "t")


def test_entries_come_back_oldest_first_and_once(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "production")
    for made in (BUCKET, TOKEN, BUCKET):
        ledger.add(made)
    assert Ledger(tmp_path, "production").entries() == [BUCKET, TOKEN]


def test_what_is_gone_is_forgotten(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, "production")
    ledger.add(BUCKET)
    ledger.remove(BUCKET)
    ledger.remove(TOKEN)
    assert ledger.entries() == []


def test_environments_are_kept_apart(tmp_path: Path) -> None:
    Ledger(tmp_path, "production").add(BUCKET)
    assert Ledger(tmp_path, "staging").entries() == []
