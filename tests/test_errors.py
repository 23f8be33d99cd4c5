"""Every error survives a process boundary and carries its exit code."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Iterator

import pytest

from deploybook import errors

EXIT_CODES = {
    "DeploybookError": 1,
    "ConfigurationError": 2,
    "ServiceError": 3,
    "VerificationFailed": 4,
    "RunbookFailed": 5,
    "DocsError": 6,
    "MachineFault": 7,
    "NotTested": 8,
}


def every_class() -> Iterator[type[errors.DeploybookError]]:
    for _, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.DeploybookError):
            yield kind


def example(kind: type[errors.DeploybookError]) -> errors.DeploybookError:
    names = [name for name in inspect.signature(kind.__init__).parameters if name != "self"]
    values = {"line": 3, "status": 418}
    return kind(*[values.get(name, f"<{name}>") for name in names])  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_an_error_survives_pickling(kind: type[errors.DeploybookError]) -> None:
    before = example(kind)
    after = pickle.loads(pickle.dumps(before))  # noqa: S301
    assert type(after) is kind
    assert vars(after) == vars(before)
    assert after.lines() == before.lines()


@pytest.mark.parametrize("kind", list(every_class()), ids=lambda kind: kind.__name__)
def test_an_error_has_the_exit_code_of_its_branch(kind: type[errors.DeploybookError]) -> None:
    branch = next(base for base in kind.__mro__ if base.__name__ in EXIT_CODES)
    assert kind.exit_code == EXIT_CODES[branch.__name__]


def test_every_class_stands_in_the_tree_at_the_top_of_the_module() -> None:
    assert errors.__doc__ is not None
    drawn = {word.strip("├└│─ ").split("(")[0] for line in errors.__doc__.splitlines() for word in line.split()[:3]}
    assert {kind.__name__ for kind in every_class()} <= drawn


def test_an_operator_sees_the_failure_the_hint_and_the_link() -> None:
    error = errors.MissingVariable("X is not set.", "Export X.")
    assert error.lines() == ["X is not set.", "hint: Export X.", "see: docs/troubleshooting.md#variable-missing"]
