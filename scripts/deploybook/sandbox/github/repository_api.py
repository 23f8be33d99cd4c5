"""Endpoints of the repository: itself, its branches, refs and files."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from deploybook.sandbox.github.actions import Actions
from deploybook.sandbox.github.models import Refusal, Repository
from deploybook.sandbox.github.requests import Gate, Handler, body, check, page
from deploybook.sandbox.github.wire import Json, Wire
from deploybook.sandbox.github.workflows import FOLDER

_READ = {"contents": "read"}
_WRITE = {"contents": "write"}


@dataclass
class RepositoryApi:
    """``repos/get``, ``repos/…-branch``, ``git/…-ref`` and ``repos/…-contents`` of the published description."""

    repo: Repository
    actions: Actions
    gate: Gate
    wire: Wire

    def routes(self) -> Iterator[Route]:
        """One route for each operation."""
        root = "/repos/{owner}/{repo}"
        table: list[tuple[str, str, Handler, Mapping[str, str]]] = [
            ("GET", "", self.repository, {"metadata": "read"}),
            ("GET", "/branches", self.branches, _READ),
            ("GET", "/branches/{branch:path}", self.branch, _READ),
            ("GET", "/git/ref/heads/{branch:path}", self.ref, _READ),
            ("POST", "/git/refs", self.create_ref, _WRITE),
            ("DELETE", "/git/refs/heads/{branch:path}", self.delete_ref, _WRITE),
            ("GET", "/contents", self.contents, _READ),
            ("GET", "/contents/{path:path}", self.contents, _READ),
            ("PUT", "/contents/{path:path}", self.put_contents, _WRITE),
            ("DELETE", "/contents/{path:path}", self.delete_contents, _WRITE),
        ]
        for method, path, handler, permissions in table:
            yield Route(root + path, self.gate.guard(handler, permissions), methods=[method])

    async def repository(self, _: Request) -> Response:
        """``repos/get``."""
        return JSONResponse(self.wire.repository())

    async def branches(self, request: Request) -> Response:
        """``repos/list-branches``."""
        shown, headers = page(request, self.wire.api, sorted(self.repo.branches))
        return JSONResponse([self.wire.branch(name) for name in shown], headers=headers)

    async def branch(self, request: Request) -> Response:
        """``repos/get-branch``."""
        name = request.path_params["branch"]
        shown = self.wire.branch(name)
        shown["commit"] |= {"commit": self.wire.commit(self.repo.head(name))}
        return JSONResponse(shown)

    async def ref(self, request: Request) -> Response:
        """``git/get-ref``."""
        return JSONResponse(self.wire.ref(self._existing(request)))

    def _existing(self, request: Request) -> str:
        name: str = request.path_params["branch"]
        if name not in self.repo.branches:
            raise Refusal(404, "Not Found")
        return name

    async def create_ref(self, request: Request) -> Response:
        """``git/create-ref``: a branch at an existing commit."""
        fields = await body(request, frozenset({"ref", "sha"}))
        prefix, _, name = fields["ref"].partition("refs/heads/")
        if prefix or not name:
            raise Refusal(501, "not implemented in the sandbox: refs other than refs/heads/…")
        if name in self.repo.branches:
            raise Refusal(422, "Reference already exists")
        if fields["sha"] not in self.repo.commits:
            raise Refusal(422, "Object does not exist")
        self.repo.branches[name] = self.repo.commits[fields["sha"]]
        self.actions.pushed(name, self.repo.branches[name], *self.repo.branches[name].files)
        return JSONResponse(self.wire.ref(name), 201)

    async def delete_ref(self, request: Request) -> Response:
        """``git/delete-ref``."""
        name = request.path_params["branch"]
        if name not in self.repo.branches or name == self.repo.default_branch:
            raise Refusal(422, "Reference does not exist")
        del self.repo.branches[name]
        return Response(status_code=204)

    async def contents(self, request: Request) -> Response:
        """``repos/get-content``: a file with its content, or a folder's entries."""
        path = request.path_params.get("path", "").strip("/")
        ref = request.query_params.get("ref") or self.repo.default_branch
        files = self.repo.resolve(ref).files
        if path in files:
            return JSONResponse(self.wire.file(path, files[path], ref))
        prefix = f"{path}/" if path else ""
        below = sorted(known.removeprefix(prefix) for known in files if known.startswith(prefix))
        if not below:
            raise Refusal(404, "Not Found")
        entries: dict[str, Json] = {}
        for name in below:
            first, deeper, _ = name.partition("/")
            whole = prefix + first
            entry = self.wire.folder(whole, ref) if deeper else self.wire.file(whole, files[whole], ref, whole=False)
            entries.setdefault(first, entry)
        return JSONResponse(list(entries.values()))

    async def put_contents(self, request: Request) -> Response:
        """``repos/create-or-update-file-contents``: 201 for a new file, 200 for a changed one; it is a push."""
        optional = frozenset({"sha", "branch", "committer", "author"})
        fields = await body(request, frozenset({"message", "content"}), optional)
        try:
            content = base64.b64decode("".join(fields["content"].split()), validate=True)
        except binascii.Error:
            raise Refusal(422, "content is not valid Base64") from None
        path, existed = self._write(request, fields, content)
        head = self.repo.head(fields.get("branch") or self.repo.default_branch)
        shown = self.wire.file(path, content, fields.get("branch") or self.repo.default_branch, whole=False)
        return JSONResponse({"content": shown, "commit": self.wire.commit(head)}, 200 if existed else 201)

    async def delete_contents(self, request: Request) -> Response:
        """``repos/delete-file``."""
        optional = frozenset({"branch", "committer", "author"})
        fields = await body(request, frozenset({"message", "sha"}), optional)
        self._write(request, fields, None)
        head = self.repo.head(fields.get("branch") or self.repo.default_branch)
        return JSONResponse({"content": None, "commit": self.wire.commit(head)})

    def _write(self, request: Request, fields: Mapping[str, object], content: bytes | None) -> tuple[str, bool]:
        path = request.path_params["path"].strip("/")
        if path.startswith(FOLDER):
            check(request.state.token, {"workflows": "write"})
        branch = str(fields.get("branch") or self.repo.default_branch)
        existed = path in self.repo.head(branch).files
        author = fields.get("author") or fields.get("committer") or {}
        if not isinstance(author, dict) or (author and not {"name", "email"} <= author.keys()):
            raise Refusal(422, "Invalid request.\n\nauthor needs name and email.")
        sha = fields.get("sha")
        commit = self.repo.write(
            path,
            content,
            branch=branch,
            sha=str(sha) if sha is not None else None,
            message=str(fields["message"]),
            author={"name": str(author["name"]), "email": str(author["email"])} if author else {},
        )
        self.actions.pushed(branch, commit, path)
        return path, existed
