"""How scenarios are cut into shards and pieces: each is proved once, and a bench is set up seldom."""

from __future__ import annotations

import pytest

from deploybook.proving.scenarios import Chunk, Scenario, chunks, shard, without

EVERY = [
    Scenario(f"{bench} {number}", bench) for bench, size in (("a", 5), ("b", 11), ("c", 1)) for number in range(size)
]


@pytest.mark.parametrize("of", [1, 2, 3, 10, 40])
def test_the_shards_have_each_scenario_once_and_are_as_equal_as_can_be(of: int) -> None:
    parts = [shard(EVERY, number, of) for number in range(1, of + 1)]
    assert [scenario for part in parts for scenario in part] == EVERY
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


@pytest.mark.parametrize("workers", [1, 2, 8, 100])
def test_the_pieces_have_each_scenario_once_and_one_bench_each(workers: int) -> None:
    pieces = chunks(EVERY, workers)
    assert [scenario for piece in pieces for scenario in piece.scenarios] == EVERY
    assert all({scenario.bench for scenario in piece.scenarios} == {piece.bench} for piece in pieces)
    assert len(pieces) >= min(workers, len(EVERY))


def test_no_scenarios_are_no_pieces() -> None:
    assert chunks([], 4) == []


def test_what_is_left_of_a_piece_is_what_was_not_proved() -> None:
    piece = Chunk(tuple(EVERY[:3]))
    unproved = without(piece, ["a 1"])
    assert unproved is not None
    assert [scenario.name for scenario in unproved.scenarios] == ["a 0", "a 2"]
    assert without(piece, ["a 0", "a 1", "a 2"]) is None
