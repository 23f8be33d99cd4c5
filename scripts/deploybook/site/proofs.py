"""When each troubleshooting entry was last proved, from what ``deploybook prove entries`` keeps."""

from __future__ import annotations

import re

from deploybook.guide.entries import HEADING, PAGE
from deploybook.guide.guide import Guide
from deploybook.proving.results import Tried, read_results


def with_proofs(text: str, guide: Guide, path: str) -> str:
    """The troubleshooting page with a line under each entry that was proved; any other page as it is."""
    if path != PAGE:
        return text
    proofs = read_proofs(guide)

    def told(heading: re.Match[str]) -> str:
        proof = proofs.get(heading["id"])
        return f"{heading[0]}\n\n{_line(proof)}" if proof else heading[0]

    return HEADING.sub(told, text)


def read_proofs(guide: Guide) -> dict[str, Tried]:
    """The last try of each entry that was ever tried."""
    return read_results(guide.layout.root, "entries")


def _line(proof: Tried) -> str:
    at = f"{proof.at[:16].replace('T', ' ')} UTC, commit `{proof.commit[:8]}`"
    if proof.holds:
        return f"_Proved {at}: made, seen as written, diagnosed, fixed as written._{{ .db-proof }}"
    return f"_**Not proved** at the last try, {at}: do not rely on it._{{ .db-proof }}"
