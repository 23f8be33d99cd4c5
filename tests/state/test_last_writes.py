"""What our own writes looked like is kept by key."""

from __future__ import annotations

from pathlib import Path

from deploybook.state.last_writes import LastWrites


def test_a_record_is_replaced_and_forgotten(tmp_path: Path) -> None:
    observed = LastWrites(tmp_path, "production")
    observed.put("a", {"at": "1"})
    observed.put("b", {"at": "2"})
    observed.put("a", {"at": "3"})
    assert LastWrites(tmp_path, "production").get("a") == {"at": "3"}
    observed.forget("a")
    observed.forget("absent")
    assert observed.get("a") == {}
    assert observed.get("b") == {"at": "2"}
