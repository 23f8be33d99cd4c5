"""The differences between two recordings, each in one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploybook.recordings import compare


def record(folder: Path, status: int = 200, headers: Mapping[str, str] | None = None, **body: Any) -> None:
    """One answer of a recording."""
    exchange = {"method": "GET", "path": "/v1/things/name1", "status": status, "headers": dict(headers or {}), **body}
    (folder / "cloud").mkdir(parents=True, exist_ok=True)
    (folder / "cloud" / f"{len(list(folder.rglob('*.json')))}.json").write_text(json.dumps({"exchanges": [exchange]}))


AT = "cloud: GET v1/things/x: "


@pytest.mark.parametrize(
    ("real", "ours", "difference"),
    [
        ({"json": {"a": 1}}, {"json": {}}, f"{AT}200: the sandbox has no a (number)"),
        ({"json": {}}, {"json": {"a": [1]}}, f"{AT}200: only the sandbox has a (array)"),
        ({"json": {"a": None}}, {"json": {"a": "x"}}, f"{AT}200: a is null, in the sandbox string"),
        ({"json": {"a": [{"b": 1}]}}, {"json": {"a": [{"c": 1}]}}, f"{AT}200: the sandbox has no a[].b (number)"),
        ({"status": 403, "json": {}}, {"json": {}}, f"{AT}403 is never the sandbox's answer (200)"),
        ({"text": "<html>"}, {"json": {}}, f"{AT}200: (body) is text, in the sandbox object"),
        ({"headers": {"Retry-After": "1"}}, {}, "cloud: the sandbox has no header retry-after"),
    ],
)
def test_a_difference_is_listed(tmp_path: Path, real: dict[str, Any], ours: dict[str, Any], difference: str) -> None:
    record(tmp_path / "real", **real)
    record(tmp_path / "ours", **ours)
    assert difference in list(compare(tmp_path / "real", tmp_path / "ours"))


def test_what_several_answers_have_together_is_no_difference(tmp_path: Path) -> None:
    for value in (None, "x", ["x"]):
        record(tmp_path / "ours", json={"a": value})
    record(tmp_path / "real", json={"a": None})
    record(tmp_path / "real", json={"a": []})
    assert list(compare(tmp_path / "real", tmp_path / "ours")) == []


def test_what_is_within_an_absent_field_is_not_listed_again(tmp_path: Path) -> None:
    record(tmp_path / "real", json={"a": {"b": {"c": 1}}})
    record(tmp_path / "ours", json={})
    assert list(compare(tmp_path / "real", tmp_path / "ours")) == [f"{AT}200: the sandbox has no a (object)"]


def test_what_the_sandbox_was_not_asked_is_said(tmp_path: Path) -> None:
    record(tmp_path / "real", json={})
    (tmp_path / "ours").mkdir()
    assert list(compare(tmp_path / "real", tmp_path / "ours")) == [f"{AT}the sandbox was not asked this"]
