"""The contract's variables as tables: all of them, those of one service, and each with its form."""

from __future__ import annotations

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.contract.validation import operator_values
from deploybook.guide.guide import Guide
from deploybook.guide.markdown import code, table

CHECKLIST = "DEPLOY_PROD_CHECKLIST.md"
REFERENCE = "reference/variables.md"


def tracking_table(guide: Guide) -> str:
    """Variable, produced by, consumers, secret, description: one row for each, in the contract's order."""
    rows = []
    for variable in guide.contract.variables:
        name, producer, secrecy, purpose = columns(guide, variable)
        rows.append([name, producer, _places(guide.contract, variable), secrecy, purpose])
    return table(("Variable", "Produced by", "Set at", "Secret", "What it is"), rows)


def columns(guide: Guide, variable: Variable) -> tuple[str, str, str, str]:
    """What a table tells of a variable: its name, its producer, whether it is secret, what it is."""
    return _name(variable), _producer(guide.contract, variable), _secrecy(variable), variable.description


def service_tables(guide: Guide) -> str:
    """The variables to set, by place."""
    consumers = guide.contract.consumers
    return "\n".join(f"### {consumer.plain_title}\n\n{service_table(guide, consumer.name)}" for consumer in consumers)


def service_table(guide: Guide, consumer: str) -> str:
    """The variables to set at one consumer."""
    rows = [
        [_name(variable), _producer(guide.contract, variable), _secrecy(variable), variable.description]
        for variable in guide.contract.consumed_by(consumer)
    ]
    return table(("Variable", "Produced by", "Secret", "What it is"), rows)


def every_variable(guide: Guide) -> str:
    """Each variable under a heading of its own, so that it can be linked to."""
    return "\n".join(_described(guide.contract, variable) for variable in guide.contract.variables)


def needs_and_produces(guide: Guide, slug: str) -> str:
    """Two lines for the head of a section; names link to the reference."""
    needs, produces = guide.contract.needed_by(slug), guide.contract.produced_by(slug)
    lines = [
        f"**Needs** {_names(needs) or 'nothing from other sections'}.",
        f"**Produces** {_names(produces) or 'no variable'}.",
    ]
    credentials = guide.contract.credentials_for(slug)
    if credentials:
        lines.insert(1, f"**Your own credentials:** {', '.join(code(credential.name) for credential in credentials)}.")
    if own := operator_values(guide.contract, [slug]):
        lines.insert(1, f"**Your own values:** {_names(own)}.")
    return "\n\n".join(lines) + "\n"


def own_values(guide: Guide) -> str:
    """The values that only the operator has: what each is, where it is got, the command that puts it into the vault."""
    own = [variable for variable in guide.contract.variables if variable.from_operator]
    if not own:
        return "None: the sections make every value that the application needs, and the contract holds those that never change.\n"
    rows = [
        [
            _name(variable),
            variable.description,
            variable.made_at,
            code(f"deploybook env set {variable.name} --environment <ENVIRONMENT>"),
        ]
        for variable in own
    ]
    return table(("Variable", "What it is", "Where it is got", "Put it into the vault"), rows)


def _described(contract: Contract, variable: Variable) -> str:
    facts = [
        f"Produced by: {_producer(contract, variable)}",
        f"Set at: {_places(contract, variable)}",
        f"Secret: {_secrecy(variable)}",
    ]
    if variable.from_operator:
        facts.append(f"Where it is got: {variable.made_at}")
    if variable.section or variable.optional or variable.from_operator:
        facts += [f"Form: {code(variable.pattern)}", f"Example: {code(variable.example)}"]
    listed = "\n".join(f"- {fact}" for fact in facts)
    return f"### {variable.name}\n\n{variable.description}\n\n{listed}\n"


def _places(contract: Contract, variable: Variable) -> str:
    return ", ".join(contract.consumer(name).title for name in variable.consumers)


def _producer(contract: Contract, variable: Variable) -> str:
    if variable.section:
        return f"[{contract.section(variable.section).title}]({CHECKLIST}#{variable.section})"
    if variable.same_as:
        return f"same as `{variable.same_as}`"
    if variable.value is not None:
        return f"fixed: {code(variable.value)}"
    if variable.credential:
        return f"[you]({CHECKLIST}#credentials)"
    if variable.from_operator:
        return f"[you]({CHECKLIST}#own-values)"
    return "optional: you"


def _name(variable: Variable) -> str:
    return f"[`{variable.name}`]({REFERENCE}#{variable.name.lower()})"


def _names(variables: list[Variable]) -> str:
    return ", ".join(_name(variable) for variable in variables)


def _secrecy(variable: Variable) -> str:
    return "**yes**" if variable.secret else "no"
