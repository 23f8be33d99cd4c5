"""Copies of what exists in a sandbox: plain data, copied as a whole, so that what two objects shared they share again.

A service names the long-lived objects that hold its state (``Part``). Their attributes are pickled with all that they refer to. What is no
data is left where it is: functions, classes and the long-lived objects themselves.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import pickle
from collections.abc import Sequence
from dataclasses import dataclass
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

# A counter goes on: no id is issued twice.
_BY_REFERENCE = (type, FunctionType, BuiltinFunctionType, MethodType, itertools.count)
_EVENT, _NOTHING, _OWNER, _REFERENCE = "event", "nothing", "owner", "reference"


@dataclass(frozen=True)
class Part:
    """The attributes of one object: all of them, only those that are named, or all but some."""

    owner: object
    only: tuple[str, ...] = ()
    but: tuple[str, ...] = ()

    def attributes(self) -> dict[str, Any]:
        """The attributes, by name. Raises AttributeError for a name that the object does not have, in ``but`` too."""
        if unknown := {*self.only, *self.but} - vars(self.owner).keys():
            raise AttributeError(f"{type(self.owner).__name__} has no {', '.join(sorted(unknown))}", obj=self.owner)
        names = self.only or tuple(name for name in vars(self.owner) if name not in self.but)
        return {name: getattr(self.owner, name) for name in names}

    def set(self, attributes: dict[str, Any]) -> None:
        """Put attributes in the place of those that are there, and take away what has been added since."""
        for name in [] if self.only else vars(self.owner).keys() - attributes.keys() - set(self.but):
            delattr(self.owner, name)
        for name, value in attributes.items():
            setattr(self.owner, name, value)


class Frozen:
    """What the attributes of some objects were at one moment."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._references: list[object] = []
        stream = io.BytesIO()
        _Pickler(stream, [part.owner for part in parts], self._references).dump([part.attributes() for part in parts])
        self._data = stream.getvalue()

    def thaw(self, parts: Sequence[Part]) -> None:
        """Put a copy of it into the same parts, of the objects that are there now."""
        unpickler = _Unpickler(io.BytesIO(self._data), [part.owner for part in parts], self._references)
        for part, attributes in zip(parts, unpickler.load(), strict=True):
            part.set(attributes)


class _Pickler(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, owners: Sequence[object], references: list[object]) -> None:
        super().__init__(stream, pickle.HIGHEST_PROTOCOL)
        self._owners = {id(owner): number for number, owner in enumerate(owners)}
        self._references = references

    def persistent_id(self, obj: Any) -> tuple[str, int] | None:
        if id(obj) in self._owners:
            return _OWNER, self._owners[id(obj)]
        if isinstance(obj, asyncio.Event):
            return _EVENT, 0
        if isinstance(obj, asyncio.TimerHandle):
            return _NOTHING, 0
        if isinstance(obj, _BY_REFERENCE):
            self._references.append(obj)
            return _REFERENCE, len(self._references) - 1
        return None


class _Unpickler(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, owners: Sequence[object], references: Sequence[object]) -> None:
        super().__init__(stream)
        self._owners = owners
        self._references = references

    def persistent_load(self, pid: tuple[str, int]) -> object:
        kind, number = pid
        if kind == _OWNER:
            return self._owners[number]
        if kind == _REFERENCE:
            return self._references[number]
        # Nobody waits for a thing that was just made.
        return asyncio.Event() if kind == _EVENT else None
