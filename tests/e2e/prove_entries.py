"""``python -m tests.e2e.prove_entries [ENTRY]...``: prove the troubleshooting entries in a sandbox; print the table.

ENTRY may be another scenario that an entry explains, such as ``unexpected-response.cdn``. ``--pairs NUMBER``: two scenarios at once.
``--keep-lines``: the lines in which the messages were seen become those that tests/site/test_search.py pastes.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

from tests.conftest import ROOT
from tests.e2e.benches import healthy_bench
from tests.e2e.pairs import PairProof, candidates, drawn, prove_pair
from tests.e2e.proving import Proof, prove_states

from deploybook.guide.entries import PAGE, read_entries

HEAD = "entry | symptom seen | diagnosed first | false causes | fixed"
LINES = ROOT / "tests" / "site" / "seen_lines.json"


def main() -> int:
    """Prove each, or pairs; 1 if one does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("entries", nargs="*")
    parser.add_argument(
        "--pairs", type=int, default=0, help="prove so many pairs, drawn at random, instead of single entries"
    )
    parser.add_argument(
        "--keep-lines", action="store_true", help="keep the lines that were seen, for the test of the search"
    )
    parser.add_argument("-v", action="store_true", help="print what was told where an entry does not hold")
    options = parser.parse_args()
    if options.pairs:
        return _pairs(options.pairs)
    with healthy_bench() as bench:
        proofs: list[Proof] = []
        print(HEAD, flush=True)
        for name in options.entries or bench.entries:
            entry = bench.entries[name.partition(".")[0]]
            states = prove_states(bench, entry, [name] if "." in name else [])
            proofs += states
            _record(entry.id, all(proof.holds for proof in states))
            if options.keep_lines:
                _keep_lines(entry.id, {message: line for proof in states for message, line in proof.seen.items()})
            for proof in states:
                print(proof.row(), *[f"  not seen: {message}" for message in proof.unseen], sep="\n", flush=True)
                if options.v and not proof.holds:
                    print(proof.told)
    failed = [proof.state for proof in proofs if not proof.holds]
    _times(proofs)
    print(f"{len(proofs) - len(failed)} of {len(proofs)} states hold{': not ' * bool(failed)}{', '.join(failed)}")
    return 1 if failed else 0


def _pairs(number: int) -> int:
    """Pairs on one bench; a pair that does not hold may leave it broken, and the next one gets another."""
    names = candidates(read_entries(ROOT / PAGE))
    proofs: list[PairProof] = []
    waiting = drawn(names, number)
    while waiting:
        with healthy_bench() as bench:
            while waiting:
                proofs.append(prove_pair(bench, waiting.pop(0)))
                print(proofs[-1].row(), flush=True)
                if not proofs[-1].holds:
                    break
    ways = ", ".join(f"{way}: {times}" for way, times in Counter(proof.way for proof in proofs).items())
    holding = sum(proof.holds for proof in proofs)
    print(f"{holding} of {len(proofs)} pairs hold, of {math.comb(len(names), 2)} that there are ({ways})")
    return 0 if holding == len(proofs) else 1


def _record(entry: str, holds: bool) -> None:
    """Keep for the site when an entry was last proved, and at which commit."""
    path = ROOT / "build" / "proofs.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    known[entry] = {"at": at, "commit": commit.stdout.strip(), "holds": "yes" if holds else "no"}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _keep_lines(entry: str, seen: dict[str, str]) -> None:
    known = json.loads(LINES.read_text(encoding="utf-8")) if LINES.is_file() else {}
    known[entry] = seen
    LINES.write_text(json.dumps(known, indent=1, ensure_ascii=False, sort_keys=True) + "\n", encoding="utf-8")


def _times(proofs: list[Proof]) -> None:
    broken = [proof.broken_seconds for proof in proofs if proof.broken_seconds]
    mended = [proof.mended_seconds for proof in proofs]
    if broken:
        print(f"doctor, median: {statistics.median(mended):.1f} s healthy, {statistics.median(broken):.1f} s broken")


if __name__ == "__main__":
    sys.exit(main())
