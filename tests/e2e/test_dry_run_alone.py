"""A dry run of everything, in a shell and a home folder full of canaries: none is seen, and nothing of the operator's changes."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
import pytest
from tests.conftest import ROOT

from deploybook.contract.model import load_contract

CANARY = "canary0123456789abcdef"
CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")
OTHERS = (
    "AWS_PROFILE",
    "SSL_CERT_FILE",
    "REQUESTS_CA_BUNDLE",
    "STRIPE_SECRET_KEY",
    "DEPLOYBOOK_CONFIRM",
    "NETRC",
    "MODAL_PROFILE",
)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy")
FILES = {
    ".aws/config": "[default]\nregion = {c}\n[profile {c}]\nregion = {c}\n",
    ".aws/credentials": "[default]\naws_access_key_id = {c}\naws_secret_access_key = {c}\n",
    ".netrc": "default login {c} password {c}\n",
    ".modal.toml": "[default]\ntoken_id = '{c}'\ntoken_secret = '{c}'\nactive = true\n",
    ".config/gh/hosts.yml": "github.com:\n  oauth_token: {c}\n",
    ".config/turso/settings.json": '{{"token": "{c}"}}',
    ".local/share/com.vercel.cli/auth.json": '{{"token": "{c}"}}',
    ".render/cli.yaml": "api:\n  key: {c}\n",
}
# A keyring that writes down who used it, in place of the operating system's.
KEYRING = """
import json, pathlib, keyring.backend
LOG = pathlib.Path(__file__).with_suffix(".log")
class Recording(keyring.backend.KeyringBackend):
    priority = 1
    def get_password(self, service, username):
        LOG.open("a").write(f"get {service} {username}\\n")
    def set_password(self, service, username, password):
        LOG.open("a").write(f"set {service} {username}\\n")
"""
PROBE = """
import os
print({name: value for name, value in os.environ.items() if "canary" in name.lower() + value})
home = os.path.expanduser("~")
print(home, [path for path in (".aws", ".netrc", ".modal.toml") if os.path.exists(f"{home}/{path}")])
import json
credentials = {each.name for each in rb.contract.credentials if each.secret} | {"DEPLOYBOOK_SANDBOX_TOKEN"}
from deploybook import http
for seconds in (3, 6):
    http.say_wait(f"the probe is waited for: {seconds} s")
print(sorted(credentials & (os.environ.keys() | json.loads(os.environ["DEPLOYBOOK_SANDBOX_EXPORTS"]).keys())))
"""
# The command, with a look into the sandbox's journal at its end: the runner's process alone can reach the control API.
WITH_JOURNAL = """
import sys, httpx
from deploybook.cli import main
from deploybook.runbook.sandbox_session import SandboxProcess
close = SandboxProcess.close
def look_and_close(sandbox):
    headers = {"Authorization": f"Bearer {sandbox.exports['DEPLOYBOOK_SANDBOX_TOKEN']}"}
    journal = httpx.get(sandbox.exports["DEPLOYBOOK_SANDBOX_URL"] + "/journal", headers=headers, trust_env=False)
    print("journal:", len(journal.raise_for_status().json()) > 0, "canary" in journal.text, flush=True)
    close(sandbox)
SandboxProcess.close = look_and_close
main(sys.argv[1:])
"""


@pytest.fixture
def temporary() -> Iterator[Path]:
    """Short: the names of sockets in it may not be longer than some hundred characters."""
    with tempfile.TemporaryDirectory(prefix="c-") as name:
        yield Path(name)


@pytest.fixture
def operator(tmp_path: Path, temporary: Path) -> dict[str, str]:
    """The environment of an operator who has exported and planted everything."""
    home = tmp_path / "home"
    for name, text in FILES.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text.format(c=CANARY))
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "recording_keyring.py").write_text(KEYRING)
    names = CONTRACT.operator_names() | {f"{prefix}CANARY" for prefix in CONTRACT.operator_prefixes()} | {*OTHERS}
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return (
        {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        | dict.fromkeys(names, CANARY)
        | dict.fromkeys(PROXIES, f"http://{CANARY}:1@127.0.0.1:9")
        | {"DEPLOYBOOK_VAULT": "keyring", "PYTHON_KEYRING_BACKEND": "recording_keyring.Recording"}
        | {"HOME": str(home), "PYTHONPATH": str(modules), "TMPDIR": str(temporary), "XDG_CACHE_HOME": str(cache)}
    )


def checkout(root: Path) -> Path:
    """A checkout with runbooks that say, at their end, what they could see; and a vault that is the operator's."""
    shutil.copytree(ROOT / "runbooks", root / "runbooks", ignore=shutil.ignore_patterns("__pycache__"))
    for path in (root / "runbooks").glob("*.ipynb"):
        book = nbformat.read(path, as_version=4)
        book.cells.append(nbformat.v4.new_code_cell(PROBE, id="probe"))
        nbformat.write(book, path)
    state = root / ".deploybook"
    state.mkdir(mode=0o700)
    (state / "production.env").write_text(f"INTERNAL_WEBHOOK_SECRET='{CANARY}'\n")
    (state / "production.env").chmod(0o600)
    return root


