"""The sandbox against Vercel's own description: nothing described is left out, and what is beyond it is known."""

from __future__ import annotations

import re
from typing import Any

import pytest

from deploybook.sandbox.vercel.routes import OPERATIONS

# What the CLI asks for and the description doesn't have (other versions of described paths apart).
BEYOND = {
    ("GET", "/env/pull/{idOrName}"),
    ("GET", "/env/pull/{idOrName}/{target}"),
    ("GET", "/env/pull/{idOrName}/{target}/{branch}"),
    ("GET", "/projects/{idOrName}/custom-environments"),
    ("GET", "/deployments/{id}/builds"),
    ("GET", "/now/deployments/{idOrUrl}/events"),
    ("GET", "/now/deployments/{id}/aliases"),
    ("DELETE", "/now/deployments/{id}"),
    ("GET", "/now/aliases"),
    ("POST", "/projects/{projectId}/rollback/{deploymentId}"),
    ("POST", "/projects/{idOrName}/link"),
    ("DELETE", "/projects/{idOrName}/link"),
}


def test_every_described_operation_is_there(description: Any) -> None:
    if description is None:
        pytest.skip("../shared/specs is absent: the description cannot be compared")
    served = {(one.method, path) for one in OPERATIONS for path in one.paths}
    assert description.operations() - served == set()


def test_what_is_beyond_the_description_is_known(description: Any) -> None:
    if description is None:
        pytest.skip("../shared/specs is absent: the description cannot be compared")
    described = {(method, "/" + path.split("/", 2)[2]) for method, path in description.operations()}
    served = {(one.method, re.sub(r"^/v\d+", "", path)) for one in OPERATIONS for path in one.paths}
    assert served - described == BEYOND


def test_an_answer_that_breaks_the_description_would_be_seen(vercel: Any) -> None:
    if vercel.description is None:
        pytest.skip("../shared/specs is absent: the description cannot be compared")
    answer = vercel.api.post("/v11/projects", json={"name": "web"})
    answer._content = answer.content.replace(b'"accountId"', b'"account"')
    with pytest.raises(Exception, match="accountId"):
        vercel.description(answer)
