"""What the fork server imports once, for all workers and their kernels: importing it takes most of a short run's time."""

from __future__ import annotations

import importlib
import sys

# jsonschema's checker of IRIs builds a grammar for over a second when it is imported; it is optional there, and no notebook has an IRI
# to be checked. None makes its import fail, which jsonschema takes as: not installed.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]

for module in ("deploybook.runner.forked_kernel", "papermill"):
    importlib.import_module(module)
