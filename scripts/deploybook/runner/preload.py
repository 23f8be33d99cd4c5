"""What the fork server imports once, for all workers and their kernels: importing it takes most of a short run's time."""

from __future__ import annotations

import importlib
import sys

# Optional there, slow to import, and of no use to a notebook: jsonschema's checker of IRIs builds a grammar for over a second, papermill
# reads notebooks from GitHub through PyGithub. None makes the import fail, which both take as: not installed.
for optional in ("rfc3987_syntax", "github"):
    sys.modules.setdefault(optional, None)  # type: ignore[arg-type]

for module in ("deploybook.runner.forked_kernel", "papermill"):
    importlib.import_module(module)
