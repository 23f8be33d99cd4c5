"""A plot of durations as SVG in the page: one bar for each run, oldest first. It needs no script, and takes the page's colours."""

from __future__ import annotations

import html
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

HEIGHT, LEFT, TOP, BOTTOM = 200, 44, 22, 28
# Between a bar's left edge and the next one's.
WIDEST, NARROWEST, LEAST_WIDTH = 40, 9, 320
# How many lines there are at most, above the one at zero.
MOST = 4


@dataclass(frozen=True)
class Bar:
    """One run: its seconds, whether it passed, its title, and the day below it."""

    seconds: float
    passed: bool
    title: str
    day: str


def durations(bars: Sequence[Bar], title: str, description: str) -> str:
    """The plot of at least one run; one that failed is hatched and has a ✗ above it. ``told`` says in words what is seen."""
    pitch = max(NARROWEST, min(WIDEST, 640 / len(bars)))
    width = max(LEAST_WIDTH, math.ceil(LEFT + pitch * len(bars)) + 8)
    longest = max(bar.seconds for bar in bars)
    step = _step(longest)
    lines = max(1, math.ceil(longest / step))
    parts = [
        f'<svg class="db-plot" role="img" aria-labelledby="db-plot-title" aria-describedby="db-plot-told" '
        f'width="{width}" height="{TOP + HEIGHT + BOTTOM}" viewBox="0 0 {width} {TOP + HEIGHT + BOTTOM}">',
        f'<title id="db-plot-title">{html.escape(title)}</title><desc id="db-plot-told">{html.escape(description)}</desc>',
        '<defs><pattern id="db-hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
        '<line x1="0" y1="0" x2="0" y2="6"/></pattern></defs>',
        *_grid(step, lines, width),
        *(_bar(bar, LEFT + pitch * number, pitch, step * lines) for number, bar in enumerate(bars)),
        *_days(bars, pitch),
        "</svg>",
    ]
    return "".join(parts)


def _step(longest: float) -> float:
    """The distance of two lines: 1, 2, 2.5 or 5 times a power of ten, so that MOST of them hold the longest."""
    least = max(longest, 0.001) / MOST
    power = 10.0 ** math.floor(math.log10(least))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= least)


def _grid(step: float, lines: int, width: int) -> Iterator[str]:
    for number in range(lines + 1):
        y = _y(number, lines)
        yield f'<line class="db-grid" x1="{LEFT}" x2="{width}" y1="{y:.1f}" y2="{y:.1f}"/>'
        yield f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{step * number:g} s</text>'


def _bar(bar: Bar, x: float, pitch: float, top: float) -> str:
    y = _y(bar.seconds, top)
    kind, fill = ("db-bar", "") if bar.passed else ("db-bar-failed", ' fill="url(#db-hatch)"')
    middle = x + pitch / 2
    mark = "" if bar.passed else f'<text x="{middle:.1f}" y="{y - 4:.1f}" text-anchor="middle">✗</text>'
    shape = (
        f'<rect{fill} x="{x + pitch * 0.1:.1f}" y="{y:.1f}" width="{pitch * 0.8:.1f}" height="{_y(0, top) - y:.1f}"/>'
    )
    return f'<g class="{kind}"><title>{html.escape(bar.title)}</title>{shape}{mark}</g>'


def _days(bars: Sequence[Bar], pitch: float) -> Iterator[str]:
    """The first and the last day."""
    y = TOP + HEIGHT + 18
    yield f'<text x="{LEFT}" y="{y}">{html.escape(bars[0].day)}</text>'
    if bars[-1].day != bars[0].day:
        yield f'<text x="{LEFT + pitch * len(bars):.1f}" y="{y}" text-anchor="end">{html.escape(bars[-1].day)}</text>'


def _y(seconds: float, top: float) -> float:
    return TOP + HEIGHT * (1 - seconds / top)
