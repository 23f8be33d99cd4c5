"""Speaks as ``deploybook`` does to the server, from a script of lines: a file beside it has what it received.

The words behind the program's name are noted, and the environment. Of the script's lines ``say`` prints one, ``ask`` prints one and waits
for an answer, ``echo`` says the latest answer back, ``wait`` waits until the process is told to stop.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from pathlib import Path
from typing import Any


def note(record: Path, received: dict[str, Any]) -> None:
    """Write down what the process received: whole or not at all, as somebody may read it meanwhile."""
    part = record.with_suffix(".part")
    part.write_text(json.dumps(received))
    part.replace(record)


def main() -> int:
    folder = Path(sys.argv[1])
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    script: dict[str, Any] = json.loads((folder / "script.json").read_text())
    record = folder / f"{script['record']}-{os.getpid()}.json"
    received: dict[str, Any] = {"words": sys.argv[2:], "environ": dict(os.environ), "pid": os.getpid(), "answers": []}
    for step in script["steps"]:
        note(record, received)
        match step["do"]:
            case "say":
                print(json.dumps(step["line"]), flush=True)
            case "ask":
                print(json.dumps({"kind": "question", **step["line"]}), flush=True)
                received["answers"].append(json.loads(sys.stdin.readline() or "null"))
            case "echo":
                said = {"kind": "outcome", "lines": [f"it was {received['answers'][-1]['answer']}"]}
                print(json.dumps(said), flush=True)
            case "noise":
                print(step["text"], flush=True)
            case "complain":
                print(step["text"], file=sys.stderr, flush=True)
            case "wait":
                stopped.wait(60)
                print(json.dumps({"kind": "run_done", "exit_code": 143}), flush=True)
            case "end":
                note(record, received)
                return int(step["code"])
    note(record, received)
    return 0


if __name__ == "__main__":
    sys.exit(main())
