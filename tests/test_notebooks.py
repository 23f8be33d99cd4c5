"""Parameters are read as their notebook declares them, with values that papermill's own reading loses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from deploybook.contract.model import load_contract
from deploybook.errors import DocsError, InvalidValue
from deploybook.runbook.notebook_file import NotebookParameter, parse_parameter, read_parameters

ROOT = Path(__file__).resolve().parents[1]
CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")


def notebook(path: Path, source: str) -> Path:
    cell = {"cell_type": "code", "id": "p", "metadata": {"tags": ["parameters"]}, "source": source, "outputs": []}
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_awkward_defaults_are_read(tmp_path: Path) -> None:
    source = 'a: str = "x=1 # no comment"  # the é=help\nb: str = \'it\\\'s\\n"two"\'  # h\nc: int = 3  # n\nd: bool = False  # f\n'
    parameters = read_parameters(notebook(tmp_path / "n.ipynb", source))
    assert parameters["a"] == NotebookParameter("a", str, "x=1 # no comment", "the é=help")
    assert parameters["b"].default == 'it\'s\n"two"'
    assert parameters["c"].type is int
    assert parameters["c"].default == 3
    assert parameters["d"].default is False


@pytest.mark.parametrize("source", ["a = 1", "a: list = []", "print(1)"])
def test_a_parameter_in_another_form_is_refused(tmp_path: Path, source: str) -> None:
    with pytest.raises(DocsError):
        read_parameters(notebook(tmp_path / "n.ipynb", source))


@pytest.mark.parametrize(
    ("kind", "text", "expected"),
    [
        (bool, "true", True), (bool, "False", False), (bool, True, True), (int, "3", 3), (int, 3, 3), (float, 1, 1.0),
        (str, "a=b 'c' \"d\" é\n", "a=b 'c' \"d\" é\n"),
    ],
)  # fmt: skip
def test_text_becomes_the_declared_type(kind: type, text: object, expected: object) -> None:
    value = parse_parameter(CONTRACT, NotebookParameter("x", kind, None, "h"), text)
    assert value == expected
    assert type(value) is kind


@pytest.mark.parametrize(
    ("kind", "text"), [(bool, "yes"), (bool, 1), (int, "3.5"), (int, True), (int, "x"), (str, 3), (float, "x")]
)
def test_another_type_is_refused_by_name(kind: type, text: object) -> None:
    with pytest.raises(InvalidValue, match="Parameter x is"):
        parse_parameter(CONTRACT, NotebookParameter("x", kind, None, "h"), text)