def contents(*folders: Path) -> dict[Path, str]:
    files = [path for folder in folders for path in folder.rglob("*") if path.is_file()]
    return {path: path.read_text(errors="replace") for path in files}


@contextmanager
def watched(process: subprocess.Popen[str]) -> Iterator[dict[str, str]]:
    """Collect the command lines of the process's descendants, with the canary's lines of their environments."""
    command_lines: dict[str, str] = {}
    copies: dict[int, float] = {}
    over = threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            for pid in _descendants(process.pid):
                try:
                    just_forked = _is_copy(pid) and time.monotonic() - copies.setdefault(pid, time.monotonic()) < 1
                    environ = Path(f"/proc/{pid}/environ").read_bytes().decode(errors="replace").split("\0")
                    arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
                except OSError:
                    continue
                if not just_forked:
                    command_lines[f"{pid} {arguments[:60]}"] = " ".join(
                        line for line in environ if CANARY in line or CANARY in arguments
                    )

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield command_lines
    finally:
        over.set()
        thread.join()


def _is_copy(pid: int) -> bool:
    """Whether a process still runs its parent's program: Linux's PF_FORKNOEXEC, among the flags of proc(5).

    Between fork and exec every child has its parent's environment for a moment.
    """
    return bool(int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[6]) & 0x40)


def _descendants(pid: int) -> set[int]:
    parents: dict[int, list[int]] = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(path.read_text().rpartition(")")[2].split()[1])
        except (OSError, IndexError):
            continue
        parents.setdefault(parent, []).append(int(path.parent.name))
    descendants: set[int] = set()
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        descendants |= set(children)
        waiting += children
    return descendants


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs /proc")
def test_a_dry_run_of_everything_sees_nothing_of_the_operators(
    tmp_path: Path, temporary: Path, operator: dict[str, str]
) -> None:
    root = checkout(tmp_path / "checkout")
    before = contents(tmp_path / "home", root / ".deploybook")
    environ = operator | {"DEPLOYBOOK_HOME": str(root)}
    process = subprocess.Popen(
        [sys.executable, "-c", WITH_JOURNAL, "run"],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    with watched(process) as command_lines:
        output, _ = process.communicate(timeout=400)
    assert process.returncode == 0, output
    assert CANARY not in output
    # As a forked kernel has its parent's command line, kernels are counted by number: the sandbox, the fork server and more.
    assert len(command_lines) > 8
    assert {who: line for who, line in command_lines.items() if line} == {}
    report = contents(root / "build")
    assert [path for path, text in report.items() if CANARY in text] == []
    probes = _probes(root)
    assert probes.keys() == {*CONTRACT.order()}
    for slug, text in probes.items():
        # What its live run would get, of the sandbox's.
        secret = [credential for credential in CONTRACT.credentials if credential.secret]
        own = sorted(each.name for each in secret if slug in {*each.sections, *each.used_if_set})
        assert re.sub(r"/\S*?(?=/home)", "", text) == f"{{}}\n/home []\n{own}\n", slug
    # A cell that ends in a value would show it as Python does.
    assert [path for path, text in report.items() if path.suffix == ".ipynb" and "execute_result" in text] == []
    assert "journal: True False" in output
    assert contents(tmp_path / "home", root / ".deploybook") == before
    assert not (tmp_path / "modules" / "recording_keyring.log").exists()
    assert list(temporary.iterdir()) == []


def _probes(root: Path) -> dict[str, str]:
    """What the probing cell of each section's executed copy printed."""
    copies = {path.stem: json.loads(path.read_text()) for path in (root / "build").rglob("*.ipynb")}
    return {
        slug: "".join(text for output in cell["outputs"] for text in output["text"])
        for slug, copy in copies.items()
        for cell in copy["cells"]
        if cell["id"] == "probe"
    }
