"""The repository's Actions secrets and its workflow file."""

from __future__ import annotations

import difflib
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.github.client import GitHub
from deploybook.clouds.github.target import Target
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.clouds.times import WINDOW, moment
from deploybook.contract.consumers import ConsumerVariable
from deploybook.contract.definitions import Variable
from deploybook.errors import Conflict, InvalidValue, NotFound, PermissionDenied, ServiceError
from deploybook.layout import find_layout
from deploybook.redact import fingerprint
from deploybook.state.last_writes import LastWrites

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections

# Seen from the guide's checkout: a person who sets CI/CD up by hand copies the same file.
TEMPLATE = "runbooks/workflows/deploy.yml"
BRANCH_PLACEHOLDER = "<PRODUCTION_BRANCH>"
# The mark of a record whose write has not ended; its value is the time at which the write began.
WRITING = "writing"
# What GitHub answers where the file is otherwise than the request says: created meanwhile, changed meanwhile, or a protected branch.
CONTRADICTED = frozenset({409, 422})


class RepositorySecret(Resource[str]):
    """One Actions secret with the vault's value; its state is the time at which it was set.

    GitHub never shows a value. ``last_writes`` remembers the time of our own write and a salted fingerprint of what was written: another
    time means that somebody else wrote since. GitHub gives times in seconds, so a write within the same second goes unseen.
    """

    kind: ClassVar[str] = "GitHub secret"
    provider: ClassVar[str] = "github"
    credential: ClassVar[bool] = True
    absent_entry = drift_entry = "ci-secrets"

    def __init__(self, target: Target, name: str, pushed: ConsumerVariable | None, last_writes: LastWrites) -> None:
        if pushed and any(character.isspace() for character in pushed.value.get_secret_value()):
            raise InvalidValue(
                f"{name} contains white space.",
                "Enter it again, without the blank or line break that was pasted with it.",
            )
        self.name = f"{name} of {target.recorded}"
        self.variable = name
        self.waits_for = None if pushed else name
        self._repository = target.repository
        self._key = f"github:secret:{target.recorded}:{name}"
        self._pushed = pushed
        self._last_writes = last_writes

    def page(self, clouds: Connections, state: str) -> str:
        """The repository's Actions secrets."""
        del clouds, state
        return dashboards.github(self._repository, "settings", "secrets", "actions")

    def known(self, state: str | None, vault_values: VaultValues) -> bool:
        """This clone's record says that the last write was ours."""
        del vault_values
        return state is not None and self._last_writes.get(self._key).get("updated_at") == state

    def read(self, clouds: Connections) -> str | None:
        """By name."""
        return clouds.github.secret(self._repository, self.variable)

    def differences(self, state: str) -> list[Change]:
        """What our record says of the value."""
        record = self._last_writes.get(self._key)
        if not record:
            # Not known to be wrong, and not known to be right: apply writes it, verify can't tell.
            return [Change("value", f"set on {state}, not by this clone", "written", requested=True, unknown=True)]
        if WRITING in record:
            return [_unfinished(record[WRITING], state)]
        if record["updated_at"] != state:
            return [Change("value", f"set elsewhere since, on {state}", "the vault's", theirs=True)]
        assert self._pushed is not None
        same = record["fingerprint"] == fingerprint(self._pushed.value, record["salt"])
        return [] if same else [Change("value", "an older one", "the vault's")]

    def create(self, clouds: Connections) -> str:
        """Seal and set it, then remember when GitHub says that it was set."""
        assert self._pushed is not None
        # Read again after a kill in between, it says that the write may have been ours.
        begun = datetime.now(UTC).isoformat(timespec="seconds")
        self._last_writes.put(self._key, {"updated_at": "", "salt": "", "fingerprint": "", WRITING: begun})
        clouds.github.put_secret(self._repository, self.variable, self._pushed.value)
        updated_at = clouds.github.secret(self._repository, self.variable) or ""
        salt = secrets.token_hex(8)
        record = {"updated_at": updated_at, "salt": salt, "fingerprint": fingerprint(self._pushed.value, salt)}
        self._last_writes.put(self._key, record)
        return updated_at

    def update(self, clouds: Connections, state: str, changes: list[Change]) -> str:
        """The same request replaces it."""
        del state, changes
        return self.create(clouds)

    def delete(self, clouds: Connections, state: str) -> None:
        """Remove it; the next run of the workflow finds it empty."""
        del state
        clouds.github.delete_secret(self._repository, self.variable)
        self._last_writes.forget(self._key)

    def planned(self) -> str:
        """It has no time yet."""
        return ""

    def problem(self, listed: Mapping[str, str]) -> str:
        """What is wrong with it among the secrets that GitHub lists; empty if nothing is known to be."""
        if self.variable not in listed:
            return "missing"
        changes = self.differences(listed[self.variable])
        return changes[0].old if changes else ""


def _unfinished(begun: str, updated_at: str) -> Change:
    """What is there after a write of ours that was killed: its result, what was there before it, or what somebody has set long after it."""
    began, updated = moment(begun), moment(updated_at)
    if began and updated and updated - began > WINDOW:
        return Change("value", f"set elsewhere since, on {updated_at}", "the vault's", theirs=True)
    return Change("value", "a write by deploybook did not finish", "the vault's")


