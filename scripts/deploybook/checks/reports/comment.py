"""The end that the modules for workflows share: the text in its file, or the error as the command line tells it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from deploybook.errors import DeploybookError


def post(make: Callable[[], str], out: Path) -> None:
    """Write what ``make`` returns, and its folder if it is not there; an error of ours ends the process with its exit code."""
    try:
        text = make()
    except DeploybookError as error:
        print("\n".join([f"error: {error}", *error.lines()[1:]]), file=sys.stderr)
        sys.exit(error.exit_code)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
