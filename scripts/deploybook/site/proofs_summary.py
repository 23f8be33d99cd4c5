"""The last proofs of every kind, and of each troubleshooting entry, summed up for the status page."""

from __future__ import annotations

import datetime
from collections.abc import Mapping

from deploybook.guide.entries import PAGE, read_entries
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, folded, plain, table
from deploybook.proving.kinds import KINDS
from deploybook.proving.results import Tried, read_results, read_runs
from deploybook.site.proofs import read_proofs
from deploybook.site.verified import when

# More names than this are nothing for a table.
LISTED = 5


def proofs_of_every_kind(guide: Guide) -> str:
    """What was proved, when and where: a row for each kind, and the scenarios that did not hold at their last try."""
    rows = [_kind(guide, kind) for kind in KINDS]
    proved = "\n".join(f"- `{kind}`: {values.proves}" for kind, values in KINDS.items())
    listed = table(("Kind", "Hold at their last try", "Do not hold", "Latest run", "Where", "Commit"), rows)
    return f"{listed}\n\n{folded('What a scenario of each kind proves', proved)}"


def _kind(guide: Guide, kind: str) -> list[str]:
    tried, runs = read_results(guide.layout.root, kind), read_runs(guide.layout.root, kind)
    if not tried or not runs:
        return [code(kind), "– never tried here", "", "", "", ""]
    failed = [plain(name) for name, one in tried.items() if not one.holds]
    more = f" and {len(failed) - LISTED} more" if len(failed) > LISTED else ""
    run = runs[-1]
    where = f"{run.place}, {run.workers} at once, {run.seconds:.0f} s for {run.total}"
    holding = f"{len(tried) - len(failed)} of {len(tried)}"
    names = f"{', '.join(failed[:LISTED])}{more}" if failed else "none"
    return [
        code(kind),
        holding,
        names,
        when(datetime.datetime.fromisoformat(run.at)),
        plain(where),
        code(run.commit[:7]),
    ]


def proofs_summary(guide: Guide) -> str:
    """How many entries are proved, which are not, and the last try of each."""
    entries, proofs = read_entries(guide.layout.root / PAGE), read_proofs(guide)
    holding = [entry for entry in entries if entry in proofs and proofs[entry].holds]
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


def _last(entry: str, proofs: Mapping[str, Tried]) -> list[str]:
    proof = proofs.get(entry)
    if proof is None:
        return ["– never", "", ""]
    outcome = "✓&nbsp;held" if proof.holds else "✗ did not hold"
    return [outcome, when(datetime.datetime.fromisoformat(proof.at)), code(proof.commit[:7])]


def _links(entries: list[str]) -> str:
    return ", ".join(f"[{entry}](troubleshooting.md#{entry})" for entry in entries)
