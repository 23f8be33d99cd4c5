"""From what fails to its cause: which of the claims that do not hold come of another, and which entry tells how to fix it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from deploybook.contract.model import Contract
from deploybook.diagnosis.observations import Diagnosis, Observation
from deploybook.guide.entries import Entry, speaking_for

# The steps of an observation that ends its section.
STOPPING = frozenset({"preflight", "error"})


@dataclass(frozen=True)
class Cause:
    """One thing that is wrong: its entry, the sections of the service at fault, the evidence, and the consequences."""

    entry: Entry
    sections: tuple[str, ...]
    evidence: tuple[Observation, ...]
    consequences: tuple[Observation, ...] = ()


def set_aside(entries: dict[str, Entry], diagnosis: Diagnosis) -> Diagnosis:
    """The diagnosis without the sections that stopped for want of something that the operator gives: nothing is known to be wrong there.

    Such an error leads to an entry with nothing to diagnose. It is why the section was not examined, and no cause.
    """
    stopped = {
        observation.section: observation
        for observation in diagnosis.observations
        if observation.failed and observation.step in STOPPING and _is_refusal(entries, observation)
    }
    kept = tuple(
        observation for observation in diagnosis.observations if stopped.get(observation.section) is not observation
    )
    reasons = {slug: observation.detail or observation.claim for slug, observation in stopped.items()}
    hints = {slug: observation.hint for slug, observation in stopped.items() if observation.hint}
    return replace(diagnosis, observations=kept, left_out={**diagnosis.left_out, **reasons}, remedies=hints)


def _is_refusal(entries: dict[str, Entry], observation: Observation) -> bool:
    entry = entries.get(observation.entry)
    return entry is not None and "at-the-command" in entry.marks


def causes(contract: Contract, entries: dict[str, Entry], observations: Sequence[Observation]) -> list[Cause]:
    """The causes, in the contract's order. Raises KeyError for a failure that leads to no entry: the tests see that there is none.

    Of a section that stands on one that fails, only what no other section can bring about is a cause: the rest may come of it, and
    shows once that is fixed.
    """
    failed = [observation for observation in observations if observation.failed]
    broken = {observation.section for observation in failed}
    suspect = {slug for slug in broken if not _is_told_by_variables(entries, slug, failed)}
    result: dict[str, list[Observation]] = {}
    for slug in contract.order():
        own = [observation for observation in failed if observation.section == slug]
        if _explained(contract, slug, broken):
            own = [observation for observation in own if _is_its_own(contract, observation, suspect)]
        for entry, evidence in _of_section(entries, own) if own else ():
            result.setdefault(entry, []).extend(evidence)
    explained = {id(observation) for evidence in result.values() for observation in evidence}
    rest = tuple(observation for observation in failed if id(observation) not in explained)
    return [
        Cause(
            entries[entry], tuple(dict.fromkeys(observation.section for observation in evidence)), tuple(evidence), rest
        )
        for entry, evidence in result.items()
    ]


def _explained(contract: Contract, slug: str, broken: set[str]) -> bool:
    """Whether a section's failures may come of another that is broken: one that it stands on.

    A check of the whole application feels every fault, and names the cause of none that a section can see: it may come of any section
    that does not come after it.
    """
    others = broken - {slug}
    if contract.checks_the_whole(slug):
        return any(slug not in contract.all_before(other) for other in others)
    return bool(others.intersection(contract.all_before(slug)))


def _is_told_by_variables(entries: dict[str, Entry], slug: str, failed: Sequence[Observation]) -> bool:
    """Whether all that is wrong with a section is how variables stand at its service: what it recorded itself is not in doubt."""
    own = [observation for observation in failed if observation.section == slug]
    return not any(observation.step in STOPPING for observation in own) and bool(_spoken(entries, own))


def _is_its_own(contract: Contract, observation: Observation, suspect: set[str]) -> bool:
    """Whether a section has this fault whatever is wrong with those that it stands on.

    Its provider was asked before anything else and refused; an edge stands in front of the app; or a variable is at the provider
    otherwise than in the vault, and it is not one that a suspect section has to record first.
    """
    if observation.variable:
        return contract.variable(observation.variable).section not in suspect
    return observation.step == "preflight" or bool(observation.obstacle)


def _of_section(entries: dict[str, Entry], failed: Sequence[Observation]) -> Iterable[tuple[str, list[Observation]]]:
    """The causes within one section: what stops its runbook, else each variable by the entry that speaks for it, else the first claim."""
    stopping = [observation for observation in failed if observation.step in STOPPING]
    if stopping:
        return [(stopping[0].entry, [stopping[0]])]
    if spoken := _spoken(entries, failed):
        return list(spoken.items())
    first = next(observation for observation in failed if not observation.variable)
    return [(first.entry, [first])]


def _spoken(entries: dict[str, Entry], failed: Sequence[Observation]) -> dict[str, list[Observation]]:
    """The variables that differ, by the entry that speaks for each."""
    spoken: dict[str, list[Observation]] = {}
    for observation in failed:
        if observation.variable and (entry := observation.entry or _speaking(entries, observation)):
            spoken.setdefault(entry, []).append(observation)
    return spoken


def _speaking(entries: dict[str, Entry], observation: Observation) -> str:
    entry = speaking_for(entries, observation.variable, observation.consumer)
    return entry.id if entry else ""
