"""What the contract says as diagrams, in Mermaid's language: the order of the sections, and the way of each variable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import fenced

# How a group of variables that no section makes is told of: by whoever gives them.
YOU, FIXED = "you", "fixed"


def order_diagram(guide: Guide) -> str:
    """The sections, each after those it needs. What follows from two other arrows has no arrow of its own."""
    contract = guide.contract
    after = _nearest({slug: contract.comes_after(slug) for slug in contract.order()})
    lines = [f'{slug}["{guide.number(slug)}. {_title(contract, slug)}"]' for slug in contract.order()]
    for slug, before in after.items():
        taken = contract.predecessors(slug)
        lines += [
            f"{earlier} {'-->' if earlier in taken else '-.->'} {slug}"
            for earlier in contract.order()
            if earlier in before
        ]
    description = "; ".join(
        f"{_title(contract, slug)} after {_titles(contract, before)}" for slug, before in after.items() if before
    )
    return _flowchart("TD", "The order of the sections", f"{description}.", lines)


def variables_diagram(guide: Guide) -> str:
    """Which section gives which variables to which places. Variables that go the same way stand together."""
    contract = guide.contract
    groups: dict[tuple[str, tuple[str, ...], bool], list[Variable]] = {}
    for variable in contract.variables:
        groups.setdefault((_giver(contract, variable), variable.consumers, variable.optional), []).append(variable)
    givers = dict.fromkeys(giver for giver, _, _ in groups)
    lines = [f'{_node("from", giver)}("{_giver_title(contract, giver)}")' for giver in givers]
    for number, ((giver, places, _), variables) in enumerate(groups.items()):
        lines.append(f'{_node("from", giver)} --> v{number}["{_listed(variables)}"]')
        lines += [f"v{number} --> {_node('to', place)}" for place in places]
    lines += [f'{_node("to", consumer.name)}("{consumer.plain_title}")' for consumer in contract.consumers]
    description = "; ".join(
        _way(contract, giver, places, variables) for (giver, places, _), variables in groups.items()
    )
    return _flowchart("LR", "Where each variable comes from, and where it is set", f"{description}.", lines)


def _flowchart(direction: str, title: str, description: str, lines: Iterable[str]) -> str:
    head = [f"flowchart {direction}", f"  accTitle: {title}", f"  accDescr: {description}"]
    return fenced("mermaid", "\n".join([*head, *(f"  {line}" for line in lines)]))


def _nearest(after: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Of those that come before each one, only those that come before none of the others."""
    reached: dict[str, set[str]] = {}
    for slug, before in after.items():
        reached[slug] = before.union(*(reached[earlier] for earlier in before))
    return {slug: before - set().union(*(reached[earlier] for earlier in before)) for slug, before in after.items()}


def _giver(contract: Contract, variable: Variable) -> str:
    section = contract.origin(variable).section
    if section:
        return section
    return FIXED if variable.value is not None else YOU


def _giver_title(contract: Contract, giver: str) -> str:
    return {YOU: "You", FIXED: "Fixed"}.get(giver) or _title(contract, giver)


def _listed(variables: list[Variable]) -> str:
    """Those of one group are all optional, or none is."""
    return "<br/>".join([variable.name for variable in variables] + ["(optional)"] * variables[0].optional)


def _way(contract: Contract, giver: str, places: Iterable[str], variables: Iterable[Variable]) -> str:
    names = ", ".join(f"{variable.name} (optional)" if variable.optional else variable.name for variable in variables)
    titles = ", ".join(contract.consumer(place).plain_title for place in places)
    return f"{names} from {_giver_title(contract, giver)} to {titles}"


def _node(kind: str, name: str) -> str:
    """A name that means nothing to Mermaid: a bare ``end`` would."""
    return f"{kind}_{name.replace(':', '_').replace('-', '_')}"


def _title(contract: Contract, slug: str) -> str:
    return contract.section(slug).title


def _titles(contract: Contract, slugs: Iterable[str]) -> str:
    return ", ".join(_title(contract, slug) for slug in contract.order() if slug in set(slugs))
