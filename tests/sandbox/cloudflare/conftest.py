"""A started Cloudflare, reset for each test, whose every answer is validated against Cloudflare's own description."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.conftest import SPECS
from tests.description import Answers, Operation

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox

ACCOUNT = "com.cloudflare.api.account"
BUCKET = "com.cloudflare.edge.r2.bucket"

# The description wants ``success`` both true and false in these refusals, which nothing satisfies.
UNSATISFIABLE = ("/client/v4/accounts", "/client/v4/user")


def undecidable(response: httpx.Response, _: Operation | None) -> bool:
    """Whether the description cannot judge it: what the sandbox has not, and a refusal that nothing satisfies."""
    path = response.request.url.path
    owners = path in UNSATISFIABLE or path.removeprefix("/client/v4/accounts/").count("/") == 0
    return response.status_code == 501 or (owners and response.is_error)


@dataclass
class Cloudflare:
    """The sandbox seen by a test."""

    api: httpx.Client
    account: str
    sandbox: RunningSandbox
    description: Answers | None
    opened: list[httpx.Client] = field(default_factory=list)

    @property
    def buckets(self) -> str:
        """The path of the buckets."""
        return f"/accounts/{self.account}/r2/buckets"

    @property
    def tokens(self) -> str:
        """The path of the account's tokens."""
        return f"/accounts/{self.account}/tokens"

    def client(self, value: str | None) -> httpx.Client:
        """Another client, with this token or none."""
        headers = {"Authorization": f"Bearer {value}"} if value is not None else {}
        hooks = self.api.event_hooks
        made = httpx.Client(base_url=self.api.base_url, headers=headers, event_hooks=hooks, trust_env=False)
        self.opened.append(made)
        return made

    def group(self, name: str) -> str:
        """The id of a permission group."""
        listed = self.api.get(f"{self.tokens}/permission_groups", params={"name": name}).json()["result"]
        return str(listed[0]["id"])

    def policy(self, *groups: str, resources: dict[str, Any] | None = None, effect: str = "allow") -> dict[str, Any]:
        """A policy as a request carries it, on the whole account unless told otherwise."""
        ids = [{"id": self.group(name)} for name in groups]
        chosen = resources or {f"{ACCOUNT}.{self.account}": "*"}
        return {"effect": effect, "resources": chosen, "permission_groups": ids}

    def on_bucket(self, name: str, jurisdiction: str = "default") -> dict[str, str]:
        """The resources of a policy for one bucket."""
        return {f"{BUCKET}.{self.account}_{jurisdiction}_{name}": "*"}

    def token(self, *groups: str, **changes: Any) -> dict[str, Any]:
        """A new token of the account, value included; it may do what ``groups`` say on the account or ``resources``."""
        policies = [self.policy(*groups, resources=changes.pop("resources", None))]
        answer = self.api.post(self.tokens, json={"name": "studio", "policies": policies} | changes)
        assert answer.status_code == 200, answer.text
        made: dict[str, Any] = answer.json()["result"]
        return made

    def bucket(self, name: str = "studio-audio", **headers: str) -> None:
        """A new bucket."""
        self.api.post(self.buckets, json={"name": name}, headers=headers).raise_for_status()


def code(answer: httpx.Response) -> tuple[int, int]:
    """Status and number of a refusal, whose envelope is checked on the way."""
    body = answer.json()
    assert body["success"] is False
    assert body["result"] is None
    return answer.status_code, body["errors"][0]["code"]


@pytest.fixture(name="code")
def code_reader() -> Callable[[httpx.Response], tuple[int, int]]:
    """Status and number of a refusal."""
    return code


@pytest.fixture(scope="session")
def cloudflare_description() -> Answers | None:
    """The description, or nothing where it is absent: then the answers are only not validated."""
    path = SPECS / "cloudflare.json"
    return Answers(path, elsewhere=undecidable) if path.is_file() else None


@pytest.fixture
def cloudflare(
    start_sandbox: Callable[..., RunningSandbox], cloudflare_description: Answers | None
) -> Iterator[Cloudflare]:
    """Cloudflare with no buckets and only the operators' tokens."""
    sandbox = start_sandbox("r2", "cloudflare")
    sandbox.reset()
    exports = sandbox.exports
    with httpx.Client(
        base_url=exports["CLOUDFLARE_API_URL"],
        headers={"Authorization": f"Bearer {exports['CLOUDFLARE_API_TOKEN']}"},
        event_hooks={"response": [cloudflare_description]} if cloudflare_description else {},
        trust_env=False,
    ) as api:
        made = Cloudflare(api, exports["CLOUDFLARE_ACCOUNT_ID"], sandbox, cloudflare_description)
        yield made
        for client in made.opened:
            client.close()
