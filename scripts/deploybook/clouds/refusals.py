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
    "Not the API has answered but what stands in front of it: a firewall, a proxy or a CDN. "
    "Try again later or from another network."
)
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
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
    return "html" in response.headers.get("content-type", "").lower()


def page_title(response: httpx.Response) -> str:
    """What an answer that is no JSON says: the title of a page, else the beginning of a text."""
    match = _TITLE.search(response.text)
    text = match[1] if match else "" if is_page(response) else response.text
    return " ".join(_CONTROL.sub(" ", text).split())[:LONGEST_REASON]


def otherwise(response: httpx.Response) -> Refusal:
    """The refusal where a table has no row for it; a page says nothing about a credential, a name or a limit of the API's."""
    if is_page(response):
        return Refusal(UnexpectedResponse, IN_FRONT)
    return Refusal(BY_STATUS.get(response.status_code, UnexpectedResponse))
