"""What every rule is given: the application and the contract that deploys it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from deploybook.checks.app.parts import Application
from deploybook.checks.app.reads import Read
from deploybook.checks.finding import Finding, Severity
from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.runbook.app_settings import Ignored

MODAL = "modal:"
# What the runbook modal exports for `modal deploy` (runbooks/modal.ipynb, clouds/modal/app.py).
AT_DEPLOY = frozenset({"R2_ACCOUNT_ID", "R2_BUCKET_NAME", "R2_ENDPOINT", "MODAL_LABEL"})
WHERE = "runbooks/contract.toml"


@dataclass(frozen=True)
class Compared:
    """An application and the contract that deploys it."""

    app: Application
    contract: Contract
    ignored: Sequence[Ignored] = ()

    def accepts(self, rule: str, name: str, path: str) -> bool:
        """Whether the operator accepts a finding of the rule about this name in this file."""
        return any(line.accepts(rule, name, path) for line in self.ignored)

    def required(self, consumer: str) -> list[Variable]:
        """What the contract sets at a consumer and does not leave to choice."""
        return [variable for variable in self.contract.consumed_by(consumer) if not variable.optional]

    def knows(self, name: str, consumer: str) -> bool:
        """Whether a part may read the variable: it is set there, or the contract says that it may be left out."""
        return any(
            variable.name == name and (variable.optional or consumer in variable.consumers)
            for variable in self.contract.variables
        )

    def sent_to_modal(self) -> dict[str, set[str]]:
        """The keys of each of the workspace's secrets, by its name."""
        places = {
            place for variable in self.contract.variables for place in variable.consumers if place.startswith(MODAL)
        }
        return {
            place.removeprefix(MODAL): {variable.name for variable in self.contract.consumed_by(place)}
            for place in places
        }


def finding_of(
    reads: Iterable[Read],
    rule: str,
    message: str,
    hint: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    """One finding for all the places of one cause."""
    sorted_reads = sorted(reads, key=lambda read: (read.path, read.line))
    places = list(dict.fromkeys((read.path, read.line) for read in sorted_reads))
    names = tuple(sorted({read.name for read in sorted_reads if read.name}))
    (path, line), *others = places
    return Finding(path, line, rule, message, hint, severity, tuple(others), names)


def by_name(reads: Iterable[Read]) -> dict[str, list[Read]]:
    """The reads of each variable, in the order of their names."""
    names: dict[str, list[Read]] = {}
    for read in sorted(reads):
        names.setdefault(read.name, []).append(read)
    return names


def listed(words: Sequence[str], *, last: str = "and") -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return f"{', '.join(words[:-1])} {last} {words[-1]}" if len(words) > 1 else "".join(words)


def alike(name: str, names: Iterable[str]) -> str:
    """The question whether another name was meant, if there is one much like it."""
    matches = get_close_matches(name, sorted(names), 1, 0.8)
    return f"Did it mean {matches[0]}? " if matches else ""
