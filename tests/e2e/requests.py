"""The writing requests of undisturbed runs, written down: scenarios have names before anything is provisioned.

``python -m tests.e2e.requests [SECTION]...`` writes them down anew. A scenario of each section finds out when that is due.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from pathlib import Path

from tests.e2e.crashes_point import Request
from tests.sandboxes import CONTRACT, launch_sandbox

FILE = Path(__file__).with_name("requests.json")
# Beside the sections: the runs of two clones.
CLONES = "clones"
# Beside a section's modes: the first request of each kind of its ``apply``, reading ones too.
EVERY = "every"

Modes = dict[str, list[Request]]


def recorded(runs: str) -> Modes:
    """The requests of a section's runs, by mode; of ``CLONES``, by what the clones begin with."""
    recordings = json.loads(FILE.read_text(encoding="utf-8"))
    return {mode: [_read(line) for line in requests] for mode, requests in recordings.get(runs, {}).items()}


def differences(recorded_requests: Iterable[Request], present: Iterable[Request]) -> list[str]:
    """Which kinds of requests a run has that are not written down, and the other way round; how many of a kind depends on its waits."""
    written, sent = ({request.kind: request for request in requests} for requests in (recorded_requests, present))
    missing, gone = sent.keys() - written.keys(), written.keys() - sent.keys()
    return sorted([*(f"{sent[kind]} is new" for kind in missing), *(f"{written[kind]} is gone" for kind in gone)])


def write_down(runs: str, modes: Mapping[str, Sequence[Request]]) -> None:
    """Replace the requests of some runs."""
    recordings = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    recordings[runs] = {mode: [_written(request) for request in requests] for mode, requests in modes.items()}
    ordered = {name: recordings[name] for name in (*CONTRACT.order(), CLONES) if name in recordings}
    FILE.write_text(json.dumps(ordered, indent=1) + "\n", encoding="utf-8")


def _written(request: Request) -> str:
    return " ".join(map(str, astuple(request)))


def _read(line: str) -> Request:
    service, method, path, nth = line.split(" ")
    return Request(service, method, path, int(nth))


def main(chosen: Sequence[str]) -> None:
    """Provision what is needed, and write down what its runs write."""
    from tests.e2e.crashes_world import World
    from tests.e2e.operators import BENCHES, Clones

    sandbox = launch_sandbox()
    try:
        for section in [slug for slug in CONTRACT.order() if not chosen or slug in chosen]:
            with tempfile.TemporaryDirectory() as name, World(sandbox, Path(name), section) as world:
                write_down(section, {**world.requests, EVERY: world.every_request()})
                print(f"{section}: {', '.join(f'{mode} {len(of)}' for mode, of in world.requests.items())}", flush=True)
        if not chosen or CLONES in chosen:
            written: Modes = {}
            for bench in BENCHES:
                with tempfile.TemporaryDirectory() as name, Clones(sandbox, Path(name), bench) as clones:
                    written[bench] = clones.own_requests()
                    print(f"{CLONES}, {bench}: {len(written[bench])}", flush=True)
            write_down(CLONES, written)
    finally:
        sandbox.close()


if __name__ == "__main__":
    main(sys.argv[1:])
