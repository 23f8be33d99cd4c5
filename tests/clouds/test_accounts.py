"""Credentials that lead to another account than the environment's are refused with both names, before anything depends on them."""

from __future__ import annotations

import http.server
import json
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from deploybook.clouds.connections import Connections
from deploybook.errors import OtherAccount
from deploybook.state.pins import Account, Pins

# What the providers say of the accounts that the credentials lead to; anything else is refused.
ANSWERS: dict[str, Any] = {
    "/cloudflare/accounts/other": {"success": True, "errors": [], "result": {"id": "other", "name": "Other Company"}},
    "/vercel/v2/teams/team_other": {"id": "team_other", "slug": "other-team"},
    "/render/owners": [{"owner": {"id": "tea-other", "name": "Other Workspace", "type": "team"}, "cursor": "1"}],
    "/github/repos/other/app": {"id": 7, "full_name": "other/app", "private": True},
}


@pytest.fixture
def requests(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The requests that providers got who know the other accounts alone; the environment's credentials lead there."""
    requests: list[str] = []

    class Provider(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            requests.append(f"{self.command} {path}")
            self.send_response(200 if path in ANSWERS else 403)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(ANSWERS.get(path, {})).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Provider)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    base = f"http://127.0.0.1:{server.server_port}"
    exports = {
        "CLOUDFLARE_API_URL": f"{base}/cloudflare",
        "CLOUDFLARE_ACCOUNT_ID": "other",
        "TURSO_API_URL": f"{base}/turso",
        "TURSO_ORGANIZATION": "other-organization",
        "VERCEL_API_URL": f"{base}/vercel",
        "VERCEL_TEAM_ID": "team_other",
        "RENDER_API_URL": f"{base}/render",
        "GITHUB_API_URL": f"{base}/github",
        "GITHUB_REPOSITORY": "other/app",
    }
    tokens = ("CLOUDFLARE_API_TOKEN", "TURSO_API_TOKEN", "VERCEL_TOKEN", "RENDER_API_KEY", "GITHUB_TOKEN")
    for name, value in {**exports, **dict.fromkeys(tokens, "canary")}.items():
        monkeypatch.setenv(name, value)
    yield requests
    server.shutdown()
    server.server_close()


def _first_workspace(connections: Connections) -> None:
    [owner] = connections.render.owners()
    connections.render.use(Account(id=owner.id, name=owner.name))


@pytest.mark.parametrize(
    ("provider", "use", "theirs", "sent"),
    [
        ("cloudflare", lambda it: it.cloudflare.tokens(), "Other Company (other)", ["GET /cloudflare/accounts/other"]),
        ("turso", lambda it: it.turso.groups(), "other-organization", []),
        ("vercel", lambda it: it.vercel.project("app"), "other-team (team_other)", ["GET /vercel/v2/teams/team_other"]),
        ("render", _first_workspace, "Other Workspace (tea-other)", ["GET /render/owners"]),
        ("github", lambda it: it.github.repository("other/app"), "other/app (7)", ["GET /github/repos/other/app"]),
    ],
)
def test_credentials_of_another_account_are_refused_with_both_names(
    requests: list[str],
    tmp_path: Path,
    provider: str,
    use: Callable[[Connections], object],
    theirs: str,
    sent: list[str],
) -> None:
    pins = Pins(tmp_path, "production")
    pins.put(provider, Account(id="ours", name="Our Company"))
    connections = Connections(os.environ, pins)
    with pytest.raises(OtherAccount) as refused:
        use(connections)
    connections.close()
    assert "production is in" in refused.value.message
    assert "Our Company (ours)" in refused.value.message
    assert f"belong to {theirs}." in refused.value.message
    assert requests == sent
