"""The last proofs of the troubleshooting entries, summed up for the status page."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from deploybook.guide.entries import PAGE, read_entries
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, folded, table
from deploybook.site.proofs import read_proofs
from deploybook.site.verified import when


def proofs_summary(guide: Guide) -> str:
    """How many entries are proved, which are not, and the last try of each."""
    entries, proofs = read_entries(guide.layout.root / PAGE), read_proofs(guide)
    holding = [entry for entry in entries if entry in proofs and proofs[entry]["holds"] == "yes"]
    failed = [entry for entry in entries if entry in proofs and entry not in holding]
    never = [entry for entry in entries if entry not in proofs]
    sentences = [f"**{len(holding)} of {len(entries)}** entries held at their last try."]
    sentences += [f"Not proved at the last try: {_links(failed)}."] if failed else []
    sentences += [f"Never tried here: {_links(never)}."] if never and proofs else []
    sentences += ["None was tried here yet."] if not proofs else []
    rows = [
        [f"[{entry.title}](troubleshooting.md#{entry_id})", *_last(entry_id, proofs)]
        for entry_id, entry in entries.items()
    ]
    listed = table(("Entry", "Last try", "When", "Commit"), rows)
    return f"{' '.join(sentences)}\n\n{folded('The last try of each', listed)}"


def _last(entry: str, proofs: Mapping[str, Mapping[str, str]]) -> list[str]:
    proof = proofs.get(entry)
    if proof is None:
        return ["– never", "", ""]
    outcome = "✓&nbsp;held" if proof["holds"] == "yes" else "✗ did not hold"
    return [outcome, when(datetime.datetime.fromisoformat(proof["at"])), code(proof["commit"][:7])]


def _links(entries: list[str]) -> str:
    return ", ".join(f"[{entry}](troubleshooting.md#{entry})" for entry in entries)
