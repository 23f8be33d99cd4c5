"""``python -m deploybook.sandbox.modal.backend.container SPECIFICATION``: become a container.

Stays on loopback, checks the bucket mounts as the platform would, and gives the process to Modal's own runtime.
"""

from __future__ import annotations

import importlib.util
import json
import runpy
import sys
from pathlib import Path

from deploybook.sandbox.modal.backend.container.mounts import MountFailed, check
from deploybook.sandbox.modal.backend.container.network import stay_on_loopback

STAND_IN = Path(__file__).with_name("stand_in")


def main(specification: Path) -> None:
    """Prepare the process as its image would be, then run the container."""
    spec = json.loads(specification.read_text())
    specification.unlink()
    stay_on_loopback(spec["hosts"])
    if not spec["fastapi"]:
        # As in an image that does not install it.
        sys.modules["fastapi"] = None  # type: ignore[assignment]
    elif importlib.util.find_spec("fastapi") is None:
        sys.path.append(str(STAND_IN))
    for mount in spec["mounts"]:
        try:
            check(mount)
        except MountFailed as failure:
            sys.exit(str(failure))
    sys.path.insert(0, spec["root"])
    sys.argv = ["modal-container"]
    runpy.run_module("modal._container_entrypoint", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
