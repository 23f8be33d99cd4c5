"""Who may call which operation of GitHub's API, how often, and in which words the others are refused."""

from __future__ import annotations

import html
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from starlette.responses import HTMLResponse, Response

from deploybook.sandbox.core import api, paging
from deploybook.sandbox.core.limits import Limit, Verdict
from deploybook.sandbox.core.refusals import Refusal
from deploybook.sandbox.core.schema import Problem
from deploybook.sandbox.github.backend.actions import Actions
from deploybook.sandbox.github.schema import Views
from deploybook.sandbox.github.state.repository import Repository, invalid
from deploybook.sandbox.github.state.tokens import Token, Tokens

T = TypeVar("T")

# https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api
PRIMARY = Limit(5000, 3600)
CONTENT_CREATION = Limit(80, 60)
_VERSION = re.compile(r"20\d\d-\d\d-\d\d")
_OLDEST_VERSION = "2022-11-28"
# The repository in the path of any operation on one, of those that the sandbox lacks too.
_REPOSITORY = re.compile(r"/(?:repos/(?P<name>[^/]+/[^/]+)|repositories/(?P<id>\d+))")


@dataclass
class GitHub:
    """The account: one repository with its Actions, and the tokens for it."""

    tokens: Tokens
    repository: Repository
    actions: Actions


@dataclass(frozen=True)
class Needs:
    """The permissions that an operation asks of a token.

    ``page`` marks a web page, for which a person is signed in; ``public`` is for anybody who knows the address.
    """

    permissions: Mapping[str, str]
    page: bool = False
    public: bool = False


PAGE = Needs({}, page=True)
PUBLIC = Needs({}, public=True)


