"""Cloudflare's REST API, the part that R2 needs. Wire formats: Cloudflare API v4 description, by operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.answers import Many, absent
from deploybook.clouds.api import Api, part
from deploybook.clouds.credentials import endpoint, required, secret
from deploybook.clouds.paging import numbered
from deploybook.clouds.r2 import schema
from deploybook.clouds.refusals import Refusal
from deploybook.errors import NotFound, PermissionDenied, ServiceError, Unauthorized, UnexpectedResponse
from deploybook.state.pins import Account

API_URL = "https://api.cloudflare.com/client/v4"
TOKENS_A_PAGE = 50
# Of the jurisdictions of R2 those whose buckets another one does not show (Cloudflare docs, R2 → Data location).
JURISDICTIONS = ("eu", "us", "fedramp", "fedramp-high")
JURISDICTION_HEADER = "cf-r2-jurisdiction"
Shape = TypeVar("Shape")
# By Cloudflare's code, which says more than the status.
REFUSALS = (
    # A token that is not even of the right form: 400, "Invalid request headers".
    Refusal(Unauthorized, code="6003"),
    # "Invalid API Token" (401) and "Invalid access token" (403): nobody knows it. With the same 9109 a token that lives is refused what it
    # may not do: "Unauthorized to access requested resource" (cloudflare/terraform-provider-cloudflare#5114).
    Refusal(Unauthorized, code="1000"),
    Refusal(Unauthorized, code="9109", words="invalid access token"),
    # https://developers.cloudflare.com/fundamentals/api/how-to/restrict-tokens/: "Cannot use the access token from location: …".
    Refusal(
        PermissionDenied,
        "Let the token in CLOUDFLARE_API_TOKEN be used from there (Client IP Address Filtering), or run this from where it may be used.",
        "r2-token-address",
        code="9109",
        words="from location",
    ),
    # Making and changing account tokens is for Super Administrators, whatever the token is ticked for (cloudflare/cloudflare-docs#26550).
    Refusal(
        PermissionDenied,
        "Give the token in CLOUDFLARE_API_TOKEN the permissions that the prerequisites list, as a Super Administrator of the account.",
        "r2-super-administrator",
        code="9109",
    ),
)


def _explain(body: Any) -> tuple[str, str]:
    """Cloudflare's envelope: ``errors[].code`` (a number) and ``errors[].message``."""
    first = body["errors"][0]
    return str(first["code"]), str(first["message"])


