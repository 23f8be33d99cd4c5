"""The arguments of a call that is not run here: what it was given, and whether the function could have taken it.

The SDK sends them as a pickle of ``(args, kwargs)`` (modal/_serialization.py). Only plain values are read: nothing of a pickle is executed.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

from modal_proto import api_pb2


class _Plain(pickle.Unpickler):
    """Reads numbers, texts, bytes and containers of them, and refuses all else."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} is not read")

    def persistent_load(self, pid: Any) -> Any:
        raise pickle.UnpicklingError(f"{pid} is not read")


def judge(name: str, schema: api_pb2.FunctionSchema, payload: api_pb2.FunctionInput) -> str:
    """Why the function ``name`` cannot take its arguments, as Python says it; empty if it can, or if that cannot be told."""
    values = _read(payload)
    if values is None or not schema.arguments:
        return ""
    positional, named = values
    parameters = [argument.name for argument in schema.arguments]
    for unexpected in [each for each in named if each not in parameters]:
        return f"TypeError: {name}() got an unexpected keyword argument {unexpected!r}"
    filled = {*parameters[: len(positional)], *named}
    for missing in [
        argument.name for argument in schema.arguments if argument.name not in filled and not argument.has_default
    ]:
        return f"TypeError: {name}() missing 1 required positional argument: {missing!r}"
    return ""


def describe(schema: api_pb2.FunctionSchema, payload: api_pb2.FunctionInput) -> str:
    """The names of what was given, and of what is empty; never a value."""
    values = _read(payload)
    if values is None:
        return "its arguments are not plain values"
    positional, named = values
    parameters = [argument.name for argument in schema.arguments] or [f"argument {count}" for count in range(1, 99)]
    arguments = dict(zip(parameters, positional, strict=False)) | named
    # One dictionary that holds the job is the job.
    if len(arguments) == 1 and isinstance(next(iter(arguments.values())), dict):
        arguments = next(iter(arguments.values()))
    present = sorted(str(each) for each, value in arguments.items() if value not in (None, "", {}, []))
    empty = sorted(str(each) for each in arguments if str(each) not in present)
    return f"it was given {', '.join(present) or 'nothing'}" + (f"; empty: {', '.join(empty)}" if empty else "")


def _read(payload: api_pb2.FunctionInput) -> tuple[list[Any], dict[str, Any]] | None:
    if payload.data_format not in {api_pb2.DATA_FORMAT_UNSPECIFIED, api_pb2.DATA_FORMAT_PICKLE} or not payload.args:
        return None
    try:
        positional, named = _Plain(io.BytesIO(payload.args)).load()
        return list(positional), dict(named)
    except (pickle.UnpicklingError, ValueError, TypeError, EOFError, IndexError, AttributeError):
        return None
