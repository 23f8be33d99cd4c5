"""``python -m deploybook.clouds.modal.tied …``: the modal command line, ended with whoever started it.

It ends at once when its standard input closes: a deploy must not go on behind a run that was killed.
"""

from __future__ import annotations

import os
import threading


def _end_with_standard_input() -> None:
    # The descriptor itself: at its end the interpreter would wait for a thread that holds sys.stdin's buffer.
    while os.read(0, 4096):
        pass
    os._exit(1)


def main() -> None:
    """Run the modal command line with this process's arguments."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    from modal.__main__ import main as command_line

    command_line()


if __name__ == "__main__":
    main()
