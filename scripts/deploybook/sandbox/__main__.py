"""``python -m deploybook.sandbox``: the sandbox as a process of its own; ``deploybook sandbox`` is the same for a person."""

from __future__ import annotations

import argparse
import asyncio
from pathlib import Path

from deploybook.sandbox.host import REGISTRY, run


def main() -> None:
    """Parse the flags and run until told to stop."""
    parser = argparse.ArgumentParser(prog="deploybook.sandbox", description=__doc__)
    parser.add_argument("--only", nargs="*", default=[], metavar="SERVICE", choices=list(REGISTRY))
    parser.add_argument("--announce", default="json", choices=["exports", "json"])
    parser.add_argument("--owned", action="store_true", help="end when standard input closes")
    parser.add_argument("--app", type=Path, help="the application that runs in the sandbox; default: the sample")
    options = parser.parse_args()
    asyncio.run(run(only=options.only, announce=options.announce, owned=options.owned, app=options.app))


if __name__ == "__main__":
    main()