class Call(api.Call[GitHub, Token]):
    """A call of a token that may."""

    @property
    def views(self) -> Views:
        """Writes resources, with links to the address that the client called."""
        return Views(self.state.repository, str(self.request.base_url).rstrip("/"))

    def page(self, items: Sequence[T]) -> list[T]:
        """The items of ``page`` (``per_page`` 30, at most 100); a ``Link`` header goes on the answer where there are more pages."""
        size, number = min(self._positive("per_page", 30), 100), self._positive("page", 1)
        last = max(1, -(-len(items) // size))
        targets: dict[str, int] = {}
        if number > 1:
            targets |= {"prev": min(number - 1, last), "first": 1}
        if number < last:
            targets |= {"next": number + 1, "last": last}
        links = [
            f'<{self.request.url.include_query_params(page=target, per_page=size)}>; rel="{name}"'
            for name, target in targets.items()
        ]
        if links:
            self.headers["Link"] = ", ".join(links)
        return paging.numbered(items, number, size).items

    def _positive(self, name: str, default: int) -> int:
        text = self.query(name) or ""
        return int(text) if text.isdecimal() and int(text) > 0 else default


class GitHubApi(api.Api[Call]):
    """The API of ``api.github.com``, and the pages of ``github.com`` that the sandbox has."""

    kind = Call

    def admit(self, call: Call) -> Token:
        """Check the token, its limits, the repository and the permissions; a web page wants the operator's own."""
        needs: Needs = call.operation.needs or Needs({})
        tokens = call.state.tokens
        if needs.public:
            return tokens.operator
        if needs.page:
            return self._signed_in(call)
        token = self._authenticate(call)
        wanted = "; ".join(f"{name}={level}" for name, level in needs.permissions.items())
        call.headers["X-Accepted-GitHub-Permissions"] = wanted
        call.charge(PRIMARY, token.value)
        repository = call.state.repository
        if match := _REPOSITORY.match(call.request.url.path):
            _check_repository(call, token, match)
        check(token, needs.permissions)
        if repository.archived and "write" in needs.permissions.values():
            raise Refusal(403, "Repository was archived so is read-only.")
        if call.request.method != "GET":
            self._charge_content(token)
        return token

    def error(self, refusal: Refusal) -> Any:
        """``basic-error``."""
        return {
            "message": refusal.message,
            "documentation_url": "https://docs.github.com/rest",
            "status": str(refusal.status),
            **refusal.details,
        }

    def refuse(self, call: Call, refusal: Refusal) -> Response:
        """A refused page is HTML."""
        if call.operation.needs and call.operation.needs.page:
            return HTMLResponse(f"<!doctype html><title>{html.escape(refusal.message)}</title>", refusal.status)
        return super().refuse(call, refusal)

    def malformed(self, call: Call) -> Refusal:  # noqa: ARG002 - one voice
        """A body that is not JSON."""
        return Refusal(400, "Problems parsing JSON")

    def invalid(self, call: Call, problem: Problem) -> Refusal:  # noqa: ARG002
        """A body that breaks the schema."""
        if not problem.path:
            return Refusal(400, "Body should be a JSON object")
        reasons = {
            "missing": f'"{problem.path}" wasn\'t supplied.',
            "extra_forbidden": f'"{problem.path}" is not a permitted key.',
        }
        return invalid(
            reasons.get(problem.kind, f"For '{problem.path}', {problem.message[:1].lower()}{problem.message[1:]}.")
        )

    def limit_headers(self, verdict: Verdict) -> dict[str, str]:
        """The primary limit; ``reset`` is in seconds since the epoch."""
        headers = {
            "X-RateLimit-Limit": verdict.limit,
            "X-RateLimit-Remaining": verdict.remaining,
            "X-RateLimit-Used": verdict.limit - verdict.remaining,
            "X-RateLimit-Reset": int(time.time()) + verdict.reset,
            "X-RateLimit-Resource": "core",
            "X-GitHub-Request-Id": secrets.token_hex(16).upper(),
            "X-GitHub-Media-Type": "github.v3; format=json",
        }
        return {name: str(value) for name, value in headers.items()}

    def exceeded(self, limit: Limit, verdict: Verdict) -> Refusal:  # noqa: ARG002
        """The primary limit is used up."""
        return Refusal(429, "API rate limit exceeded")

    def _authenticate(self, call: Call) -> Token:
        request = call.request
        if not request.headers.get("user-agent"):
            raise Refusal(403, "Request forbidden by administrative rules. Please make sure your request has a "
                               "User-Agent header.")  # fmt: skip
        version = request.headers.get("x-github-api-version", _OLDEST_VERSION)
        if not _VERSION.fullmatch(version) or version < _OLDEST_VERSION:
            raise Refusal(400, f"{version} is not a supported version of the API")
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if not scheme:
            # To a stranger a private repository does not exist.
            reads_repository = request.method == "GET" and _REPOSITORY.match(request.url.path) is not None
            raise Refusal(404, "Not Found") if reads_repository else Refusal(401, "Requires authentication")
        token = call.state.tokens.find(value.strip()) if scheme.lower() in {"bearer", "token"} else None
        if token is None:
            raise Refusal(401, "Bad credentials")
        return token

    def _signed_in(self, call: Call) -> Token:
        """The operator, by the operator's token as a bearer or in the cookie ``user_session``."""
        value = call.bearer() or call.request.cookies.get("user_session", "")
        if call.state.tokens.find(value) is not call.state.tokens.operator:
            raise Refusal(401, "Sign in to GitHub")
        return call.state.tokens.operator

    def _charge_content(self, token: Token) -> None:
        verdict = self.windows.take((CONTENT_CREATION, token.value), CONTENT_CREATION)
        if not verdict.allowed:
            message = "You have exceeded a secondary rate limit. Please wait a few minutes."
            raise Refusal(429, message, headers={"Retry-After": str(verdict.reset)})


def _check_repository(call: Call, token: Token, match: re.Match[str]) -> None:
    """Refuse any repository but the one there is, redirect from its former names, and ask for single sign-on."""
    repository, url = call.state.repository, call.request.url
    if match["name"] and match["name"].lower() in repository.former_names:
        # https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#follow-redirects
        target = str(url.replace(path=f"/repositories/{repository.id}{url.path[match.end() :]}"))
        status = 301 if call.request.method == "GET" else 307
        raise Refusal(status, "Moved Permanently", headers={"Location": target}, url=target)
    if match["name"] and match["name"].lower() != repository.full_name.lower():
        raise Refusal(404, "Not Found")
    if match["id"] and int(match["id"]) != repository.id:
        raise Refusal(404, "Not Found")
    if repository.enforces_saml and token.value not in call.state.tokens.authorized:
        # pelikhan in gr2m/octokit-plugin-create-pull-request#67; the header: mcanouil/quarto-wizard#323.
        page = f"{call.views.base}/orgs/{repository.owner}/sso?authorization_request={secrets.token_hex(16)}"
        message = (
            "Resource protected by organization SAML enforcement. "
            "You must grant your Personal Access token access to this organization."
        )
        raise Refusal(403, message, headers={"X-GitHub-SSO": f"required; url={page}"})


def check(token: Token, permissions: Mapping[str, str]) -> None:
    """Refuse a token that lacks one of the permissions."""
    if not all(token.allows(name, level) for name, level in permissions.items()):
        raise (
            Refusal(404, "Not Found")
            if token.classic
            else Refusal(403, "Resource not accessible by personal access token")
        )
