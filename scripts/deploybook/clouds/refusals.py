"""The table of a provider's refusals: which answer means what, what to do about it, and which entry explains it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import httpx

from deploybook.errors import (
    Conflict,
    NotFound,
    PermissionDenied,
    RateLimited,
    ServiceError,
    Unauthorized,
    UnexpectedResponse,
)

# What a status means where a provider's table says nothing else.
BY_STATUS: dict[int, type[ServiceError]] = {
    401: Unauthorized,
    403: PermissionDenied,
    404: NotFound,
    409: Conflict,
    429: RateLimited,
}
LONGEST_REASON = 200
# What to do about a page in place of an answer.
IN_FRONT = (
    "Something in front of the API answered: a firewall, a proxy or a CDN. Try again later or from another network."
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
# A page that says nothing of its type, and the bare sentence that Cloudflare's edge has for what is no browser
# (https://developers.cloudflare.com/support/troubleshooting/http-status-codes/cloudflare-1xxx-errors/).
_PAGE = re.compile(rb"\s*(<!doctype html|<html|<head|error code: \d{3,4}\s*$)", re.IGNORECASE)
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


@dataclass(frozen=True)
class Refusal:
    """One row. It fits an answer that has all of ``status``, ``code``, ``words`` and ``header``; what is empty fits any.

    ``words`` stand in the provider's sentence, in any case; ``header`` is the name of one that the answer has. ``hint`` may be made from
    the answer.
    """

    kind: type[ServiceError]
    hint: str | Callable[[httpx.Response], str] = ""
    entry: str = ""
    status: int = 0
    code: str = ""
    words: str = ""
    header: str = ""

    def fits(self, response: httpx.Response, code: str, message: str) -> bool:
        """Whether an answer is this refusal."""
        return (
            self.status in {0, response.status_code}
            and self.code in {"", code}
            and self.words.lower() in message.lower()
            and (not self.header or self.header in response.headers)
        )

    def advice(self, response: httpx.Response) -> str:
        """What to do about it."""
        return self.hint if isinstance(self.hint, str) else self.hint(response)


def is_page(response: httpx.Response) -> bool:
    """Whether an answer is a web page: then not the API has answered, but what stands in front of it."""
    return "html" in response.headers.get("content-type", "").lower() or _PAGE.match(response.content) is not None


def page_title(response: httpx.Response) -> str:
    """What an answer that is no JSON says: the title of a page, else the beginning of a text."""
    match = _TITLE.search(response.text)
    is_markup = "html" in response.headers.get("content-type", "").lower() or response.text.lstrip().startswith("<")
    text = match[1] if match else "" if is_markup else response.text
    return " ".join(_CONTROL.sub(" ", text).split())[:LONGEST_REASON]


def is_foreign(response: httpx.Response) -> bool:
    """Whether a refusal is none of the API's: a page, or a text that says there is nothing, such as a proxy's *404 page not found*.

    Every API here refuses in JSON, or says nothing at all. That there is nothing is a reason to make it, so only the API's word counts.
    """
    return is_page(response) or (response.status_code == httpx.codes.NOT_FOUND and not _is_json_or_empty(response))


def _is_json_or_empty(response: httpx.Response) -> bool:
    try:
        response.json()
    except ValueError:
        return not response.content.strip()
    return True


def otherwise(response: httpx.Response) -> Refusal:
    """The refusal where a table has no row for it; what is not the API's says nothing about a credential, a name or a limit of it."""
    if is_foreign(response):
        return Refusal(UnexpectedResponse, IN_FRONT)
    return Refusal(BY_STATUS.get(response.status_code, UnexpectedResponse))
