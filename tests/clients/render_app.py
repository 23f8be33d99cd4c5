"""What the tests of the render app need around it: a bucket with audio in it, its keys, and a web app that hears webhooks."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import ssl
import threading
import wave
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
import httpx
from botocore.config import Config

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

APP = Path(__file__).parents[2] / "runbooks" / "modal_app" / "app.py"
BUCKET = "studio-production"
GROUP = "Workers R2 Storage Bucket Item Write"


def make_bucket(sandbox: RunningSandbox, name: str) -> dict[str, str]:
    """Create a bucket and a key for it by Cloudflare's API; the variables of the secret ``r2-credentials``."""
    account = sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
    headers = {"Authorization": f"Bearer {sandbox.exports['CLOUDFLARE_API_TOKEN']}"}
    base = f"{sandbox.exports['CLOUDFLARE_API_URL']}/accounts/{account}"
    with httpx.Client(base_url=base, headers=headers, trust_env=False, timeout=30) as api:
        api.post("/r2/buckets", json={"name": name}).raise_for_status()
        groups = api.get("/tokens/permission_groups").json()["result"]
        policy = {
            "effect": "allow",
            "permission_groups": [{"id": group["id"]} for group in groups if group["name"] == GROUP],
            "resources": {f"com.cloudflare.edge.r2.bucket.{account}_default_{name}": "*"},
        }
        token = api.post("/tokens", json={"name": name, "policies": [policy]}).json()["result"]
    secret = hashlib.sha256(token["value"].encode()).hexdigest()
    return {
        "R2_ACCOUNT_ID": account,
        "R2_ACCESS_KEY_ID": token["id"],
        "R2_SECRET_ACCESS_KEY": secret,
        "R2_BUCKET_NAME": name,
        "AWS_ACCESS_KEY_ID": token["id"],
        "AWS_SECRET_ACCESS_KEY": secret,
    }


def objects(sandbox: RunningSandbox, keys: dict[str, str]) -> Any:
    """An S3 client of the bucket."""
    return boto3.client(
        "s3",
        endpoint_url=sandbox.exports["R2_ENDPOINT_URL"],
        aws_access_key_id=keys["R2_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["R2_SECRET_ACCESS_KEY"],
        region_name="auto",
        verify=sandbox.exports["SSL_CERT_FILE"],
        config=Config(
            signature_version="s3v4",
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        ),
    )


def two_seconds_of_silence() -> bytes:
    """A WAV file."""
    target = io.BytesIO()
    with wave.open(target, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(bytes(2 * 2 * 8000))
    return target.getvalue()


@dataclass
class Webhooks:
    """What the web app heard: the Authorization header and the body of each request.

    It answers ``statuses``, one after the other, and then ``status``.
    """

    url: str = ""
    status: int = 200
    statuses: list[int] = field(default_factory=list)
    heard: list[tuple[str, dict[str, Any]]] = field(default_factory=list)


@contextlib.contextmanager
def listening(sandbox: RunningSandbox) -> Iterator[Webhooks]:
    """A web app on https whose certificate is the sandbox's."""
    webhooks = Webhooks()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            webhooks.heard.append((self.headers["Authorization"], body))
            self.send_response(webhooks.statuses.pop(0) if webhooks.statuses else webhooks.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(Path(sandbox.exports["DEPLOYBOOK_SANDBOX_DIRECTORY"], "server.pem"))
    # The handshake in the handler's thread: one client that does not speak must not stop the others.
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    webhooks.url = f"https://127.0.0.1:{server.server_port}/api/webhooks/worker"
    yield webhooks
    server.shutdown()
    server.server_close()
