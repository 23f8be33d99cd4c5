"""What a value can be, as far as the code alone tells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

# Stands in a text for what is filled in when the program runs.
HOLE = "\0"


@dataclass(frozen=True)
class Unknown:
    """Nothing can be told."""


@dataclass(frozen=True)
class Parameter:
    """What the caller of a function gives."""

    name: str


@dataclass(frozen=True)
class Text:
    """A string; a HOLE for each part that is not known."""

    value: str

    @property
    def known(self) -> bool:
        """Whether all of it is."""
        return HOLE not in self.value


@dataclass(frozen=True)
class Scalar:
    """A number, True, False or None."""

    value: object


@dataclass(frozen=True)
class Array:
    """A list, tuple or set; ``item`` is what its members are."""

    item: Shape


@dataclass(frozen=True)
class Object:
    """A dictionary. ``whole``: it has no other keys than these, of which some may be left out."""

    fields: Mapping[str, Shape] = field(default_factory=dict)
    whole: bool = True


@dataclass(frozen=True)
class Choice:
    """One of several."""

    options: tuple[Shape, ...]


Shape = Unknown | Parameter | Text | Scalar | Array | Object | Choice


def options(shape: Shape) -> Iterator[Shape]:
    """The values that it can be, one by one."""
    if isinstance(shape, Choice):
        for each in shape.options:
            yield from options(each)
    else:
        yield shape


def one_of(shapes: Iterable[Shape]) -> Shape:
    """The choice among some; objects become one object with the keys of all."""
    found: list[Shape] = []
    objects: list[Object] = []
    for each in (option for shape in shapes for option in options(shape)):
        if isinstance(each, Object):
            objects.append(each)
        elif each not in found:
            found.append(each)
    if objects:
        names = dict.fromkeys(name for each in objects for name in each.fields)
        fields = {name: one_of(each.fields[name] for each in objects if name in each.fields) for name in names}
        found.append(Object(fields, all(each.whole for each in objects)))
    return found[0] if len(found) == 1 else Choice(tuple(found)) if found else Unknown()


def merged(left: Shape, right: Shape) -> Object:
    """`left | right`: what is no object adds keys that are not known; None and what is empty add none."""
    fields: dict[str, Shape] = {}
    whole = True
    for each in (*options(left), *options(right)):
        if isinstance(each, Object):
            fields |= each.fields
            whole &= each.whole
        elif each != Scalar(None):
            whole = False
    return Object(fields, whole)


def texts(shape: Shape) -> set[str]:
    """The known strings that it can be, or hold."""
    found = set()
    for each in options(shape):
        if isinstance(each, Text) and each.known:
            found.add(each.value)
        elif isinstance(each, Array):
            found |= texts(each.item)
    return found