def repository_secrets(
    target: Target, wanted: Iterable[Variable], values: Mapping[str, ConsumerVariable], last_writes: LastWrites
) -> list[RepositorySecret]:
    """One resource for each variable that the contract sends to GitHub: each is made, left and removed for itself."""
    return [RepositorySecret(target, variable.name, values.get(variable.name), last_writes) for variable in wanted]


@dataclass(frozen=True)
class FileState:
    """A file as it is on the branch; ``commit`` is the one that wrote it in this run, else empty."""

    sha: str
    content: bytes
    commit: str = ""


class WorkflowFile(Resource[FileState]):
    """The deploy workflow on the production branch. Writing it is a push, which starts it."""

    kind: ClassVar[str] = "GitHub workflow"
    provider: ClassVar[str] = "github"
    absent_entry = drift_entry = "ci-workflow-file"

    def __init__(self, target: Target, path: str) -> None:
        self.name = f"{path} of {target.recorded}@{target.branch}"
        self.target = target
        self.path = path
        template = (find_layout().root / TEMPLATE).read_text(encoding="utf-8")
        self.content = template.replace(BRANCH_PLACEHOLDER, target.branch).encode()

    @property
    def file(self) -> str:
        """The name by which Actions knows the workflow."""
        return self.path.rpartition("/")[2]

    def page(self, clouds: Connections, state: FileState) -> str:
        """The runs of the workflow."""
        del clouds, state
        return dashboards.github(self.target.repository, "actions", "workflows", self.file)

    def read(self, clouds: Connections) -> FileState | None:
        """From the production branch."""
        return self._read(clouds.github)

    def differences(self, state: FileState) -> list[Change]:
        """How many lines are otherwise."""
        count = differing_lines(state.content, self.content)
        return [
            Change("content", f"{count} line{'s' * (count != 1)} differ{'s' * (count == 1)}", "as in the guide")
        ] * bool(count)

    def create(self, clouds: Connections) -> FileState:
        """Commit it."""
        return self._write(clouds.github, "Add the deploy workflow", "")

    def update(self, clouds: Connections, state: FileState, changes: list[Change]) -> FileState:
        """Commit it over what is there; what was there stays in the history."""
        del changes
        return self._write(clouds.github, "Set the deploy workflow back to the guide's", state.sha)

    def delete(self, clouds: Connections, state: FileState) -> str:
        """Commit its removal: pushes deploy nothing from then on."""
        message = "Remove the deploy workflow"
        clouds.github.delete_file(self.target.repository, self.path, self.target.branch, message, state.sha)
        return "its past runs stay in GitHub's list"

    def planned(self) -> FileState:
        """Its content is known in advance."""
        return FileState("", self.content)

    def _read(self, github: GitHub) -> FileState | None:
        file = github.file(self.target.repository, self.path, self.target.branch)
        return None if file is None else FileState(*file)

    def _write(self, github: GitHub, message: str, sha: str) -> FileState:
        where = (self.target.repository, self.path, self.target.branch)
        try:
            commit = github.put_file(*where, self.content, message, sha)
        except NotFound as error:
            # The answer to a classic token without the scope *workflow*, too (octokit/rest.js#368).
            if github.branch(self.target.repository, self.target.branch) is None:
                raise _refused(error, "Push the branch first, or set the right production_branch.") from None
            hint = "Give the token in GITHUB_TOKEN the scope workflow; one that is fine-grained, Workflows: read and write."
            raise _refused(error, hint, "ci-workflow-scope") from None
        except PermissionDenied as error:
            # A workflow is more than a file: GitHub's answer may name the one permission only.
            hint = "Edit the token in GITHUB_TOKEN and give it Contents: read and write and Workflows: read and write."
            raise _refused(error, hint, "ci-workflow-scope") from None
        except ServiceError as error:
            if error.status not in CONTRADICTED:
                raise
            return self._already_there(github, error)
        state = self._read(github)
        return replace(state or self.planned(), commit=commit)

    def _already_there(self, github: GitHub, error: ServiceError) -> FileState:
        """The file, if a first write whose answer was lost has put it there; else raise the refusal of the second one."""
        state = self._read(github)
        if state is None or state.content != self.content:
            hint = "If the branch is protected, bring the file in by a pull request; else run this again."
            raise _refused(error, hint) from None
        branch = github.branch(self.target.repository, self.target.branch)
        return replace(state, commit=branch.commit.sha if branch else "")


def differing_lines(present: bytes, wanted: bytes) -> int:
    """In how many lines two files differ; 0 only if they are the same."""
    old, new = (content.decode("utf-8", "replace").splitlines(keepends=True) for content in (present, wanted))
    blocks = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    count = sum(max(until - since, to - begin) for tag, since, until, begin, to in blocks if tag != "equal")
    return count or int(present != wanted)


def _refused(error: ServiceError, hint: str, entry: str = "ci-workflow-file") -> ServiceError:
    kind = Conflict if error.status in CONTRADICTED else type(error)
    return kind("GitHub", error.operation, error.message, hint, entry, error.status, error.code)
