"""Shows the recorder the answers that an S3 client gets from botocore, as it is shown those of the other clients."""

from __future__ import annotations

import re
import threading
from typing import Any
from urllib.parse import urlsplit

import httpx

from deploybook import http

# botocore has taken it off the body.
DECODED = frozenset({"content-encoding"})


def show_answers(s3: Any) -> None:
    """Have ``http.show_answer`` called with each answer to ``s3``; of an object's content nothing is shown."""
    # botocore tells of a request and of its answer in the thread that waits for it.
    sent = threading.local()

    def begun(request: Any, **_: Any) -> None:
        sent.method, sent.path = request.method, urlsplit(request.url).path

    def answered(event_name: str, response_dict: dict[str, Any] | None, **_: Any) -> None:
        if response_dict is None:
            return
        # ListObjectsV2 is shown as list objects v2.
        operation = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event_name.rpartition(".")[2]).lower()
        request = httpx.Request(
            sent.method,
            f"https://s3{sent.path}",
            extensions={http.OPERATION_EXTENSION: ("R2", operation)},
        )
        body = response_dict["body"]
        is_document = isinstance(body, bytes) and body.lstrip().startswith(b"<")
        response = httpx.Response(
            response_dict["status_code"],
            headers=[(name, value) for name, value in response_dict["headers"].items() if name.lower() not in DECODED],
            content=body if is_document else b"",
        )
        http.show_answer(request, response)

    s3.meta.events.register_last("before-send.s3", begun)
    s3.meta.events.register_last("response-received.s3", answered)
