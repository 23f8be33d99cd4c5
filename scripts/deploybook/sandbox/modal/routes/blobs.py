"""Large objects over HTTP, where Modal hands out signed URLs of an object store: PUT once, then GET."""

from __future__ import annotations

import base64
import hashlib
import hmac

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.modal.state.artifacts import Blob
from deploybook.sandbox.modal.state.workspace import Workspace


def blob_path(blob_id: str, ticket: str) -> str:
    """The path and query of a blob's URL; the ticket stands for the signature."""
    return f"/blobs/{blob_id}?ticket={ticket}"


def blob_app(workspace: Workspace) -> Starlette:
    """PUT and GET ``/blobs/{id}?ticket=…``."""

    def allowed(request: Request) -> Blob | None:
        try:
            blob = workspace.artifacts.blob(request.path_params["blob_id"])
        except Refusal:
            return None
        return (
            blob if hmac.compare_digest(blob.ticket.encode(), request.query_params.get("ticket", "").encode()) else None
        )

    async def blob(request: Request) -> Response:
        stored = allowed(request)
        if stored is None:
            return PlainTextResponse("<Error><Code>SignatureDoesNotMatch</Code></Error>", 403)
        if request.method == "GET":
            if stored.data is None:
                return PlainTextResponse("<Error><Code>NoSuchKey</Code></Error>", 404)
            return Response(stored.data, media_type="application/octet-stream")
        data = await request.body()
        digest = hashlib.md5(data, usedforsecurity=False)
        sent = request.headers.get("content-md5")
        if len(data) != stored.length or (sent and sent != base64.b64encode(digest.digest()).decode()):
            # The SDK recognises this sentence.
            return PlainTextResponse("The Content-MD5 you specified did not match what we received.", 400)
        stored.data = data
        return Response(status_code=200, headers={"ETag": f'"{digest.hexdigest()}"'})

    return Starlette(routes=[Route("/blobs/{blob_id}", blob, methods=["GET", "PUT"])])
