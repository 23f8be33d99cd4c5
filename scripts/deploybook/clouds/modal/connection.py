"""The Modal SDK's client, connected with the operator's token, with time limits and errors of our own.

The SDK reads its configuration when it is imported, and its server's URL from the environment when it connects: both are settled
before, and it is imported at first use only.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.modal.refusals import modal_errors
from deploybook.clouds.modal.shown_answers import show_answers

if TYPE_CHECKING:
    import modal

Result = TypeVar("Result")
# The SDK alone would try for a minute.
CONNECT_SECONDS = 10.0
CALL_SECONDS = 60.0
# The modal command's own settings, by which an operator's shell would lead the SDK to another environment or workspace.
SET_FOR_THE_COMMAND = (
    "MODAL_PROFILE",
    "MODAL_ENVIRONMENT",
    "MODAL_OAUTH_REFRESH_TOKEN",
    "MODAL_OAUTH_CLIENT_ID",
    "MODAL_OAUTH_CLIENT_SECRET",
    "MODAL_OAUTH_JWT_KEY",
)


class Connection:
    """One connection to Modal, opened by the first call. Every method raises a ServiceError when Modal refuses or does not answer."""

    def __init__(self, token_id: str, token_secret: SecretStr, server_url: str, seconds: float) -> None:
        self.server_url = server_url
        self._token_id = token_id
        self._token_secret = token_secret
        self._seconds = seconds
        self._lock = threading.Lock()
        self._client: modal.Client | None = None

    def close(self) -> None:
        """Close the connection; the next call opens another."""
        client, self._client = self._client, None
        if client is not None and not client.is_closed():
            self._within("close the connection", client.__aexit__(None, None, None), self._seconds)

    def credentials(self) -> dict[str, str]:
        """The variables by which the modal command line finds the same server and the same workspace."""
        return {
            "MODAL_SERVER_URL": self.server_url,
            "MODAL_TOKEN_ID": self._token_id,
            "MODAL_TOKEN_SECRET": self._token_secret.get_secret_value(),
            "MODAL_CONFIG_PATH": os.devnull,
        }

    def run(
        self, operation: str, work: Callable[[modal.Client], Coroutine[Any, Any, Result]], seconds: float = CALL_SECONDS
    ) -> Result:
        """Do something with the SDK's client, connected if it is not yet, within a time limit."""
        http.refuse_after_stop()
        with self._lock:
            if self._client is None:
                self._settle_environment()
                self._client = self._within("answer", self._open(), self._seconds)
            client = self._client
        return self._within(operation, work(client), seconds)

    def _within(self, operation: str, work: Coroutine[Any, Any, Result], seconds: float) -> Result:
        """Wait for ``work`` in a thread of its own: a notebook's own thread has an event loop running already."""

        async def limited() -> Result:
            return await asyncio.wait_for(work, seconds)

        with modal_errors(operation, self.server_url, seconds), ThreadPoolExecutor(1) as pool:
            return pool.submit(asyncio.run, limited()).result()

    async def _open(self) -> modal.Client:
        import modal

        client = await modal.Client.from_credentials.aio(self._token_id, self._token_secret.get_secret_value())
        if http.shows_answers():
            # Of a connection's channel there is no public accessor; modal's version is pinned, and a test sees its answers.
            show_answers(await client._get_channel.aio(self.server_url))
        return client

    def _settle_environment(self) -> None:
        """What the SDK reads from the environment: the server, nothing that the operator set for the modal command, an end to waiting."""
        os.environ["MODAL_SERVER_URL"] = self.server_url
        os.environ["MODAL_CONFIG_PATH"] = os.devnull
        for name in SET_FOR_THE_COMMAND:
            os.environ.pop(name, None)
        os.environ.setdefault("MODAL_MAX_THROTTLE_WAIT", str(int(CALL_SECONDS)))
