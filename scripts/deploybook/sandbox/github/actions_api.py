"""Endpoints of Actions: secrets, workflows and their runs."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from deploybook.sandbox.github.actions import Actions
from deploybook.sandbox.github.models import Refusal, Repository
from deploybook.sandbox.github.requests import Gate, Handler, body, page
from deploybook.sandbox.github.runs import Run
from deploybook.sandbox.github.wire import Wire

_SECRETS_READ = {"secrets": "read"}
_SECRETS_WRITE = {"secrets": "write"}
_READ = {"actions": "read"}


@dataclass
class ActionsApi:
    """``actions/…`` operations of the published description."""

    repo: Repository
    actions: Actions
    gate: Gate
    wire: Wire

    def routes(self) -> Iterator[Route]:
        """One route for each operation."""
        root = "/repos/{owner}/{repo}/actions"
        table: list[tuple[str, str, Handler, Mapping[str, str]]] = [
            ("GET", "/secrets/public-key", self.public_key, _SECRETS_READ),
            ("GET", "/secrets", self.secrets, _SECRETS_READ),
            ("GET", "/secrets/{name}", self.secret, _SECRETS_READ),
            ("PUT", "/secrets/{name}", self.put_secret, _SECRETS_WRITE),
            ("DELETE", "/secrets/{name}", self.delete_secret, _SECRETS_WRITE),
            ("GET", "/workflows", self.workflows, _READ),
            ("GET", "/workflows/{workflow}", self.workflow, _READ),
            ("GET", "/workflows/{workflow}/runs", self.runs, _READ),
            ("POST", "/workflows/{workflow}/dispatches", self.dispatch, {"actions": "write"}),
            ("GET", "/runs", self.runs, _READ),
            ("GET", "/runs/{run}", self.run, _READ),
            ("GET", "/runs/{run}/jobs", self.jobs, _READ),
            ("GET", "/jobs/{job}/logs", self.log, _READ),
        ]
        for method, path, handler, permissions in table:
            yield Route(root + path, self.gate.guard(handler, permissions), methods=[method])
        yield Route("/logs/{job}", self.log_text, methods=["GET"])

    async def public_key(self, _: Request) -> Response:
        """``actions/get-repo-public-key``."""
        return JSONResponse({"key_id": self.repo.key_id, "key": self.repo.public_key})

    async def secrets(self, request: Request) -> Response:
        """``actions/list-repo-secrets``: names and times only."""
        kept = sorted(self.repo.secrets.values(), key=lambda secret: secret.name)
        shown, headers = page(request, self.wire.api, kept)
        body = {"total_count": len(kept), "secrets": [self.wire.secret(secret) for secret in shown]}
        return JSONResponse(body, headers=headers)

    async def secret(self, request: Request) -> Response:
        """``actions/get-repo-secret``."""
        return JSONResponse(self.wire.secret(self.repo.secret(request.path_params["name"])))

    async def put_secret(self, request: Request) -> Response:
        """``actions/create-or-update-repo-secret``: a value sealed with the repository's key; 201 new, 204 changed."""
        fields = await body(request, frozenset({"encrypted_value", "key_id"}))
        try:
            sealed = base64.b64decode(fields["encrypted_value"], validate=True)
        except (binascii.Error, ValueError):
            raise Refusal(422, "Invalid request.\n\nencrypted_value is not base64.") from None
        created = self.repo.put_secret(request.path_params["name"], sealed, fields["key_id"])
        return JSONResponse({}, 201) if created else Response(status_code=204)

    async def delete_secret(self, request: Request) -> Response:
        """``actions/delete-repo-secret``."""
        del self.repo.secrets[self.repo.secret(request.path_params["name"]).name]
        return Response(status_code=204)

    async def workflows(self, request: Request) -> Response:
        """``actions/list-repo-workflows``."""
        known = self.actions.workflows()
        shown, headers = page(request, self.wire.api, known)
        body = {"total_count": len(known), "workflows": [self.wire.workflow(workflow) for workflow in shown]}
        return JSONResponse(body, headers=headers)

    async def workflow(self, request: Request) -> Response:
        """``actions/get-workflow``."""
        return JSONResponse(self.wire.workflow(self.actions.workflow(request.path_params["workflow"])))

    async def runs(self, request: Request) -> Response:
        """``actions/list-workflow-runs`` and ``…-for-repo``, newest first."""
        runs = self.actions.runner.runs[::-1]
        if "workflow" in request.path_params:
            workflow = self.actions.workflow(request.path_params["workflow"])
            runs = [run for run in runs if run.workflow_id == workflow.id]
        found = _filtered(request, runs)
        shown, headers = page(request, self.wire.api, found)
        body = {"total_count": len(found), "workflow_runs": [self.wire.run(run) for run in shown]}
        return JSONResponse(body, headers=headers)

    async def run(self, request: Request) -> Response:
        """``actions/get-workflow-run``."""
        return JSONResponse(self.wire.run(self.actions.run(request.path_params["run"])))

    async def jobs(self, request: Request) -> Response:
        """``actions/list-jobs-for-workflow-run``."""
        run = self.actions.run(request.path_params["run"])
        shown, headers = page(request, self.wire.api, run.jobs)
        body = {"total_count": len(run.jobs), "jobs": [self.wire.job(run, job) for job in shown]}
        return JSONResponse(body, headers=headers)

    async def log(self, request: Request) -> Response:
        """``actions/download-job-logs-for-workflow-run``: where the text is."""
        return RedirectResponse(f"{self.wire.web}/logs/{self.actions.job(request.path_params['job']).id}", 302)

    async def log_text(self, request: Request) -> Response:
        """The text, at an address that wants no token."""
        return PlainTextResponse(self.actions.job(request.path_params["job"]).log)

    async def dispatch(self, request: Request) -> Response:
        """``actions/create-workflow-dispatch``: 204, or since 2026-02 200 with ``return_run_details``."""
        workflow = self.actions.workflow(request.path_params["workflow"])
        fields = await body(request, frozenset({"ref"}), frozenset({"inputs", "return_run_details"}))
        inputs = fields.get("inputs") or {}
        if not isinstance(inputs, dict):
            raise Refusal(422, "Invalid request.\n\ninputs is not an object.")
        run = self.actions.dispatch(workflow, fields["ref"], inputs)
        if not fields.get("return_run_details"):
            return Response(status_code=204)
        shown = self.wire.run(run)
        return JSONResponse({"workflow_run_id": run.id, "run_url": shown["url"], "html_url": shown["html_url"]})


def _filtered(request: Request, runs: Sequence[Run]) -> list[Run]:
    for name in ("created", "check_suite_id"):
        if name in request.query_params:
            raise Refusal(501, f"not implemented in the sandbox: query parameter {name}")

    def fits(run: Run) -> bool:
        compared = {
            "branch": (run.branch,),
            "event": (run.event,),
            "head_sha": (run.commit.sha,),
            "status": (run.status, run.conclusion),
        }
        return all(request.query_params.get(name) in (None, *values) for name, values in compared.items())

    return [run for run in runs if fits(run)]
