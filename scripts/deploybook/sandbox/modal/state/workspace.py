"""One workspace: its operator's token, and all that is in it."""

from __future__ import annotations

import hmac

from deploybook.sandbox.modal.state.apps import Apps
from deploybook.sandbox.modal.state.artifacts import Artifacts
from deploybook.sandbox.modal.state.identifiers import object_id
from deploybook.sandbox.modal.state.namespace import Namespace


class Workspace(Namespace):
    """The named things, and the apps and artifacts that refer to them. ``web_base`` is the address of the web endpoints."""

    def __init__(self) -> None:
        self.token_id, self.token_secret = object_id("ak"), object_id("as")
        self.object_id = object_id("ac")
        self.web_base = ""
        self.clear()

    def clear(self) -> None:
        """Forget every resource; the operator's token and the address stay."""
        super().__init__()
        self.artifacts = Artifacts(self)
        self.apps = Apps(self, self.artifacts)

    def accepts(self, token_id: str, token_secret: str) -> bool:
        """Whether this is the operator's token."""
        sent, own = f"{token_id}:{token_secret}", f"{self.token_id}:{self.token_secret}"
        return hmac.compare_digest(sent.encode(), own.encode())
