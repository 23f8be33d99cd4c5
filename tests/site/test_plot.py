from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from deploybook.site.plot import BOTTOM, HEIGHT, LEFT, TOP, Bar, durations


def plot(*seconds: float, failed: int = -1) -> ElementTree.Element:
    bars = [
        Bar(duration, number != failed, f"run {number} <&>", f"{number + 1} May 2026")
        for number, duration in enumerate(seconds)
    ]
    return ElementTree.fromstring(durations(bars, "Durations", "In words & numbers"))  # noqa: S314 - made here


def heights(root: ElementTree.Element) -> list[float]:
    return [float(element.get("height", "")) for element in root.iter("rect")]


def test_a_bar_is_as_high_as_its_run_was_long() -> None:
    one, two, three = heights(plot(10, 20, 40))
    assert two / one == pytest.approx(2, rel=0.01)
    assert three / one == pytest.approx(4, rel=0.01)


@pytest.mark.parametrize(
    ("longest", "highest"), [(41.3, "60 s"), (40, "40 s"), (0.7, "0.8 s"), (1000, "1000 s"), (9.9, "10 s")]
)
def test_the_highest_line_is_above_the_longest_run_and_round(longest: float, highest: str) -> None:
    root = plot(longest / 2, longest)
    lines = [element.text for element in root.iter("text") if (element.text or "").endswith(" s")]
    assert lines[0] == "0 s"
    assert lines[-1] == highest
    assert len(lines) <= 6
    assert max(heights(root)) <= HEIGHT


def test_a_failed_run_is_shown_by_a_sign_and_by_hatching() -> None:
    root = plot(10, 20, failed=1)
    passed, failed = (element for element in root.iter("g"))
    assert "✗" not in "".join(passed.itertext())
    assert "✗" in "".join(failed.itertext())
    assert [element.get("fill") for element in root.iter("rect")] == [None, "url(#db-hatch)"]


def test_it_has_a_name_and_describes_each_bar_in_words() -> None:
    root = plot(10, 20)
    assert root.findtext("title") == "Durations"
    assert root.findtext("desc") == "In words & numbers"
    assert [element.findtext("title") for element in root.iter("g")] == ["run 0 <&>", "run 1 <&>"]


@pytest.mark.parametrize("number", [1, 2, 60])
def test_every_bar_stands_inside_the_plot_and_beside_the_others(number: int) -> None:
    root = plot(*[10.0] * number)
    width, height = float(root.get("width", "")), float(root.get("height", ""))
    edges = [(float(element.get("x", "")), float(element.get("width", ""))) for element in root.iter("rect")]
    assert len(edges) == number
    assert edges[0][0] >= LEFT
    assert all(start + wide <= after for (start, wide), (after, _) in pairwise(edges))
    assert sum(edges[-1]) <= width
    # A page's column at a desk, so that nobody has to scroll there.
    assert width <= 700
    assert height == TOP + HEIGHT + BOTTOM


def test_the_first_and_the_last_day_stand_below_it() -> None:
    days = re.compile(r"\d May 2026")
    assert [element.text for element in plot(1, 2, 3).iter("text") if days.fullmatch(element.text or "")] == [
        "1 May 2026",
        "3 May 2026",
    ]
