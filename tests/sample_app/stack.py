"""The whole stack, provisioned by plain calls of the providers' APIs, and a browser that uses the application."""

from __future__ import annotations

import json
import secrets
import ssl
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
from tests.clients.render_app import APP, make_bucket, two_seconds_of_silence
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

BUCKET, NAME = "studio-production", "studio-production"
SERVICES = ("r2", "cloudflare", "turso", "modal", "vercel", "render", "github", "studio")
R2 = ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")
Changes = Mapping[str, str | None]


class Browser(httpx.BaseTransport):
    """Leads R2's names to the sandbox, as the end-to-end check does; Host and TLS server name stay."""

    def __init__(self, sandbox: RunningSandbox) -> None:
        trust = ssl.create_default_context(cafile=sandbox.exports["SSL_CERT_FILE"])
        self._objects = httpx.URL(sandbox.exports["R2_ENDPOINT_URL"])
        # The names share one address: each has its own connections, or the certificate would be looked at but once.
        self._pools: defaultdict[str, httpx.HTTPTransport] = defaultdict(lambda: httpx.HTTPTransport(verify=trust))

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        host = request.url.host
        if host.endswith(".r2.cloudflarestorage.com"):
            request.url = request.url.copy_with(host=self._objects.host, port=self._objects.port)
            request.extensions = {**request.extensions, "sni_hostname": host}
        return self._pools[host].handle_request(request)

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()


def _done(answer: httpx.Response) -> Any:
    assert answer.is_success, f"{answer.request.method} {answer.request.url}: {answer.status_code} {answer.text}"
    return answer.json() if answer.content else {}


