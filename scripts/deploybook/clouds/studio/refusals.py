"""How a step that fails says it: what the application or R2 answered, what to do, and the entry that explains it."""

from __future__ import annotations

import re

import httpx

from deploybook.clouds.studio.client import Answer
from deploybook.errors import VerificationFailed

BUSY = frozenset({429, *range(500, 600)})
VERCEL_AGAIN = "deploybook run vercel --mode apply."
TURSO_ON_VERCEL = f"Compare DEPLOY_ENV, TURSO_DATABASE_URL and TURSO_AUTH_TOKEN on Vercel: {VERCEL_AGAIN}"
R2_ON_VERCEL = f"Compare the four R2 variables on Vercel: {VERCEL_AGAIN}"
SIGNED_ON_VERCEL = f"Set STORAGE_BACKEND=r2 for Production on Vercel, and deploy again: {VERCEL_AGAIN}"
IN_THE_CODE = "Fix it in the application's code, push it, and deploy again."
# How the sandbox begins what it says of what this machine does not have: a GPU, a browser, a program that an image installs.
NOT_RUN_HERE = "Not run here: "


def answered(message: str, answer: Answer, hint: str, entry: str) -> VerificationFailed:
    """A refusal by the web app, with its own words and status."""
    reason = f": {answer.error.rstrip('.')}" if answer.error else ""
    return VerificationFailed(f"{message}{reason} ({answer.status}).", hint, entry)


def stored(message: str, response: httpx.Response, hint: str, entry: str) -> VerificationFailed:
    """A refusal by R2, with its status and code; where R2 answers nobody for now, that says nothing of who signed the URL."""
    if response.status_code in BUSY:
        message = f"R2 did not answer a request to a URL that the web app on Vercel signed ({response.status_code})."
        return VerificationFailed(message, "Wait, then run this again.", "unexpected-response")
    code = re.search(r"<Code>([^<]+)</Code>", response.text)
    return VerificationFailed(f"{message} ({response.status_code}{', ' + code[1] if code else ''}).", hint, entry)


def job_routes_failed(message: str, answer: Answer) -> VerificationFailed:
    """A route that needs the job store answers 500: which of its reasons it is, by the application's words."""
    if "is not a constructor" in answer.error:
        return answered(message, answer, IN_THE_CODE, "job-routes")
    if "no such table" in answer.error:
        hint = "Deploy again, so that it makes the table: deploybook run vercel --mode apply -p redeploy true."
        return answered("The web app on Vercel has no jobs table", answer, hint, "database-schema")
    return answered(message, answer, TURSO_ON_VERCEL, "app-errors")
