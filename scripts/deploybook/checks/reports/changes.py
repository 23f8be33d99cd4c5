"""What a pull request changes in the guide, as the Markdown of one comment.

``python -m deploybook.checks.reports.changes --since COMMIT [--before RUNS] --out FILE``: the last dry run beside that in ``RUNS``, the
troubleshooting entries beside those of ``COMMIT``, and the files that differ.
"""

from __future__ import annotations

import argparse
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deploybook.checks.reports.comment import post
from deploybook.errors import InvalidValue
from deploybook.guide.entries import PAGE, parse_entries
from deploybook.guide.evidence import Evidence, latest
from deploybook.guide.markdown import code, fenced, table
from deploybook.layout import Layout, find_layout

# What the guide is made of.
TOLD_IN = ("docs", "runbooks")
NONE = "–"


def text(layout: Layout, since: str, before: Path | None) -> str:
    """The whole comment. Raises InvalidValue for a commit that is not there."""
    earlier = latest(before) if before else {}
    parts = [
        "## What this changes in the guide",
        "### The dry run",
        *_of_runs(earlier, latest(layout.runs)),
        "### Troubleshooting entries",
        _of_entries(_git(layout, "show", f"{since}:{PAGE}"), (layout.root / PAGE).read_text(encoding="utf-8")),
        "### Files",
        _of_files(_git(layout, "diff", "--stat=100", since, "--", *TOLD_IN)),
    ]
    return "\n\n".join(part.rstrip() for part in parts) + "\n"


def _of_runs(earlier: Mapping[str, Evidence], now: Mapping[str, Evidence]) -> Iterator[str]:
    slugs = [*now, *(slug for slug in earlier if slug not in now)]
    if not slugs:
        yield "Nothing was run."
        return
    rows = [_row(slug, earlier.get(slug), now.get(slug)) for slug in slugs]
    yield table(("Section", "Result", "Checks that held", "Seconds"), rows)
    if not earlier:
        yield "There is no earlier run of the base branch to compare with."
    yield from (f"**{slug}** {one.status}: {code(one.error)}" for slug, one in now.items() if one.error)


def _row(slug: str, earlier: Evidence | None, now: Evidence | None) -> list[str]:
    sides = (earlier, now)
    results = [side.status if side else NONE for side in sides]
    counts = [f"{side.passed} of {side.tested}" if side else NONE for side in sides]
    seconds = [f"{side.seconds:.1f}" if side else NONE for side in sides]
    if earlier is None:
        return [code(slug), results[1], counts[1], seconds[1]]
    return [code(slug), _both(results), _both(counts), _both(seconds)]


def _both(sides: Sequence[str]) -> str:
    return sides[1] if sides[0] == sides[1] else f"{sides[0]} → **{sides[1]}**"


def _of_entries(earlier: str, now: str) -> str:
    before, after = parse_entries(earlier), parse_entries(now)
    sections = {
        "New": [name for name in after if name not in before],
        "Changed": [name for name in after if name in before and after[name] != before[name]],
        "Gone": [name for name in before if name not in after],
    }
    lines = [f"- {word}: {', '.join(code(name) for name in names)}" for word, names in sections.items() if names]
    return "\n".join(lines) or f"None of {len(after)}."


def _of_files(stat: str) -> str:
    return fenced("text", stat) if stat.strip() else "None of `docs/` and `runbooks/`."


def _git(layout: Layout, *arguments: str) -> str:
    completed = subprocess.run(
        ["git", *arguments], cwd=layout.root, capture_output=True, text=True, encoding="utf-8", check=False
    )
    if completed.returncode:
        raise InvalidValue(
            f"git {' '.join(arguments[:2])} failed: {completed.stderr.strip()}.", "Check out with the base's commit."
        )
    return completed.stdout


def main(arguments: Sequence[str] | None = None) -> None:
    """The module's command line."""
    reader = argparse.ArgumentParser(prog="python -m deploybook.checks.reports.changes", description=__doc__)
    reader.add_argument("--since", required=True, help="the commit that is compared with")
    reader.add_argument("--before", type=Path, help="the runs of the base branch")
    reader.add_argument("--out", type=Path, required=True, help="where the text is written")
    options = reader.parse_args(arguments)
    post(lambda: text(find_layout(), options.since, options.before), options.out)


if __name__ == "__main__":
    main()
