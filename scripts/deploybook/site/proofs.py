"""When each troubleshooting entry was last proved, from ``build/proofs.json``, which ``python -m tests.e2e.prove_entries`` writes."""

from __future__ import annotations

import json
import re

from deploybook.guide.entries import HEADING, PAGE
from deploybook.guide.guide import Guide


def with_proofs(text: str, guide: Guide, path: str) -> str:
    """The troubleshooting page with a line under each entry that was proved; any other page as it is."""
    if path != PAGE:
        return text
    proofs = read_proofs(guide)

    def told(heading: re.Match[str]) -> str:
        proof = proofs.get(heading["id"])
        return f"{heading[0]}\n\n{_line(proof)}" if proof else heading[0]

    return HEADING.sub(told, text)


def read_proofs(guide: Guide) -> dict[str, dict[str, str]]:
    """The last try of each entry that was ever tried: when (``at``), at which ``commit``, and whether it ``holds`` (yes or no)."""
    path = guide.layout.root / "build" / "proofs.json"
    if not path.is_file():
        return {}
    proofs: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return proofs


def _line(proof: dict[str, str]) -> str:
    at = f"{proof['at'][:16].replace('T', ' ')} UTC, commit `{proof['commit'][:8]}`"
    if proof["holds"] == "yes":
        return f"_Proved {at}: made, seen as written, diagnosed, fixed as written._{{ .db-proof }}"
    return f"_**Not proved** at the last try, {at}: do not rely on it._{{ .db-proof }}"
