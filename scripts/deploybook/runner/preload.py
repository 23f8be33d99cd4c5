"""What the fork server imports once, for all workers and their kernels: importing it takes most of a short run's time."""

from __future__ import annotations

import importlib
import signal
import sys

# Ctrl-C, the end of a terminal and that of a service reach every process of the run: the runner alone answers them. It started this
# one with them blocked, and its end is this one's.
IGNORED = {signal.SIGINT, signal.SIGTERM, signal.SIGHUP}
for number in IGNORED:
    signal.signal(number, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_UNBLOCK, IGNORED)

# Optional there, slow to import, and of no use to a notebook: jsonschema's checker of IRIs builds a grammar for over a second, papermill
# reads notebooks from GitHub through PyGithub. None makes the import fail, which both take as: not installed.
for optional in ("rfc3987_syntax", "github"):
    sys.modules.setdefault(optional, None)  # type: ignore[arg-type]

for module in ("deploybook.runner.forked_kernel", "papermill"):
    importlib.import_module(module)
