"""``python -m deploybook.serve.lab …``: JupyterLab, ended with whoever started it.

It ends, and its kernels with it, when its standard input closes: what runs its user's code must not outlive the server that started it.
"""

from __future__ import annotations

import os
import signal
import threading


def _end_with_standard_input() -> None:
    while os.read(0, 4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def main() -> None:
    """Run JupyterLab with this process's arguments."""
    threading.Thread(target=_end_with_standard_input, daemon=True).start()
    from jupyterlab.labapp import main as lab

    lab()


if __name__ == "__main__":
    main()
