"""What a checkout's git remote says of its GitHub repository, by git's own word."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from deploybook.checkout.git_remote import github_repository


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", "-C", str(folder), *words], check=True, capture_output=True)


@pytest.mark.parametrize(
    ("address", "repository"),
    [
        ("https://github.com/acme/studio.git", "acme/studio"),
        ("https://x-access-token:hunter2@github.com/acme/studio", "acme/studio"),
        ("git@github.com:acme/studio.web.git", "acme/studio.web"),
        ("ssh://git@github.com/acme/studio/", "acme/studio"),
        ("https://gitlab.com/acme/studio.git", ""),
        ("/srv/git/github.com/acme/studio.git", ""),
    ],
)
def test_the_repository_is_that_of_the_remote_origin(tmp_path: Path, address: str, repository: str) -> None:
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "remote", "add", "origin", address)
    assert github_repository(tmp_path) == repository


def test_a_folder_without_a_remote_says_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    assert github_repository(tmp_path) == ""


def test_without_git_nothing_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert github_repository(tmp_path) == ""
