"""What a copy of a service's state holds, and what it leaves where it is."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from deploybook.sandbox.core.freezing import Frozen, Part
from deploybook.sandbox.turso.state.keys import NEVER, Authorization, SigningKey


@dataclass
class Thing:
    name: str
    owner: Shelf | None = None


@dataclass
class Shelf:
    things: dict[str, Thing] = field(default_factory=dict)
    newest: Thing | None = None
    numbers: itertools.count[int] = field(default_factory=itertools.count)
    added: asyncio.Event = field(default_factory=asyncio.Event)
    listener: Callable[[], None] = print
    open: bool = True


def filled() -> Shelf:
    shelf = Shelf()
    shelf.newest = shelf.things["cup"] = Thing("cup", shelf)
    return shelf


def test_a_thawed_state_is_a_copy_in_which_what_was_shared_is_shared_and_the_owner_is_the_one_that_is_there() -> None:
    shelf = filled()
    frozen = Frozen([Part(shelf)])
    cup = shelf.things.pop("cup")
    cup.name = "broken"
    frozen.thaw([Part(shelf)])
    assert shelf.things["cup"].name == "cup"
    assert shelf.things["cup"] is shelf.newest
    assert shelf.things["cup"].owner is shelf


def test_a_state_is_thawed_as_often_as_one_likes() -> None:
    shelf = filled()
    frozen = Frozen([Part(shelf)])
    frozen.thaw([Part(shelf)])
    shelf.things["cup"].name = "broken"
    frozen.thaw([Part(shelf)])
    assert shelf.things["cup"].name == "cup"


def test_parts_of_two_objects_share_what_they_shared() -> None:
    one, other = filled(), Shelf()
    other.newest = one.newest
    parts = [Part(one), Part(other)]
    Frozen(parts).thaw(parts)
    assert other.newest is one.newest


def test_functions_stay_counters_go_on_and_nobody_waits_for_an_event_of_before() -> None:
    shelf = filled()
    next(shelf.numbers)
    frozen = Frozen([Part(shelf)])
    added = shelf.added
    next(shelf.numbers)
    frozen.thaw([Part(shelf)])
    assert shelf.listener is print
    assert next(shelf.numbers) == 2
    assert shelf.added is not added
    assert isinstance(shelf.added, asyncio.Event)


def test_what_was_added_since_is_gone_and_what_is_left_out_stays() -> None:
    shelf = filled()
    frozen = Frozen([Part(shelf, but=("open",))])
    shelf.open = False
    vars(shelf)["lamp"] = "new"
    frozen.thaw([Part(shelf, but=("open",))])
    assert "lamp" not in vars(shelf)
    assert shelf.open is False


def test_named_attributes_alone_are_frozen() -> None:
    shelf = filled()
    frozen = Frozen([Part(shelf, only=("open",))])
    shelf.open = False
    shelf.things.clear()
    frozen.thaw([Part(shelf, only=("open",))])
    assert shelf.open
    assert shelf.things == {}


@pytest.mark.parametrize("part", [{"only": ("nam",)}, {"but": ("nam",)}])
def test_a_name_that_the_object_does_not_have_is_refused(part: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(AttributeError, match="has no nam"):
        Frozen([Part(filled(), **part)])


def test_what_is_no_data_is_refused_when_it_is_frozen() -> None:
    shelf = filled()
    vars(shelf)["stream"] = (number for number in range(3))
    with pytest.raises(TypeError, match="generator"):
        Frozen([Part(shelf)])


def test_a_signing_key_is_the_same_key_afterwards() -> None:
    shelf = filled()
    vars(shelf)["key"] = SigningKey()
    public = vars(shelf)["key"].public_pem()
    frozen = Frozen([Part(shelf)])
    vars(shelf)["key"] = SigningKey()
    frozen.thaw([Part(shelf)])
    assert vars(shelf)["key"].public_pem() == public
    assert vars(shelf)["key"].mint(Authorization.READ_ONLY, NEVER)
