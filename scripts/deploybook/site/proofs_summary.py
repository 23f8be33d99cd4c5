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
    held = [each for each in entries if each in proofs and proofs[each]["holds"] == "yes"]
    failed = [each for each in entries if each in proofs and each not in held]
    never = [each for each in entries if each not in proofs]
    told = [f"**{len(held)} of {len(entries)}** entries held at their last try."]
    told += [f"Not proved at the last try: {_links(failed)}."] if failed else []
    told += [f"Never tried here: {_links(never)}."] if never and proofs else []
    told += ["None was tried here yet."] if not proofs else []
    rows = [[f"[{entry.title}](troubleshooting.md#{each})", *_last(each, proofs)] for each, entry in entries.items()]
    listed = table(("Entry", "Last try", "When", "Commit"), rows)
    return f"{' '.join(told)}\n\n{folded('The last try of each', listed)}"


def _last(entry: str, proofs: Mapping[str, Mapping[str, str]]) -> list[str]:
    proof = proofs.get(entry)
    if proof is None:
        return ["– never", "", ""]
    outcome = "✓&nbsp;held" if proof["holds"] == "yes" else "✗ did not hold"
    return [outcome, when(datetime.datetime.fromisoformat(proof["at"])), code(proof["commit"][:7])]


def _links(entries: list[str]) -> str:
    return ", ".join(f"[{entry}](troubleshooting.md#{entry})" for entry in entries)