@dataclass
class Stack:
    """Everything is deployed; ``use`` changes variables and deploys again."""

    sandbox: RunningSandbox
    web_variables: dict[str, str] = field(default_factory=dict)
    worker_variables: dict[str, str] = field(default_factory=dict)
    url: str = ""
    service: str = ""
    deployment: str = ""
    asset: str = ""
    latest_end: float = 0.5
    _web: dict[str, str] | None = None
    _worker: dict[str, str] | None = None
    _secrets: dict[str, dict[str, str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        exports = self.sandbox.exports

        def client(base: str, token: str, **params: str) -> httpx.Client:
            headers = {"Authorization": f"Bearer {exports[token]}"}
            return httpx.Client(
                base_url=exports[base], headers=headers, params=params, trust_env=False, timeout=PATIENCE_SECONDS
            )

        self.vercel = client("VERCEL_API_URL", "VERCEL_TOKEN", teamId=exports["VERCEL_TEAM_ID"])
        self.render = client("RENDER_API_URL", "RENDER_API_KEY")
        self.turso = client("TURSO_API_URL", "TURSO_API_TOKEN")
        self.cloudflare = client("CLOUDFLARE_API_URL", "CLOUDFLARE_API_TOKEN")
        self.browser = httpx.Client(transport=Browser(self.sandbox), timeout=PATIENCE_SECONDS)

    def close(self) -> None:
        """Close the connections."""
        for client in (self.vercel, self.render, self.turso, self.cloudflare, self.browser):
            client.close()

    def provision(self) -> None:
        """From nothing to a running application."""
        keys = make_bucket(self.sandbox, BUCKET)
        database, token = self._database()
        shared = {name: keys[name] for name in R2} | {
            "TURSO_DATABASE_URL": database,
            "TURSO_AUTH_TOKEN": token,
            "MODAL_AUTH_TOKEN": secrets.token_hex(32),
            "INTERNAL_WEBHOOK_SECRET": secrets.token_hex(32),
            "DEPLOY_ENV": "production",
            "STORAGE_BACKEND": "r2",
            "JOB_STORE_BACKEND": "turso",
            "AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED",
            "AWS_MAX_ATTEMPTS": "8",
        }
        shared["MODAL_ENDPOINT_URL"] = self.deploy_render_app(keys, shared["MODAL_AUTH_TOKEN"])
        project = _done(self.vercel.post("/v11/projects", json={"name": NAME, "framework": "nextjs"}))
        domains = _done(self.vercel.get(f"/v9/projects/{project['id']}/domains"))["domains"]
        self.url = f"https://{domains[0]['name']}"
        shared["NEXT_PUBLIC_APP_URL"] = self.url
        self.web_variables = dict(shared)
        self.worker_variables = {"WORKER_POLL_INTERVAL_MS": "100", **shared}
        rule = {"allowed": {"methods": ["GET", "PUT", "HEAD"], "origins": [self.url], "headers": ["Content-Type"]}}
        account = self.sandbox.exports["CLOUDFLARE_ACCOUNT_ID"]
        _done(self.cloudflare.put(f"/accounts/{account}/r2/buckets/{BUCKET}/cors", json={"rules": [rule]}))
        self.use()

    def use(self, *, web: Changes | None = None, worker: Changes | None = None) -> None:
        """Deploy with these changes to the right variables (None takes one away), and no others."""
        wanted_web, wanted_worker = _changed(self.web_variables, web), _changed(self.worker_variables, worker)
        if wanted_web != self._web:
            self._deploy_web(wanted_web)
        if wanted_worker != self._worker:
            self._deploy_worker(wanted_worker)
        self._web, self._worker = wanted_web, wanted_worker

    def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """A request to the app's production domain."""
        return self.browser.request(method, f"{self.url}{path}", **options)

    def ask(self, method: str, path: str, **options: Any) -> dict[str, Any]:
        """The ``data`` of a call that is answered 200."""
        answer = _done(self.call(method, path, **options))
        assert answer["success"] is True
        return dict(answer["data"])

    def ingest(self, content: bytes, name: str = "my voice.wav") -> str:
        """Upload by form; the job."""
        files = {"file": (name, content, "audio/wav")}
        return str(self.ask("POST", "/api/audio/ingest", files=files, data={"type": "audio_file"})["jobId"])

    def recipe(self, end: float) -> dict[str, Any]:
        """An edit of the stack's asset, which is made at the first call."""
        if not self.asset:
            ended = self.ended(self.ingest(two_seconds_of_silence(), "tone.wav"))
            self.asset = str(ended["result"]["assetId"])
        clip = {"id": "c1", "sourceAssetId": self.asset, "startTime": 0, "endTime": end}
        return {"version": 1, "assetId": self.asset, "clips": [clip]}

    def preview(self) -> str:
        """Ask for a preview that nobody has asked for before: a job that only the worker does."""
        self.latest_end = round(self.latest_end + 0.001, 3)
        return str(self.ask("POST", "/api/audio/edit/preview", json=self.recipe(self.latest_end))["jobId"])

    def address_of_asset(self) -> dict[str, str]:
        """The stack's asset as a render takes it: by its signed URL."""
        self.recipe(1)
        location = self.call("GET", f"/api/audio/assets/{self.asset}/stream").headers["location"]
        return {"type": "url", "url": location, "filename": "tone.wav"}

    def ended(self, job: str, seconds: float = PATIENCE_SECONDS) -> dict[str, Any]:
        """The job's answer once it has ended, or when the time is up."""
        deadline = time.monotonic() + seconds
        while True:
            answer = dict(_done(self.call("GET", f"/api/audio/jobs/{job}")))
            if answer["status"] not in {"pending", "processing"} or time.monotonic() > deadline:
                return answer
            time.sleep(0.05)

    def callback(self, secret: str | None, **body: Any) -> tuple[int, Any]:
        """Status and error of a webhook call."""
        headers = {} if secret is None else {"Authorization": f"Bearer {secret}"}
        answer = self.call("POST", "/api/webhooks/worker", json=body, headers=headers)
        return answer.status_code, answer.json().get("error")

    def rows(self, sql: str) -> list[list[Any]]:
        """Rows of the database that the right variables name."""
        requests = [{"type": "execute", "stmt": {"sql": sql}}, {"type": "close"}]
        url = self.web_variables["TURSO_DATABASE_URL"].replace("libsql://", "https://")
        headers = {"Authorization": f"Bearer {self.web_variables['TURSO_AUTH_TOKEN']}"}
        answer = _done(self.browser.post(f"{url}/v2/pipeline", json={"requests": requests}, headers=headers))
        rows = answer["results"][0]["response"]["result"]["rows"]
        return [[cell.get("value") for cell in row] for row in rows]

    def token(self, **options: str) -> str:
        """Another token of the database."""
        base = f"/v1/organizations/{self.sandbox.exports['TURSO_ORGANIZATION']}"
        return str(_done(self.turso.post(f"{base}/databases/jobs/auth/tokens", params=options))["jwt"])

    def worker_log(self, *, until: str = "", seconds: float = PATIENCE_SECONDS) -> list[str]:
        """The worker's lines, oldest first; waits for one that contains ``until``."""
        owner = _done(self.render.get("/owners"))[0]["owner"]["id"]
        query = {"ownerId": owner, "resource": self.service, "direction": "backward", "limit": 100, "type": "app"}
        deadline = time.monotonic() + seconds
        while True:
            lines = [line["message"] for line in _done(self.render.get("/logs", params=query))["logs"]][::-1]
            if any(until in line for line in lines) or time.monotonic() > deadline:
                return lines
            time.sleep(0.05)

    def web_log(self) -> str:
        """The runtime log of the deployment."""
        project = _done(self.vercel.get(f"/v9/projects/{NAME}"))["id"]
        path = f"/v1/projects/{project}/deployments/{self.deployment}/runtime-logs"
        # One JSON object a line.
        return "\n".join(json.loads(line)["message"] for line in self.vercel.get(path).text.splitlines() if line)

    def modal(self, *arguments: str, **environment: str) -> str:
        """Run the ``modal`` CLI; its output."""
        env = self.sandbox.environment(COLUMNS="1000", **environment)
        command = [sys.executable, "-m", "modal", *arguments]
        completed = subprocess.run(
            command, env=env, capture_output=True, text=True, timeout=PATIENCE_SECONDS, stdin=subprocess.DEVNULL
        )
        assert completed.returncode == 0, completed.stdout + completed.stderr
        return completed.stdout

    def secret(self, name: str, values: Mapping[str, str]) -> None:
        """Create or replace a secret on Modal, if it is another one than is there."""
        if self._secrets.get(name) == values:
            return
        self._secrets[name] = dict(values)
        self.modal("secret", "create", "--force", name, *(f"{key}={value}" for key, value in values.items()))

    def _database(self) -> tuple[str, str]:
        base = f"/v1/organizations/{self.sandbox.exports['TURSO_ORGANIZATION']}"
        _done(self.turso.post(f"{base}/groups", json={"name": "default", "location": "aws-us-east-1"}))
        made = _done(self.turso.post(f"{base}/databases", json={"name": "jobs", "group": "default"}))
        return f"libsql://{made['database']['Hostname']}", self.token()

    def deploy_render_app(self, keys: dict[str, str], token: str) -> str:
        """Deploy the app on Modal with these secrets; its submit endpoint."""
        self.secret("r2-credentials", keys)
        self.secret("render-auth", {"MODAL_AUTH_TOKEN": token})
        at_deploy = {name: keys[name] for name in ("R2_ACCOUNT_ID", "R2_BUCKET_NAME")}
        words = self.modal("deploy", str(APP), "--name", NAME, **at_deploy).split()
        return next(word for word in words if word.endswith("-submit.modal.run"))

    def _deploy_web(self, variables: dict[str, str]) -> None:
        for old in _done(self.vercel.get(f"/v9/projects/{NAME}/env"))["envs"]:
            if old["key"] not in variables:
                _done(self.vercel.delete(f"/v9/projects/{NAME}/env/{old['id']}"))
        changed = {name: value for name, value in variables.items() if (self._web or {}).get(name) != value}
        body = [
            {"key": name, "value": value, "type": "sensitive", "target": ["production"]}
            for name, value in changed.items()
        ]
        if body:
            _done(self.vercel.post(f"/v10/projects/{NAME}/env", params={"upsert": "true"}, json=body))
        files = [{"file": "index.html", "data": ""}]
        order = {"name": NAME, "project": NAME, "target": "production", "files": files}
        self.deployment = _done(self.vercel.post("/v13/deployments", params={"forceNew": "1"}, json=order))["id"]
        self._wait("web", lambda: _done(self.vercel.get(f"/v13/deployments/{self.deployment}")).get("aliasAssigned"))

    def _deploy_worker(self, variables: dict[str, str]) -> None:
        pairs = [{"key": name, "value": value} for name, value in variables.items()]
        if not self.service:
            owner = _done(self.render.get("/owners"))[0]["owner"]["id"]
            docker = {"dockerfilePath": "./worker/Dockerfile", "dockerContext": "."}
            details = {"runtime": "docker", "plan": "starter", "region": "oregon", "envSpecificDetails": docker}
            body = {"type": "background_worker", "name": "worker", "ownerId": owner, "serviceDetails": details}
            body |= {"repo": "https://github.com/studio/app", "branch": "main", "envVars": pairs}
            made = _done(self.render.post("/services", json=body))
            self.service, deploy = made["service"]["id"], made["deployId"]
        else:
            _done(self.render.put(f"/services/{self.service}/env-vars", json=pairs))
            deploy = _done(self.render.post(f"/services/{self.service}/deploys", json={}))["id"]
        path = f"/services/{self.service}/deploys/{deploy}"
        self._wait("worker", lambda: _done(self.render.get(path))["status"] in {"live", "update_failed"})

    def _wait(self, part: str, condition: Any) -> None:
        # Vercel lets a team ask 500 times a minute.
        until(condition, f"the deployment of the {part}", pause=0.2)


def _changed(variables: dict[str, str], changes: Changes | None) -> dict[str, str]:
    merged = {**variables, **(changes or {})}
    return {name: value for name, value in merged.items() if value is not None}
