"""``python -m deploybook``, and the console script: the command line, with nothing imported where Ctrl-C is not answered yet."""

from __future__ import annotations

import sys


def main() -> None:
    """Import the command line and run it. The import takes a moment, in which Ctrl-C shows one line as it does later."""
    try:
        from deploybook.cli import main as run
    except KeyboardInterrupt:
        print("\nstopped before anything was started", file=sys.stderr)
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
