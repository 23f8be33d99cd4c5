"""Each mutant is of today's code: a rename takes it along, or is seen here and not first in a night's proofs."""

from __future__ import annotations

import ast

import pytest
from tests.mutants import MUTANTS, PACKAGE, ROOT, Mutant

BY_PROMISE = pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant.promise for mutant in MUTANTS])


@BY_PROMISE
def test_its_line_stands_once_in_its_module(mutant: Mutant) -> None:
    assert (ROOT / PACKAGE / mutant.module).read_text(encoding="utf-8").count(mutant.line) == 1


@BY_PROMISE
def test_its_test_is_there(mutant: Mutant) -> None:
    path, *names = mutant.test.split("::")
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    assert {name.partition("[")[0] for name in names} <= {
        node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
