"""Cloudflare's REST API, the part that R2 needs. Wire formats: Cloudflare API v4 description, by operation."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.api import Api
from deploybook.clouds.credentials import endpoint, required, secret
from deploybook.clouds.refusals import Refusal
from deploybook.errors import NotFound, ServiceError, Unauthorized, UnexpectedResponse
from deploybook.state.pins import Account

API_URL = "https://api.cloudflare.com/client/v4"
TOKENS_A_PAGE = 50
# A token that is not even of the right form is answered 400 with "Invalid request headers".
REFUSALS = (Refusal(Unauthorized, code="6003"),)


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
    _own_token: dict[str, Any] | None = None

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
        details = self._result("read the account", "GET", self._account)
        return Account(id=self.account_id, name=str(details["name"]))

    def verify_token(self) -> dict[str, Any]:
        """The operator's own token: ``{id, status, owner}`` with owner ``accounts/<id>`` or ``user``.

        Operations account-api-tokens-verify-token and user-api-tokens-verify-token: each refuses the other kind.
        """
        if self._own_token is None:
            self._own_token = self._verify_token()
        return self._own_token

    def token_policies(self, owner: str, token_id: str) -> list[dict[str, Any]]:
        """The policies of one token, each ``{effect, resources, permission_groups: [{id, name}]}``."""
        token = self._result("read the token's permissions", "GET", f"{owner}/tokens/{token_id}")
        policies: list[dict[str, Any]] = token["policies"]
        return policies

    def permission_group(self, name: str) -> str:
        """The id of a permission group, looked up by its name (ids are not to be hard-coded)."""
        if name not in self._groups:
            path = f"{self._account}/tokens/permission_groups"
            groups = self._result("list the permission groups", "GET", path, params={"name": name})
            self._groups |= {group["name"]: group["id"] for group in groups}
        if name not in self._groups:
            raise UnexpectedResponse(
                "Cloudflare",
                "list the permission groups",
                f"Cloudflare has no permission group named {name}.",
                "Enable R2 first.",
            )
        return self._groups[name]

    def tokens(self) -> Iterator[dict[str, Any]]:
        """Every account-owned token, without values (account-api-tokens-list-tokens, ``page`` and ``per_page``)."""
        page, seen = 1, 0
        while True:
            params = {"page": page, "per_page": TOKENS_A_PAGE}
            body = self._envelope("list the tokens", "GET", f"{self._account}/tokens", params=params)
            yield from body["result"]
            seen += len(body["result"])
            if not body["result"] or seen >= (body.get("result_info") or {}).get("total_count", seen):
                return
            page += 1

    def create_token(self, name: str, policies: list[dict[str, Any]], not_before: str = "") -> dict[str, Any]:
        """Make an account-owned token, good from ``not_before`` (ISO 8601) if that is set; ``value`` is shown only in this result."""
        body = {"name": name, "policies": policies} | ({"not_before": not_before} if not_before else {})
        made: dict[str, Any] = self._result(f"create the token {name}", "POST", f"{self._account}/tokens", json=body)
        return made

    def update_token(self, token_id: str, name: str, policies: list[dict[str, Any]]) -> None:
        """Replace a token's policies and make it active; its value stays."""
        body = {"name": name, "policies": policies, "status": "active"}
        self._result(f"update the token {name}", "PUT", f"{self._account}/tokens/{token_id}", json=body)

    def roll_token(self, token_id: str) -> SecretStr:
        """Give a token a new value, shown only here; its id, and so the S3 access key id, stays."""
        # The answer's result is a bare string, not an object.
        return SecretStr(self._result("roll the token", "PUT", f"{self._account}/tokens/{token_id}/value", json={}))

    def delete_token(self, token_id: str) -> None:
        """Remove a token."""
        self._result("delete the token", "DELETE", f"{self._account}/tokens/{token_id}")

    def buckets(self) -> list[dict[str, Any]]:
        """The first page of buckets: enough to prove that R2 is enabled and the token may read it."""
        buckets: list[dict[str, Any]] = self._result("list the buckets", "GET", f"{self._account}/r2/buckets")[
            "buckets"
        ]
        return buckets

    def bucket(self, name: str) -> dict[str, Any] | None:
        """One bucket ``{name, location, …}``, or None."""
        return self._or_none(f"read the bucket {name}", f"{self._account}/r2/buckets/{name}")

    def create_bucket(self, name: str, location: str) -> dict[str, Any]:
        """Make a bucket; ``location`` is a hint (``weur`` …), empty for none."""
        body = {"name": name} | ({"locationHint": location} if location else {})
        made: dict[str, Any] = self._result(
            f"create the bucket {name}", "POST", f"{self._account}/r2/buckets", json=body
        )
        return made

    def delete_bucket(self, name: str) -> None:
        """Remove an empty bucket; one with objects in it is a Conflict."""
        self._result(f"delete the bucket {name}", "DELETE", f"{self._account}/r2/buckets/{name}")

    def cors_rules(self, bucket: str) -> list[dict[str, Any]] | None:
        """The bucket's CORS rules, or None if it has no policy (or is not there)."""
        policy = self._or_none(f"read the CORS rules of {bucket}", f"{self._account}/r2/buckets/{bucket}/cors")
        return None if policy is None else policy.get("rules", [])

    def put_cors_rules(self, bucket: str, rules: list[dict[str, Any]]) -> None:
        """Replace all CORS rules of a bucket; an empty list removes the policy."""
        path, operation = f"{self._account}/r2/buckets/{bucket}/cors", f"set the CORS rules of {bucket}"
        if rules:
            self._result(operation, "PUT", path, json={"rules": rules})
        else:
            self._result(operation, "DELETE", path)

    def _verify_token(self) -> dict[str, Any]:
        try:
            return {**self._result("verify the token", "GET", f"{self._account}/tokens/verify"), "owner": self._account}
        except ServiceError as account_refusal:
            if account_refusal.status not in {400, 401, 403, 404}:
                raise
            try:
                return {**self._result("verify the token", "GET", "/user/tokens/verify"), "owner": "/user"}
            except ServiceError:
                raise account_refusal from None

    @property
    def _account(self) -> str:
        return f"/accounts/{self.account_id}"

    def _envelope(self, operation: str, method: str, path: str, **options: Any) -> dict[str, Any]:
        body: dict[str, Any] = self.api.json(operation, method, path, **options)
        if not body.get("success"):
            code, message = _explain(body)
            raise UnexpectedResponse(
                "Cloudflare", operation, f"Cloudflare could not {operation}: {message} (code {code}).", code=code
            )
        return body

    def _result(self, operation: str, method: str, path: str, **options: Any) -> Any:
        return self._envelope(operation, method, path, **options)["result"]

    def _or_none(self, operation: str, path: str) -> dict[str, Any] | None:
        try:
            result: dict[str, Any] = self._result(operation, "GET", path)
        except NotFound:
            return None
        return result