@dataclass
class Cloudflare:
    """One account as one operator's token sees it. Every method raises a ServiceError when Cloudflare refuses."""

    api: Api
    account_id: str
    # What the preflight read and later steps use: nothing is read twice in a run.
    _groups: dict[str, str] = field(default_factory=dict)
    _own_token: schema.VerifiedToken | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Cloudflare:
        """Reads ``CLOUDFLARE_API_TOKEN``, ``CLOUDFLARE_ACCOUNT_ID`` and ``CLOUDFLARE_API_URL``."""
        token = secret(environ, "CLOUDFLARE_API_TOKEN")
        account = required(environ, "CLOUDFLARE_ACCOUNT_ID")
        headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
        client = http.open_client(endpoint(environ, "CLOUDFLARE_API_URL", API_URL), headers=headers)
        api = Api("Cloudflare", client, _explain, "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_API_URL", REFUSALS)
        return cls(api, account)

    def close(self) -> None:
        """Close the connections."""
        self.api.client.close()

    def account(self) -> Account:
        """The account that every request names; asks nothing."""
        return Account(id=self.account_id)

    def named_account(self) -> Account:
        """The account with its name (operation accounts-account-details); many tokens may not read it."""
        details = self._result(schema.Account, "read the account", "GET", self._account)
        return Account(id=self.account_id, name=details.name)

    def verify_token(self) -> schema.VerifiedToken:
        """The operator's own token.

        Operations account-api-tokens-verify-token and user-api-tokens-verify-token: each refuses the other kind. Raises Unauthorized if
        neither knows the token.
        """
        if self._own_token is None:
            self._own_token = self._verify_token()
        return self._own_token

    def token_policies(self, owner: str, token_id: str) -> tuple[schema.Policy, ...]:
        """The policies of one token."""
        return self._result(
            schema.Token, "read the token's permissions", "GET", f"{owner}/tokens/{part(token_id)}"
        ).policies

    def permission_group(self, name: str) -> str:
        """The id of a permission group, looked up by its name (ids are not to be hard-coded)."""
        if name not in self._groups:
            path = f"{self._account}/tokens/permission_groups"
            shape = schema.Envelope[Many[schema.PermissionGroup]]
            groups = self._envelope(shape, "list the permission groups", "GET", path, params={"name": name}).result
            self._groups |= {group.name: group.id for group in groups or () if group.id}
        if name not in self._groups:
            raise UnexpectedResponse(
                "Cloudflare",
                "list the permission groups",
                f"Cloudflare has no permission group named {name}.",
                "Enable R2 first.",
            )
        return self._groups[name]

    def tokens(self) -> Iterator[schema.Token]:
        """Every account-owned token, without values (account-api-tokens-list-tokens, ``page`` and ``per_page``)."""
        return numbered("Cloudflare", "list the tokens", self._tokens_page)

    def _tokens_page(self, page: int) -> tuple[tuple[schema.Token, ...], int]:
        params = {"page": page, "per_page": TOKENS_A_PAGE}
        shape = schema.Envelope[Many[schema.Token]]
        answer = self._envelope(shape, "list the tokens", "GET", f"{self._account}/tokens", params=params)
        full = answer.result_info.per_page if answer.result_info else None
        return answer.result or (), min(int(full or TOKENS_A_PAGE), TOKENS_A_PAGE)

    def create_token(self, name: str, policies: list[dict[str, Any]], not_before: str = "") -> schema.MadeToken:
        """Make an account-owned token, good from ``not_before`` (ISO 8601) if that is set; ``value`` is shown only in this result."""
        body = {"name": name, "policies": policies} | ({"not_before": not_before} if not_before else {})
        return self._result(schema.MadeToken, f"create the token {name}", "POST", f"{self._account}/tokens", json=body)

    def update_token(self, token_id: str, name: str, policies: list[dict[str, Any]]) -> None:
        """Replace a token's policies and make it active; its value stays."""
        body = {"name": name, "policies": policies, "status": "active"}
        self._done(f"update the token {name}", "PUT", f"{self._account}/tokens/{part(token_id)}", json=body)

    def roll_token(self, token_id: str) -> SecretStr:
        """Give a token a new value, shown only here; its id, and so the S3 access key id, stays."""
        # The answer's result is a bare string, not an object.
        path = f"{self._account}/tokens/{part(token_id)}/value"
        return SecretStr(self._result(str, "roll the token", "PUT", path, json={}))

    def delete_token(self, token_id: str) -> None:
        """Remove a token."""
        self._done("delete the token", "DELETE", f"{self._account}/tokens/{part(token_id)}")

    def buckets(self) -> tuple[schema.Bucket, ...]:
        """The first page of buckets: enough to prove that R2 is enabled and the token may read it."""
        return self._result(schema.Buckets, "list the buckets", "GET", f"{self._account}/r2/buckets").buckets

    def bucket(self, name: str, jurisdiction: str = "") -> schema.Bucket | None:
        """One bucket of a jurisdiction (none: the default one), or None: a bucket is not seen from another jurisdiction."""
        headers = {JURISDICTION_HEADER: jurisdiction} if jurisdiction else {}
        path = f"{self._account}/r2/buckets/{name}"
        try:
            return self._result(schema.Bucket, f"read the bucket {name}", "GET", path, headers=headers)
        except NotFound:
            return None

    def create_bucket(self, name: str, location: str) -> schema.Bucket:
        """Make a bucket; ``location`` is a hint (``weur`` …), empty for none."""
        body = {"name": name} | ({"locationHint": location} if location else {})
        return self._result(
            schema.Bucket, f"create the bucket {name}", "POST", f"{self._account}/r2/buckets", json=body
        )

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket; one with objects in it is a Conflict."""
        self._done(f"delete the bucket {name}", "DELETE", f"{self._account}/r2/buckets/{name}")

    def cors_rules(self, bucket: str) -> tuple[schema.CorsRule, ...] | None:
        """The bucket's CORS rules, or None if it has no policy (or is not there)."""
        path = f"{self._account}/r2/buckets/{bucket}/cors"
        try:
            return self._result(schema.Cors, f"read the CORS rules of {bucket}", "GET", path).rules
        except NotFound:
            return None

    def put_cors_rules(self, bucket: str, rules: Sequence[schema.CorsRule]) -> None:
        """Replace all CORS rules of a bucket; an empty list removes the policy."""
        path, operation = f"{self._account}/r2/buckets/{bucket}/cors", f"set the CORS rules of {bucket}"
        if rules:
            self._done(operation, "PUT", path, json={"rules": [rule.sent() for rule in rules]})
        else:
            self._done(operation, "DELETE", path)

    def _verify_token(self) -> schema.VerifiedToken:
        try:
            return self._verified(self._account)
        except ServiceError as account_refusal:
            if account_refusal.status not in {400, 401, 403, 404}:
                raise
            try:
                return self._verified("/user")
            except ServiceError as user_refusal:
                raise _unverified(account_refusal, user_refusal) from None

    def _verified(self, owner: str) -> schema.VerifiedToken:
        token = self._result(schema.VerifiedToken, "verify the token", "GET", f"{owner}/tokens/verify")
        return token.model_copy(update={"owner": owner})

    @property
    def _account(self) -> str:
        return f"/accounts/{self.account_id}"

    def _envelope(
        self, shape: type[schema.Envelope[Shape]], operation: str, method: str, path: str, **options: Any
    ) -> schema.Envelope[Shape]:
        answer = self.api.read(shape, operation, method, path, **options)
        if not answer.success:
            problem = next(iter(answer.errors), schema.Problem(message="no reason given"))
            message = f"Cloudflare could not {operation}: {problem.message} (code {problem.code})."
            raise UnexpectedResponse("Cloudflare", operation, message, code=str(problem.code))
        return answer

    def _result(self, shape: type[Shape], operation: str, method: str, path: str, **options: Any) -> Shape:
        result = self._envelope(schema.Envelope[shape], operation, method, path, **options).result  # type: ignore[valid-type]
        if result is None:
            raise absent("Cloudflare", operation, method, "result")
        return result

    def _done(self, operation: str, method: str, path: str, **options: Any) -> None:
        """A write whose result nobody needs."""
        self._envelope(schema.Envelope[Any], operation, method, path, **options)


def _unverified(account_refusal: ServiceError, user_refusal: ServiceError) -> ServiceError:
    """Which refusal counts where neither endpoint takes the token.

    *Authentication error* (403, 10000) is said of a token that may not do something, and of one that is dead. The other endpoint tells:
    if it does not know the token either (401, 1000), the token is dead (divinevideo/divine-mobile#4257).
    """
    if isinstance(user_refusal, Unauthorized):
        return user_refusal
    return user_refusal if isinstance(account_refusal, Unauthorized) else account_refusal
