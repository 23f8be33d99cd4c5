"""Keeps what providers answered a run: a file for each kind of answer, in the form of ``tests/answers/recorded/``."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx

from deploybook import http
from deploybook.recordings.replacing import REPLACED, Replacer
from deploybook.redact import MASK, Redactor

# The folder in which a run keeps the answers; none are kept where it is not set.
FOLDER_VARIABLE = "DEPLOYBOOK_RECORD"
# Of one connection, or a credential.
LEFT_OUT = frozenset({"connection", "content-encoding", "content-length", "date", "keep-alive", "transfer-encoding"})
# The paths of Modal's gRPC are its methods', and hold nothing of the operator's.
NAMELESS = frozenset({"Modal"})
MASKED = frozenset({"set-cookie", "authorization"})


class Recording:
    """The answers of one section's run. A file is written once: of answers of one kind the first is kept.

    ``chosen`` are the names and ids to replace wherever they stand (``replacing``); secrets are the redactor's.
    """

    def __init__(self, folder: Path, origin: str, chosen: Iterable[str], redactor: Redactor) -> None:
        self._folder = folder
        self._origin = origin
        self._replacer = Replacer(chosen, redactor)
        self._kept: set[tuple[str, ...]] = set()
        # A section's independent requests go out together.
        self._lock = threading.Lock()

    def take(self, request: httpx.Request, response: httpx.Response) -> None:
        """Keep an answer to a request of a provider's client; ``response`` has been read."""
        service, operation = request.extensions.get(http.OPERATION_EXTENSION, ("", ""))
        if not service:
            return
        with self._lock:
            exchange = self._exchange(service, request, response)
            kind = (service, *kind_of(exchange), *sorted(fields_of(exchange.get("json"))))
            if kind in self._kept:
                return
            self._kept.add(kind)
            recorded = {
                "case": f"{service} is asked to {self._replacer.text(operation)}, and answers {response.status_code}.",
                "source": f"deploybook record, {self._origin}, {datetime.now(UTC):%Y-%m-%d}",
                "operation": "",
                "exchanges": [exchange],
                "expected": {},
            }
            self._write(
                service.lower(), "-".join(kind_of(exchange)), json.dumps(recorded, indent=1, ensure_ascii=False)
            )

    def _exchange(self, service: str, request: httpx.Request, response: httpx.Response) -> dict[str, Any]:
        path = request.url.path
        exchange = {
            "method": request.method,
            "path": path if service in NAMELESS else self._replacer.path(path),
            "status": response.status_code,
            "headers": {
                name: MASK if name in MASKED else self._replacer.text(value)
                for name, value in response.headers.items()
                if name not in LEFT_OUT
            },
        }
        try:
            return exchange | {"json": self._replacer.body(response.json())}
        except ValueError:
            return exchange | ({"text": self._replacer.text(response.text)} if response.content else {})

    def _write(self, provider: str, name: str, text: str) -> None:
        folder = self._folder / provider
        folder.mkdir(parents=True, exist_ok=True)
        stem = re.sub(r"[^\w.-]+", "-", name).strip("-").lower()
        for number in range(1, len(self._kept) + 100):
            try:
                with (folder / f"{stem}{f'-{number}' if number > 1 else ''}.json").open("x", encoding="utf-8") as file:
                    file.write(f"{text}\n")
                return
            except FileExistsError:
                # Another answer of the operation, or another section's.
                continue


def begin(origin: str, chosen: Callable[[], Iterable[str]], redactor: Redactor) -> None:
    """Keep the answers from now on, if this process has a folder for them; else end what another section has begun.

    ``chosen`` gives the names and ids to replace; it is called only where answers are kept.
    """
    folder = os.environ.get(FOLDER_VARIABLE)
    http.show_answers_to(Recording(Path(folder), origin, chosen(), redactor).take if folder else None)


def kind_of(exchange: dict[str, Any]) -> tuple[str, str, str]:
    """Method, path and status of an exchange; what was replaced in the path is ``x``."""
    parts = ("x" if REPLACED.search(part) else part for part in exchange["path"].split("/"))
    return exchange["method"], "/".join(parts).lstrip("/"), str(exchange["status"])


def fields_of(value: Any, at: str = "") -> set[str]:
    """The fields of a body, each with the JSON type of its value: ``result[].id string``."""
    if isinstance(value, dict):
        return {f"{at} object"}.union(
            *(fields_of(item, f"{at}.{_field(key)}".lstrip(".")) for key, item in value.items())
        )
    if isinstance(value, list):
        return {f"{at} array"}.union(*(fields_of(item, f"{at}[]") for item in value))
    return {f"{at} {_type_of(value)}"}


def _field(key: str) -> str:
    return "*" if REPLACED.search(key) else key


def _type_of(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return {str: "string", int: "number", float: "number", type(None): "null"}[type(value)]
