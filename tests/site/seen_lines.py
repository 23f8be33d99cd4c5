"""``python -m tests.site.seen_lines [ENTRY]...``: keep the lines in which ``deploybook prove entries`` saw the messages of entries.

Those of the latest tries, of all entries if none is named; ``test_search.py`` pastes them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence

from tests.sandboxes import ROOT

from deploybook.proving.results import read_results

LINES = ROOT / "tests" / "site" / "seen_lines.json"


def main(entries: Sequence[str]) -> None:
    """Keep them, and print of which entries."""
    tried = read_results(ROOT, "entries")
    lines = json.loads(LINES.read_text(encoding="utf-8"))
    chosen = [name for name in entries or tried if tried[name].holds and tried[name].data.get("seen")]
    lines |= {name: tried[name].data["seen"] for name in chosen}
    LINES.write_text(json.dumps(lines, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")
    print(f"kept: {', '.join(chosen)}")


if __name__ == "__main__":
    main(sys.argv[1:])
