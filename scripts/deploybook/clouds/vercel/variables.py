"""The project's production variables: what the contract sends to Vercel, and nothing of others touched."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from deploybook.clouds import dashboards
from deploybook.clouds.resource import Change, Resource, VaultValues
from deploybook.clouds.times import from_milliseconds
from deploybook.clouds.vercel.fingerprints import FORM, comment_for, matches
from deploybook.clouds.vercel.schema import VariableAnswer
from deploybook.contract.consumers import ConsumerVariable
from deploybook.errors import VerificationFailed
from deploybook.state.last_writes import LastWrites

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.clouds.vercel.client import Vercel
    from deploybook.clouds.vercel.project import ProjectState

PRODUCTION = "production"
# What is said of a secret whose value anybody in the team can read.
READABLE = "not sensitive"
# What is said of a value that another clone wrote from a vault that holds another one.
ANOTHER_VAULTS = "another vault's"
Entries = list[VariableAnswer]


class Variables(Resource[Entries]):
    """The wanted variables, for production only: sensitive where secret. Differences are named, values never shown.

    Each carries its fingerprint, the others too: a team's policy may store every variable as sensitive. The comment with the
    fingerprint is the mark of one write. ``last_writes`` remembers the mark and the time of ours: another time under our mark is an
    edit in the dashboard; another mark with the same value is the same write from another clone; another mark with another value was
    written by a vault that holds another value.
    """

    kind: ClassVar[str] = "Vercel variables"
    provider: ClassVar[str] = "vercel"
    absent_entry: ClassVar[str] = "vercel-variables"
    drift_entry: ClassVar[str] = "vercel-variables"

    def __init__(
        self, name: str, project: ProjectState, wanted: Mapping[str, ConsumerVariable], last_writes: LastWrites
    ) -> None:
        self.name = name
        self.deleted_with = self.within = ("Vercel project", name)
        self._project = project
        self._wanted = dict(wanted)
        self._last_writes = last_writes
        self._entries: Entries | None = None

    def page(self, clouds: Connections, state: Entries) -> str:
        """The project's variables."""
        del state
        return dashboards.vercel(clouds, self.name, "settings", "environment-variables")

    def known(self, state: Entries | None, vault_values: VaultValues) -> bool:
        """The vault holds the project's id."""
        del state
        recorded = vault_values.get("VERCEL_PROJECT_ID")
        return recorded is not None and bool(self._project.id) and recorded.get_secret_value() == self._project.id

    def want(self, wanted: Mapping[str, ConsumerVariable]) -> Variables:
        """The same variables with others wished for; what was read stays read."""
        self._wanted = dict(wanted)
        return self

    def read(self, clouds: Connections) -> Entries | None:
        """Operation filterProjectEnvs, once; None if none of the wanted names is there."""
        if self._entries is None:
            self._entries = clouds.vercel.variables(self._project.id) if self._project.id else []
        return self._entries if any(entry.key in self._wanted for entry in self._entries) else None

    def differences(self, state: Entries) -> list[Change]:
        """One change for each variable that is missing, differs, or is set for another target."""
        problems = {name: self._judge(state, variable) for name, variable in self._wanted.items()}
        return [
            Change(name, problem, "set for production", theirs=problem.startswith(ANOTHER_VAULTS))
            for name, problem in problems.items()
            if problem
        ]

    def create(self, clouds: Connections) -> Entries:
        """Set all of them in one request (operation createProjectEnv with upsert)."""
        return self._set(clouds, list(self._wanted))

    def update(self, clouds: Connections, state: Entries, changes: list[Change]) -> Entries:
        """Set those that differ; an entry that serves other targets too keeps its value there."""
        names = [change.field for change in changes]
        for entry in state:
            if entry.key in names and PRODUCTION in entry.targets:
                self._detach_targets(clouds.vercel, entry)
        return self._set(clouds, names)

    def delete(self, clouds: Connections, state: Entries) -> None:
        """Remove the wanted ones, from production alone."""
        for entry in state:
            if entry.key in self._wanted and entry.targets == (PRODUCTION,):
                clouds.vercel.delete_variable(self._project.id, entry.id)
        self.forget()

    def forget(self) -> None:
        """Forget when they were written."""
        for name in self._wanted:
            self._last_writes.forget(_key(name))

    def planned(self) -> Entries:
        """Nothing is there yet."""
        return []

    def differ(self) -> bool:
        """Whether a variable, as last read or set, is not as wished."""
        return bool(self.differences(self._entries or []))

    @property
    def changed_at(self) -> int:
        """When the newest of the wanted variables was written, in milliseconds since the epoch; 0 if none is there.

        What is set for other targets reaches no production deployment, and does not count.
        """
        serving = [entry for entry in self._entries or [] if entry.key in self._wanted and _serves(entry)]
        return max((int(entry.updated or 0) for entry in serving), default=0)

    def leftovers(self) -> list[str]:
        """Production variables that the contract does not know (any more): for the operator to judge."""
        names = {entry.key for entry in self._entries or [] if PRODUCTION in entry.targets and entry.type != "system"}
        return sorted(names - set(self._wanted))

    def verify(self, vercel: Vercel) -> str:
        """Look again, after writing, and raise VerificationFailed naming the first variable that is otherwise."""
        if self._entries is None:
            self._entries = vercel.variables(self._project.id)
        changes = self.differences(self._entries)
        if changes:
            raise VerificationFailed(
                f"Vercel: {changes[0].field} is {changes[0].old}.",
                "Run deploybook run vercel --mode apply.",
                "vercel-variables",
                expected="set for production, as in the vault",
                found=", ".join(f"{change.field} {change.old}" for change in changes),
            )
        others = self.leftovers()
        leftovers = f"; not in the contract, and left: {', '.join(others)}" if others else ""
        return f"{len(self._wanted)} for production{leftovers}"

    def _judge(self, entries: Entries, wanted: ConsumerVariable) -> str:
        mine = [entry for entry in entries if entry.key == wanted.name]
        serving = [entry for entry in mine if _serves(entry)]
        if not serving:
            elsewhere = sorted({target for entry in mine for target in entry.targets})
            return f"set for {', '.join(elsewhere)} only" if elsewhere else "missing"
        entry = serving[0]
        if entry.targets != (PRODUCTION,):
            return f"set for {', '.join(entry.targets)}"
        if entry.type == "sensitive":
            return self._judge_hidden(entry, wanted)
        if entry.value != wanted.value.get_secret_value():
            return self._written_by_another_vault(entry, wanted) or "different"
        return READABLE if wanted.secret else ""

    def _detach_targets(self, vercel: Vercel, entry: VariableAnswer) -> None:
        others = [target for target in entry.targets if target != PRODUCTION]
        if others:
            vercel.retarget_variable(self._project.id, entry.id, others)
        elif (entry.type == "sensitive") != self._wanted[entry.key].secret:
            # A variable that is there becomes neither sensitive nor readable: Vercel's documentation has it removed and added.
            vercel.delete_variable(self._project.id, entry.id)

    def _judge_hidden(self, entry: VariableAnswer, wanted: ConsumerVariable) -> str:
        if not matches(entry.comment, wanted.value):
            return self._written_by_another_vault(entry, wanted) or "different"
        record = self._last_writes.get(_key(wanted.name))
        ours = record.get("comment") == entry.comment
        edited = ours and record["updatedAt"] != entry.updated_text
        return "edited elsewhere since it was set" if edited else ""

    def _written_by_another_vault(self, entry: VariableAnswer, wanted: ConsumerVariable) -> str:
        """When another clone wrote another value than this vault's; empty if the last write was this clone's, or a person's."""
        comment, record = entry.comment, self._last_writes.get(_key(wanted.name))
        marks = {record.get("comment"), record.get("begun")}
        same_moment = record.get("updatedAt") == entry.updated_text
        if comment in marks or same_moment or not FORM.fullmatch(comment):
            return ""
        at = from_milliseconds(entry.updated)
        return f"{ANOTHER_VAULTS}, written {at:%Y-%m-%d %H:%M} UTC" if at else ANOTHER_VAULTS

    def _set(self, clouds: Connections, names: list[str]) -> Entries:
        bodies = [_body(self._wanted[name]) for name in names]
        for body in bodies:
            # Whoever is killed before the answer must know this write for its own.
            record = self._last_writes.get(_key(body["key"]))
            self._last_writes.put(_key(body["key"]), record | {"begun": body["comment"]})
        created = clouds.vercel.put_variables(self._project.id, bodies)
        # What was written is looked at again before anything is said of it; the answer may leave out fields.
        self._entries = clouds.vercel.variables(self._project.id)
        written = {entry.key for entry in created}
        for entry in self._entries:
            if entry.key in written and entry.targets == (PRODUCTION,):
                mark = {"updatedAt": entry.updated_text, "comment": entry.comment}
                self._last_writes.put(_key(entry.key), mark)
        return self._entries


def _body(wanted: ConsumerVariable) -> dict[str, Any]:
    return {
        "key": wanted.name,
        "value": wanted.value.get_secret_value(),
        "type": "sensitive" if wanted.secret else "plain",
        "target": [PRODUCTION],
        "comment": comment_for(wanted.value),
    }


def _serves(entry: VariableAnswer) -> bool:
    return PRODUCTION in entry.targets and not entry.git_branch


def _key(name: str) -> str:
    return f"vercel:variable:{name}"
