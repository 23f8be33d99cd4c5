"""``python -m tests.e2e.cut_every_wire [TEXT]``: cut every wire (whose line contains TEXT) in a sandbox of its own; print what felt it."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from tests.conftest import CONTRACT, launch_sandbox
from tests.e2e.unfelt import REASONS, comparison, named_by_the_comparison
from tests.e2e.wiring import ROOT, Cut, Stack, every_cut, feel
from tests.runbooks.conftest import Guide

SECTIONS = CONTRACT.all_predecessors("end_to_end")


def main() -> int:
    """Provision, cut, print a line for each, and a count; 1 if a wire was cut and nothing named it."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    sandbox = launch_sandbox()
    os.environ.update(sandbox.exports)
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
        cuts = [cut for cut in every_cut(stack.contract) if wanted in str(cut)]
        unfelt = [cut for cut in cuts if not told(stack, cut)]
        unnamed = [cut for cut in unfelt if not explained(guide, stack, cut)]
        stack.clouds.close()
    sandbox.close()
    print(
        f"{len(cuts)} cuts, {len(unfelt)} not felt, {len(unnamed)} of them neither explained nor named by the comparison"
    )
    return 1 if unnamed else 0


def told(stack: Stack, cut: Cut) -> bool:
    """Cut one wire and print which step felt it; whether one did."""
    began = time.monotonic()
    felt = feel(stack, cut)
    print(f"{cut} | {felt.step or 'NOT FELT'} | {time.monotonic() - began:.0f} s | {felt.message}", flush=True)
    return bool(felt.step)


def explained(guide: Guide, stack: Stack, cut: Cut) -> bool:
    """Print why a cut cannot be felt, and the line in which the comparison names its variable; whether there are both."""
    reason, line = REASONS.get(cut, ""), named_by_the_comparison(guide, stack, cut)
    print(f"{cut} | cannot be felt: {reason or 'NO REASON KNOWN'}", flush=True)
    print(f"{cut} | {comparison(cut)}: {line or 'DOES NOT NAME IT'}", flush=True)
    return bool(reason and line)


if __name__ == "__main__":
    sys.exit(main())
