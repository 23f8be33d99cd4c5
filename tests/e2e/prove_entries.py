"""``python -m tests.e2e.prove_entries [--pairs NUMBER] [ENTRY]...``: prove the troubleshooting entries in a sandbox; print the table."""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import time
from datetime import UTC, datetime

from tests.conftest import ROOT
from tests.e2e.benches import healthy_bench
from tests.e2e.proving import AT_THE_COMMAND, Bench, Proof, prove

HEAD = "entry | symptom seen | diagnosed first | false causes | fixed"
SEED = 20


def main() -> int:
    """Prove each, or pairs; 1 if one does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("entries", nargs="*")
    parser.add_argument(
        "--pairs", type=int, default=0, help="prove so many pairs, drawn at random, instead of single entries"
    )
    parser.add_argument("-v", action="store_true", help="print what was told where an entry does not hold")
    options = parser.parse_args()
    with healthy_bench() as bench:
        if options.pairs:
            return _pairs(bench, options.pairs)
        chosen = options.entries or list(bench.entries)
        proofs: list[Proof] = []
        print(HEAD, flush=True)
        for name in chosen:
            proof = prove(bench, bench.entries[name])
            proofs.append(proof)
            print(proof.row(), *[f"  not seen: {each}" for each in proof.unseen], sep="\n", flush=True)
            if options.v and not proof.holds:
                print(proof.told)
    _record(proofs)
    failed = [proof.entry for proof in proofs if not proof.holds]
    _times(proofs)
    print(f"{len(proofs) - len(failed)} of {len(proofs)} entries hold{': not ' * bool(failed)}{', '.join(failed)}")
    return 1 if failed else 0


def _pairs(bench: Bench, number: int) -> int:
    """Two troubles at once: both are named, or one, and the other once that is mended."""
    single = [entry for entry in bench.entries.values() if AT_THE_COMMAND not in entry.marks]
    every = [(one, two) for one in single for two in single if one.id < two.id]
    drawn = random.Random(SEED).sample(every, min(number, len(every)))  # noqa: S311 - a sample, no secret
    lost = 0
    for pair in drawn:
        began = time.monotonic()
        for entry in pair:
            bench.make(entry.id)
        named: list[str] = []
        for _ in range(4):
            found = bench.causes(bench.examine())
            named += [cause.entry.id for cause in found]
            if not found:
                break
            bench.mend(found[0].entry)
        wanted = {entry.id for entry in pair}
        holds = wanted == set(named) and not found
        lost += not holds
        told = " → ".join(named)
        print(
            f"{' + '.join(sorted(wanted))} | {told} | {'yes' if holds else 'NO'} | {time.monotonic() - began:.0f} s",
            flush=True,
        )
    print(f"{len(drawn) - lost} of {len(drawn)} pairs (of {len(every)}) were both named")
    return 1 if lost else 0


def _record(proofs: list[Proof]) -> None:
    """Keep for the site when each entry was last proved, and at which commit."""
    path = ROOT / "build" / "proofs.json"
    known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    commit = subprocess.run(["git", "-C", str(ROOT), "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    at = datetime.now(UTC).isoformat(timespec="seconds")
    for proof in proofs:
        known[proof.entry] = {"at": at, "commit": commit.stdout.strip(), "holds": "yes" if proof.holds else "no"}
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def _times(proofs: list[Proof]) -> None:
    broken = [proof.broken_seconds for proof in proofs if proof.broken_seconds]
    mended = [proof.mended_seconds for proof in proofs]
    if broken:
        print(f"doctor, median: {statistics.median(mended):.1f} s healthy, {statistics.median(broken):.1f} s broken")


if __name__ == "__main__":
    sys.exit(main())
