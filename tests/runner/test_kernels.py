"""Kernels of a live run, for real: each knows its own section's credentials alone, and leaves nothing behind, however its run ends."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from tests.conftest import ROOT, without_operator
from tests.runbooks.conftest import COMMAND
from tests.waiting import PATIENCE_SECONDS, until

from deploybook.runner import kernel_folder

CANARY = "canary0123456789abcdef"
HOSTILE = "\\x1b]52;c;aGk=\\x07\\x1b[2Jraw\\x1b[31m"
PROBE = f"""
import os, pathlib
own = pathlib.Path("/proc/self/environ").read_bytes().decode(errors="replace")
parent = pathlib.Path(f"/proc/{{os.getppid()}}/environ").read_bytes().decode(errors="replace")
print(sorted(name for name, value in os.environ.items() if "{CANARY}" in value))
print("in /proc:", [line.partition("=")[0] for line in (own + parent).split(chr(0)) if "{CANARY}" in line])
rb.note("{HOSTILE}")
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="k-") as name:
        yield Path(name)


def checkout(root: Path, cell: str, section: str = "webhook_secret") -> Path:
    """A checkout whose runbook of one section has a cell more, right before its end."""
    shutil.copytree(ROOT / "runbooks", root / "runbooks", ignore=shutil.ignore_patterns("__pycache__"))
    path = root / "runbooks" / f"{section}.ipynb"
    book = nbformat.read(path, as_version=4)
    book.cells.insert(-1, nbformat.v4.new_code_cell(cell, id="probe"))
    nbformat.write(book, path)
    return root


def operators_home(root: Path) -> Path:
    """A home folder in which IPython is told to do something at each start."""
    startup = root / "home" / ".ipython" / "profile_default" / "startup"
    startup.mkdir(parents=True)
    (startup / "00.py").write_text("raise SystemExit('the operator has IPython do this')\n")
    return root / "home"


