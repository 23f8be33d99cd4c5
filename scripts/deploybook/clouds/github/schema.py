"""What is read of GitHub's answers. Fields: GitHub's published description, version 2022-11-28, by operation."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any

from nacl.exceptions import CryptoError
from nacl.public import PublicKey
from pydantic import BeforeValidator, ConfigDict, model_validator

from deploybook.clouds.answers import Answer, Flag, Many, Name, Text
from deploybook.clouds.times import moment


def _decoded(text: Any) -> bytes:
    """Base64 with the line breaks that GitHub puts into it."""
    try:
        return base64.b64decode("".join(str(text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("it is not base64") from None


def _moment(text: Any) -> datetime | None:
    return moment(text) if isinstance(text, str) else None


def _sealing_key(text: Any) -> PublicKey:
    try:
        return PublicKey(_decoded(text))
    except (CryptoError, ValueError, TypeError):
        raise ValueError("it is not a Curve25519 public key") from None


Content = Annotated[bytes, BeforeValidator(_decoded)]


class Repository(Answer):
    """repos/get."""

    id: int
    full_name: Name
    private: Flag = False
    archived: Flag = False
    disabled: Flag = False
    default_branch: Text = ""


class Commit(Answer):
    """A commit, by its SHA."""

    sha: Name


class Branch(Answer):
    """repos/get-branch."""

    commit: Commit
    protected: Flag = False


class Secret(Answer):
    """A secret, and when it was set (ISO 8601); its value is never shown."""

    name: Name
    updated_at: Text = ""


class Secrets(Answer):
    """A page of secrets."""

    secrets: Many[Secret]


class SealingKey(Answer):
    """actions/get-repo-public-key."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    key_id: Name
    key: Annotated[PublicKey, BeforeValidator(_sealing_key)]


class File(Answer):
    """repos/get-content. A folder's answer is a list, and a large file's has no content: neither has an ``encoding`` of base64."""

    sha: Text = ""
    encoding: Text = ""
    content: Content = b""

    @model_validator(mode="before")
    @classmethod
    def _file(cls, answer: Any) -> Any:
        if isinstance(answer, list):
            return {}
        plain = isinstance(answer, dict) and answer.get("encoding") == "base64"
        return answer if plain or not isinstance(answer, dict) else {**answer, "content": ""}


class Written(Answer):
    """repos/create-or-update-file-contents."""

    commit: Commit


class Workflow(Answer):
    """actions/get-workflow."""

    name: Text = ""
    state: Name


class Run(Answer):
    """actions/get-workflow-run. ``conclusion`` is empty until ``status`` is *completed*."""

    id: int
    status: Text = ""
    conclusion: Text = ""
    html_url: Text = ""
    created_at: Annotated[datetime | None, BeforeValidator(_moment)] = None
    run_number: int = 0


class Runs(Answer):
    """A page of runs."""

    workflow_runs: Many[Run]


class Step(Answer):
    """A step of a job."""

    name: Text = ""
    conclusion: Text = ""


class Job(Answer):
    """A job of a run."""

    name: Text = ""
    conclusion: Text = ""
    steps: Many[Step] = ()


class Jobs(Answer):
    """A page of jobs."""

    jobs: Many[Job]
