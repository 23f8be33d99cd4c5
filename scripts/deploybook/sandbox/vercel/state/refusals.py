"""Vercel's refusals: a status, a code in words, a sentence (https://vercel.com/docs/rest-api/errors)."""

from __future__ import annotations

from typing import Any

from deploybook.sandbox.core.refusals import Refusal


def bad_request(message: str, **details: Any) -> Refusal:
    """400 with Vercel's general code."""
    return Refusal(400, message, "bad_request", **details)


def not_found(message: str) -> Refusal:
    """404, as for every absent resource."""
    return Refusal(404, message, "not_found")


def conflict(message: str) -> Refusal:
    """409: the name is taken, or the resource is already so."""
    return Refusal(409, message, "conflict")


def forbidden(message: str = "Not authorized", **details: Any) -> Refusal:
    """403, which Vercel also answers to a missing or wrong token."""
    return Refusal(403, message, "forbidden", **details)


def git_source_refused(message: str) -> Refusal:
    """400 with the code for a repository, a branch or a commit that Vercel cannot read (saleor/cli#246)."""
    return Refusal(400, message, "incorrect_git_source_info")


def no_environment(name: str | None) -> Refusal:
    """400: the sandbox has no custom environments, for the operation that makes them answers 501."""
    return bad_request(f"The custom environment `{name}` does not exist.")
