"""``python -m tests.checks.own_package ROOT``: runs a tree's own package on it, and prints the rules that find something, one a line.

What is read by a person is left out. A change of the package shows in what the package says of itself: the rule that asks it, the
reference that it generates.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.checks.trees import tree_at

from deploybook.checks.rules.review import REVIEWED
from deploybook.checks.static import RULES, check

OURS = Path(__file__).parents[2]


def rules_of(root: Path) -> set[str]:
    """The rules that find something in the tree below ``root``, found by a process that runs that tree's own package."""
    path = os.pathsep.join([str(root / "scripts"), str(OURS)])
    completed = subprocess.run(
        [sys.executable, "-m", "tests.checks.own_package", str(root)],
        env=os.environ | {"PYTHONPATH": path},
        cwd=OURS,
        capture_output=True,
        text=True,
        check=False,
    )
    # A package that does not even start is found, too.
    return set(completed.stdout.split()) if completed.returncode == 0 else {"package-starts"}


if __name__ == "__main__":
    for rule in {
        finding.rule for finding in check(tree_at(Path(sys.argv[1])), [rule for rule in RULES if rule is not REVIEWED])
    }:
        print(rule)
