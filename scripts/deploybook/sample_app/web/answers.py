"""The four shapes of the application's error bodies, each with the routes that answer so, and its successes."""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse


def done(**data: Any) -> JSONResponse:
    """``{success: true, data}``."""
    return JSONResponse({"success": True, "data": data})


def storage_error(status: int, message: str, details: dict[str, list[str]] | None = None) -> JSONResponse:
    """``{success: false, error: {message, details?}}``: the storage routes."""
    error = {"message": message} | ({"details": details} if details else {})
    return JSONResponse({"success": False, "error": error}, status)


def api_error(status: int, code: str, message: str, details: dict[str, list[str]] | None = None) -> JSONResponse:
    """``{success: false, error: {code, message, details?}}``: ingest, assets, edit, render."""
    error = {"code": code, "message": message} | ({"details": details} if details else {})
    return JSONResponse({"success": False, "error": error}, status)


def plain_error(code: int, message: str, **more: Any) -> JSONResponse:
    """``{error, …}``: the routes of jobs, and the webhook."""
    return JSONResponse({"error": message, **more}, code)


async def json_body(request: Request) -> Any:
    """The body's JSON. Raises ValueError for what is none."""
    try:
        return await request.json()
    except RecursionError:
        raise ValueError("the JSON is nested too deeply") from None


def by_path(problems: ValidationError, union: str = "") -> dict[str, list[str]]:
    """The messages by the path of the field, such as ``audio.url``; ``union`` is a field of several forms."""
    details: dict[str, list[str]] = {}
    for problem in problems.errors():
        path = list(problem["loc"])
        if path[:1] == [union]:
            # pydantic puts the form's name into the path, and the application does not.
            del path[1:2]
        if problem["type"].startswith("union_tag"):
            path.append("type")
        details.setdefault(".".join(map(str, path)) or "root", []).append(problem["msg"])
    return details


def as_issues(problems: ValidationError) -> str:
    """The problems in one string of JSON, as the application gives them where it has no ``details``."""
    issues = [
        {"path": list(error["loc"]), "message": error["msg"], "code": error["type"]} for error in problems.errors()
    ]
    return json.dumps(issues, indent=2)
