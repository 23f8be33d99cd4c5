"""``python -m tests.e2e.cut_every_wire [TEXT]``: cut every wire (whose line contains TEXT) in a sandbox of its own; print what felt it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import launch_sandbox
from tests.e2e.wiring import ROOT, Stack, every_cut, feel
from tests.runbooks.conftest import Guide

SECTIONS = ("r2", "turso", "modal", "webhook_secret", "vercel", "render")


def main() -> int:
    """Provision, cut, print a line for each, and a count; 1 if a wire was cut and nothing felt it."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    sandbox = launch_sandbox()
    os.environ.update(sandbox.exports)
    unfelt = 0
    with tempfile.TemporaryDirectory() as name:
        guide = Guide(Path(name))
        (guide.root / "runbooks").symlink_to(ROOT / "runbooks")
        done = guide.run(
            "run", *SECTIONS, "--mode", "apply", "--yes", "-p", "git_repository", "example/studio", env=sandbox.exports
        )
        assert done.code == 0, done.output
        stack = Stack(guide.root, sandbox.exports)
        felt = stack.check()
        assert not felt.step, f"the whole stack fails at {felt.step}: {felt.message}"
        for cut in every_cut(stack.contract):
            if wanted in str(cut):
                began = time.monotonic()
                felt = feel(stack, cut)
                unfelt += not felt.step
                print(
                    f"{cut} | {felt.step or 'NOT FELT'} | {time.monotonic() - began:.0f} s | {felt.message}", flush=True
                )
        stack.clouds.close()
    sandbox.close()
    print(f"{unfelt} cuts were not felt")
    return 1 if unfelt else 0


if __name__ == "__main__":
    sys.exit(main())