def start(root: Path, temporary: Path, *arguments: str, **environ: str) -> subprocess.Popen[str]:
    own = {"DEPLOYBOOK_HOME": str(root), "TMPDIR": str(temporary)}
    return subprocess.Popen(
        [COMMAND, "run", "webhook_secret", *arguments],
        env=without_operator(os.environ) | own | environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_a_kernel_gets_its_sections_credentials_and_output_is_clean(tmp_path: Path, temporary: Path) -> None:
    root = checkout(tmp_path, PROBE)
    credentials = ("GITHUB_TOKEN", "CLOUDFLARE_API_TOKEN", "TURSO_API_TOKEN", "AWS_SECRET_ACCESS_KEY", "VERCEL_TOKEN")
    environ = dict.fromkeys((*credentials, "IMPORTED"), CANARY) | {"HOME": str(operators_home(tmp_path))}
    with start(root, temporary, "--mode", "apply", "--yes", **environ) as process:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0, output
    [copy] = (root / "build" / "runs").glob("*/webhook_secret.ipynb")
    [probe] = [cell for cell in json.loads(copy.read_text())["cells"] if cell["id"] == "probe"]
    printed = "".join(text for output in probe["outputs"] for text in output.get("text", []))
    assert printed == "['IMPORTED']\nin /proc: []\n"
    assert "raw" in output
    for text in (output, *(path.read_text() for path in copy.parent.iterdir())):
        assert "\x1b" not in text
        assert "\\u001b" not in text.replace(json.dumps(PROBE)[1:-1], "")
    assert list(temporary.iterdir()) == []


def test_a_disk_without_room_and_a_home_that_cannot_be_written_end_in_one_sentence(
    tmp_path: Path, temporary: Path
) -> None:
    root = checkout(tmp_path, "pass")
    # No file may be longer than 4 kB: the executed copy would be. Python itself would leave modules cut off in its cache.
    command = ["bash", "-c", 'ulimit -f 4; exec "$@"', "-", COMMAND, "run", "webhook_secret", "--mode", "plan"]
    own = {"DEPLOYBOOK_HOME": str(root), "TMPDIR": str(temporary), "HOME": "/proc/home", "PYTHONDONTWRITEBYTECODE": "1"}
    completed = subprocess.run(
        command,
        env=without_operator(os.environ) | own,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert completed.returncode == 7, completed.stdout + completed.stderr
    assert "webhook_secret: This machine does not let deploybook use " in completed.stdout
    assert "File too large" in completed.stdout
    assert "Traceback" not in completed.stdout + completed.stderr
    [report] = (root / "build" / "runs").glob("*/report.json")
    assert json.loads(report.read_text())["sections"][0]["error"]["type"] == "MachineFault"
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("killed", ["the run", "the worker"])
def test_a_killed_run_leaves_no_connection_file(tmp_path: Path, temporary: Path, killed: str) -> None:
    cell = "import os, time; open('~', 'w').write(str(os.getppid())); os.rename('~', 'started'); time.sleep(600)"
    root = checkout(tmp_path, cell)
    started = root / "runbooks" / "started"
    with start(root, temporary) as process:
        until(started.exists, "the start of the cell")
        assert list(temporary.glob("deploybook-kernel-*/kernel.json"))
        os.kill(process.pid if killed == "the run" else int(started.read_text()), signal.SIGKILL)
        if killed == "the worker":
            process.communicate(timeout=PATIENCE_SECONDS)
    until(lambda: not list(temporary.iterdir()), "an empty folder")


def test_a_signal_stops_a_section_before_its_next_request_and_is_reported(tmp_path: Path, temporary: Path) -> None:
    cell = "import time; open('started', 'w')\nwhile True:\n http.refuse_after_stop()\n time.sleep(0.05)"
    root = checkout(tmp_path, f"from deploybook import http; {cell}")
    with start(root, temporary) as process:
        until((root / "runbooks" / "started").exists, "the start of the cell")
        process.terminate()
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 143, output
    assert "Traceback" not in output
    assert "\nstopping after the requests that are under way; once more (Ctrl-C) stops at once\n" in output
    [report] = (root / "build" / "runs").glob("*/report.json")
    written = json.loads(report.read_text())
    assert written["status"] == "stopped"
    assert written["signal"] == signal.SIGTERM
    assert written["sections"][0]["error"]["message"] == "The webhook_secret runbook was stopped by a signal."
    assert list(temporary.iterdir()) == []


def test_ctrl_c_while_processes_still_start_is_one_line_and_no_traceback_of_another(
    tmp_path: Path, temporary: Path
) -> None:
    root = checkout(tmp_path, "pass")
    own = {"DEPLOYBOOK_HOME": str(root), "TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [COMMAND, "run", "webhook_secret", "--mode", "plan"],
        env=without_operator(os.environ) | own,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    with process:
        until(lambda: children.read_text().strip(), "the first process of the run")
        # As a terminal does: to all processes in its foreground.
        os.killpg(process.pid, signal.SIGINT)
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 130, output
    assert "Traceback" not in output
    assert "stop" in output
    assert list(temporary.iterdir()) == []


def test_a_killed_worker_fails_its_own_section_alone_in_one_sentence(tmp_path: Path, temporary: Path) -> None:
    cell = "import os, signal; os.kill(os.getppid(), signal.SIGKILL); rb.note('not any more')"
    root = checkout(tmp_path, cell)
    with start(root, temporary, "turso") as process:
        output, _ = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 5, output
    assert "Traceback" not in output
    assert output.count("The process that executed the webhook_secret runbook was killed") == 1
    [report] = (root / "build" / "runs").glob("*/report.json")
    sections = {section["slug"]: section for section in json.loads(report.read_text())["sections"]}
    assert sections["turso"]["status"] == "passed"
    assert sections["webhook_secret"]["status"] == "failed"
    assert sections["webhook_secret"]["error"]["cell"] == "worker"
    assert "secret" in [each["id"] for each in sections["webhook_secret"]["cells"]]
    assert report.with_name("junit.xml").exists()
    assert list(temporary.iterdir()) == []


def test_what_processes_left_that_were_all_killed_is_swept_by_the_next_run(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    ended = subprocess.Popen(["true"])
    ended.wait()
    for name in (f"{ended.pid}-left", f"{os.getpid()}-in-use"):
        (temporary / f"{kernel_folder.PREFIX}{name}").mkdir()
    (temporary / "deploybook-kernel-of-somebody").mkdir()
    kernel_folder.sweep()
    folders = {path.name for path in temporary.iterdir()}
    assert folders == {f"{kernel_folder.PREFIX}{os.getpid()}-in-use", "deploybook-kernel-of-somebody"}
