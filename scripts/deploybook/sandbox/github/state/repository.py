"""The repository: branches, commits, files and Actions secrets, with the rules between them."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

from deploybook.sandbox.core.refusals import Refusal

_SECRET_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MOST_SECRETS = 100
_SECRET_BYTES = 48 * 1024
_numbers = itertools.count(secrets.randbelow(10**8) + 10**9)


def invalid(reason: str) -> Refusal:
    """422: a field of the body is missing, unknown or malformed."""
    return Refusal(422, f"Invalid request.\n\n{reason}")


def now() -> datetime:
    """The present, to the second."""
    return datetime.now(UTC).replace(microsecond=0)


def number() -> int:
    """A fresh numeric id, greater than those before it."""
    return next(_numbers)


def blob_sha(content: bytes) -> str:
    """Git's own name for a file's content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@dataclass(frozen=True)
class Commit:
    """A commit with all files of its tree."""

    sha: str
    tree: str
    message: str
    files: Mapping[str, bytes]
    parent: str | None
    author: Mapping[str, str]
    date: datetime


@dataclass
class Secret:
    """An Actions secret; only a run ever sees the value."""

    name: str
    value: str
    created_at: datetime = field(default_factory=now)
    updated_at: datetime = field(default_factory=now)


@dataclass
class Repository:
    """A private repository with one key pair for its secrets."""

    owner: str
    name: str
    default_branch: str = "main"
    archived: bool = False
    # Whether the organization wants each token authorized for its single sign-on.
    enforces_saml: bool = False
    former_names: set[str] = field(default_factory=set)
    id: int = field(default_factory=number)
    created_at: datetime = field(default_factory=now)
    branches: dict[str, Commit] = field(default_factory=dict)
    commits: dict[str, Commit] = field(default_factory=dict)
    secrets: dict[str, Secret] = field(default_factory=dict)
    private_key: PrivateKey = field(default_factory=PrivateKey.generate)
    key_id: str = field(default_factory=lambda: str(secrets.randbelow(9 * 10**17) + 10**17))

    def __post_init__(self) -> None:
        self._first_name = self.name
        self.clear()

    def clear(self) -> None:
        """One branch with one commit, and no secrets."""
        self.archived = self.enforces_saml = False
        self.name, self.former_names = self._first_name, set()
        self.branches.clear()
        self.commits.clear()
        self.secrets.clear()
        self.branches[self.default_branch] = self._commit({"README.md": b"# Studio\n"}, "Initial commit", None, {})

    @property
    def full_name(self) -> str:
        """``owner/name``."""
        return f"{self.owner}/{self.name}"

    def rename(self, name: str) -> None:
        """Give the repository another name; what is asked under the former one is redirected."""
        self.former_names.add(self.full_name.lower())
        self.name = name
        self.former_names.discard(self.full_name.lower())

    @property
    def public_key(self) -> str:
        """The key that clients seal secrets with, in base64."""
        return base64.b64encode(bytes(self.private_key.public_key)).decode()

    def head(self, branch: str) -> Commit:
        """The newest commit of a branch."""
        if branch not in self.branches:
            raise Refusal(404, f"Branch {branch} not found")
        return self.branches[branch]

    def resolve(self, ref: str) -> Commit:
        """The commit that a branch, ``refs/heads/…`` or a SHA means."""
        branch = ref.removeprefix("refs/heads/")
        commit = self.branches.get(branch) or self.commits.get(ref)
        if commit is None:
            raise Refusal(404, f"No commit found for the ref {ref}")
        return commit

    def write(
        self, path: str, content: bytes | None, *, branch: str, sha: str | None, message: str, author: Mapping[str, str]
    ) -> Commit:
        """Commit a file's new content, or its removal (``None``); an existing file must be named by its blob's SHA."""
        head = self.head(branch)
        old = head.files.get(path)
        if old is None and (content is None or any(name.startswith(f"{path}/") for name in head.files)):
            raise Refusal(404, "Not Found")
        if old is not None and sha is None:
            raise invalid('"sha" wasn\'t supplied.')
        if sha is not None and sha != (blob_sha(old) if old is not None else None):
            raise Refusal(409, f"{path} does not match {sha}")
        files = {name: blob for name, blob in head.files.items() if name != path}
        if content is not None:
            files[path] = content
        self.branches[branch] = self._commit(files, message, head.sha, author)
        return self.branches[branch]

    def _commit(
        self, files: Mapping[str, bytes], message: str, parent: str | None, author: Mapping[str, str]
    ) -> Commit:
        listing = "\n".join(f"{path} {blob_sha(content)}" for path, content in sorted(files.items()))
        tree = hashlib.sha1(listing.encode(), usedforsecurity=False).hexdigest()
        date = now()
        # A nonce, so that two equal commits within a second stay two.
        text = f"{tree}\n{parent}\n{date.isoformat()}\n{message}\n{secrets.token_hex(8)}"
        sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
        person = {"name": self.owner, "email": f"{self.owner}@users.noreply.github.com"} | dict(author)
        self.commits[sha] = Commit(sha, tree, message, dict(files), parent, person, date)
        return self.commits[sha]

    def secret(self, name: str) -> Secret:
        """A secret by its name, in any case."""
        if name.upper() not in self.secrets:
            raise Refusal(404, "Not Found")
        return self.secrets[name.upper()]

    def put_secret(self, name: str, sealed: bytes, key_id: str) -> bool:
        """Open the sealed box and keep the value; True if the name is new. What cannot be opened is refused."""
        if not _SECRET_NAME.fullmatch(name) or name.upper().startswith("GITHUB_"):
            raise Refusal(422, "Secret names can only contain alphanumeric characters and underscores, must not start "
                               "with a number, and must not start with GITHUB_")  # fmt: skip
        if key_id != self.key_id:
            raise Refusal(422, "Bad request: the key_id is not the repository's current public key")
        try:
            value = SealedBox(self.private_key).decrypt(sealed).decode()
        except (CryptoError, ValueError):
            raise Refusal(422, "Bad request: encrypted_value could not be decrypted with the public key") from None
        if len(value.encode()) > _SECRET_BYTES:
            raise Refusal(422, "Secret value is too large: 48 KB at most")
        existing = self.secrets.get(name.upper())
        if existing:
            existing.value, existing.updated_at = value, now()
            return False
        if len(self.secrets) >= _MOST_SECRETS:
            raise Refusal(422, f"A repository has {_MOST_SECRETS} secrets at most")
        self.secrets[name.upper()] = Secret(name.upper(), value)
        return True
