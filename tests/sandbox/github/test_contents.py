"""Files and branches."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.sandbox.github.conftest import GitHub


def read(github: GitHub, path: str, **query: str) -> str:
    return base64.b64decode(github.api.get(f"{github.repo}/contents/{path}", params=query).json()["content"]).decode()


def test_the_repository_begins_with_one_commit_on_main(github: GitHub) -> None:
    branch = github.api.get(f"{github.repo}/branches/main").json()
    assert branch["commit"]["commit"]["parents"] == []
    assert read(github, "README.md") == "# Studio\n"
    assert [entry["name"] for entry in github.api.get(f"{github.repo}/contents").json()] == ["README.md"]


def test_a_new_file_is_201_and_a_changed_one_200(github: GitHub) -> None:
    created = github.push("one\n", "docs/a.md")
    assert created.status_code == 201
    sha = created.json()["content"]["sha"]
    assert sha == hashlib.sha1(b"blob 4\0one\n", usedforsecurity=False).hexdigest()
    changed = github.push("two\n", "docs/a.md", sha=sha)
    assert changed.status_code == 200
    assert changed.json()["commit"]["parents"][0]["sha"] == created.json()["commit"]["sha"]
    assert read(github, "docs/a.md") == "two\n"
    assert read(github, "docs/a.md", ref=created.json()["commit"]["sha"]) == "one\n"


def test_an_update_without_sha_is_422_and_with_a_stale_one_409(github: GitHub) -> None:
    first = github.push("one\n", "a.md").json()["content"]["sha"]
    without = github.push("two\n", "a.md")
    assert without.status_code == 422
    assert ('"sha" wasn\'t supplied' in without.json()["message"]) is True
    github.push("two\n", "a.md", sha=first)
    stale = github.push("three\n", "a.md", sha=first)
    assert stale.status_code == 409
    assert stale.json()["message"] == f"a.md does not match {first}"
    assert read(github, "a.md") == "two\n"


def test_a_create_with_sha_is_409(github: GitHub) -> None:
    assert github.push("x", "a.md", sha="0" * 40).status_code == 409


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"content": "YQ=="}, 422),
        ({"message": "m"}, 422),
        ({"message": "m", "content": "no base64!"}, 422),
        ({"message": "m", "content": "YQ==", "branch": "absent"}, 404),
        ({"message": "m", "content": "YQ==", "author": {"name": "A"}}, 422),
        ({"message": "m", "content": "YQ==", "colour": "blue"}, 422),
    ],
)
def test_a_bad_write_is_refused(github: GitHub, body: dict[str, object], status: int) -> None:
    assert github.api.put(f"{github.repo}/contents/a.md", json=body).status_code == status
    assert github.api.get(f"{github.repo}/contents/a.md").status_code == 404


def test_delete_wants_the_sha(github: GitHub) -> None:
    sha = github.push("one\n", "a.md").json()["content"]["sha"]
    path = f"{github.repo}/contents/a.md"
    assert github.api.request("DELETE", path, json={"message": "m"}).status_code == 422
    assert github.api.request("DELETE", path, json={"message": "m", "sha": "0" * 40}).status_code == 409
    gone = github.api.request("DELETE", path, json={"message": "m", "sha": sha})
    assert gone.status_code == 200
    assert gone.json()["content"] is None
    assert github.api.get(path).status_code == 404
    assert github.api.request("DELETE", path, json={"message": "m", "sha": sha}).status_code == 404


def test_a_branch_is_made_written_to_and_removed(github: GitHub) -> None:
    sha = github.api.get(f"{github.repo}/git/ref/heads/main").json()["object"]["sha"]
    made = github.api.post(f"{github.repo}/git/refs", json={"ref": "refs/heads/feature/x", "sha": sha})
    assert made.status_code == 201
    assert made.json()["ref"] == "refs/heads/feature/x"
    again = github.api.post(f"{github.repo}/git/refs", json={"ref": "refs/heads/feature/x", "sha": sha})
    assert again.status_code == 422
    assert again.json()["message"] == "Reference already exists"
    assert github.push("x", "a.md", branch="feature/x").status_code == 201
    assert github.api.get(f"{github.repo}/contents/a.md").status_code == 404
    assert read(github, "a.md", ref="feature/x") == "x"
    assert [branch["name"] for branch in github.api.get(f"{github.repo}/branches").json()] == ["feature/x", "main"]
    assert github.api.delete(f"{github.repo}/git/refs/heads/feature/x").status_code == 204
    assert github.api.get(f"{github.repo}/git/ref/heads/feature/x").status_code == 404
