"""All that a run needs from the operator, looked at before the first request: every problem at once, each with where it comes from."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from deploybook.contract.definitions import Credential, Variable
from deploybook.contract.parameters import Parameter
from deploybook.contract.validation import (
    DEFAULT_ENVIRONMENT,
    broken,
    in_environment,
    obtain,
    operator_values,
    repair,
    set_command,
)
from deploybook.errors import InvalidValue, MissingVariable
from deploybook.runbook.modes import Mode
from deploybook.runner.plan import Plan

# Which kind of thing is missing: what is to be done about all of one kind is one sentence.
CREDENTIAL, PARAMETER, OWN_VALUE, MADE_VALUE, BROKEN_VALUE = range(5)


@dataclass(frozen=True)
class Problem:
    """One input that is missing or malformed: what is wrong, which sections need it, where it comes from, and what to do."""

    kind: int
    message: str
    hint: str
    sections: tuple[str, ...] = ()
    source: str = ""
    entry: str = MissingVariable.entry_default
    malformed: bool = False
    # The credential, the parameter or the variable that it is about.
    name: str = ""

    def line(self) -> str:
        """One line for the operator."""
        needed = f" ({', '.join(self.sections)})" if self.sections else ""
        return f"{self.message}{needed}." + (f" From: {self.source}." if self.source else "")


def refuse_incomplete(plan: Plan, source_problems: Mapping[str, str] = MappingProxyType({})) -> None:
    """Raise one error that names every missing or malformed input of the plan's sections; a dry run needs none.

    ``source_problems`` says, by credential, why the source that the settings name did not give it.
    """
    problems = list(find_problems(plan, source_problems))
    if not problems:
        return
    kind = InvalidValue if all(problem.malformed for problem in problems) else MissingVariable
    if len(problems) == 1:
        raise kind(f"{problems[0].message}.", problems[0].hint, problems[0].entry)
    lines = "".join(f"\n  {line}" for line in [*(problem.line() for problem in problems), *_left_out(plan, problems)])
    message = f"{len(problems)} inputs are missing or malformed, and no request was sent:{lines}"
    raise kind(message, " ".join(_hints(plan, problems)), problems[0].entry)


def find_problems(plan: Plan, source_problems: Mapping[str, str] = MappingProxyType({})) -> list[Problem]:
    """Every missing or malformed credential, parameter and value of the selected sections, in this order."""
    if plan.mode is Mode.DRY_RUN:
        return []
    return [*_credentials(plan, source_problems), *_parameters(plan), *_values(plan)]


def lacking(plan: Plan) -> list[Variable]:
    """The values that only the operator has, that this run needs, and that the vault does not hold."""
    if plan.mode not in {Mode.APPLY, Mode.VERIFY}:
        return []
    stored = plan.vault.all()
    return [variable for variable in operator_values(plan.contract, plan.order()) if variable.name not in stored]


def _credentials(plan: Plan, source_problems: Mapping[str, str]) -> Iterator[Problem]:
    for credential in plan.contract.credentials:
        readers = tuple(slug for slug in plan.order() if slug in credential.sections and _asks(plan, slug, credential))
        users = tuple(slug for slug in plan.order() if slug in credential.used_if_set)
        value = os.environ.get(credential.name, "")
        if value and (readers or users) and (problem := credential.problem(value)):
            hint = f"Run {type_command(credential.name)}, and paste the value from: {credential.made_at}."
            yield Problem(
                CREDENTIAL,
                f"{credential.name} {problem}",
                hint,
                readers,
                "",
                credential.entry,
                malformed=True,
                name=credential.name,
            )
        elif not value and readers and (not credential.optional or credential.name in source_problems):
            reason = source_problems.get(credential.name)
            message = f"{credential.name} is not set" + (f": {reason}" if reason else "")
            hint = (
                f"Run {type_command(credential.name)}, or {init_command(plan.environment)}: "
                "it says where each credential is made."
            )
            yield Problem(CREDENTIAL, message, hint, readers, credential.made_at, name=credential.name)


def _asks(plan: Plan, slug: str, credential: Credential) -> bool:
    """Whether the section needs the credential in this mode: to destroy, none that it only passes on to another provider."""
    if plan.mode is not Mode.DESTROY or plan.contract.provider(credential.provider).section == slug:
        return True
    passed_on = {
        name
        for consumer in plan.contract.consumers_set_by(slug)
        for name in (variable.name for variable in plan.contract.consumed_by(consumer.name) if variable.credential)
    }
    return credential.name not in passed_on


def _left_out(plan: Plan, problems: Sequence[Problem]) -> Iterator[str]:
    """An optional credential of a provider whose other credentials are missing: asked for beside them."""
    missing = {name for problem in problems if problem.kind == CREDENTIAL for name in problem.message.split()[:1]}
    providers = {credential.provider for credential in plan.contract.credentials if credential.name in missing}
    for credential in plan.contract.credentials:
        if credential.optional and credential.provider in providers and not os.environ.get(credential.name):
            yield f"{credential.name} is not set either, which is {credential.unset}. From: {credential.made_at}."


def _parameters(plan: Plan) -> Iterator[Problem]:
    for name, rule in plan.contract.parameters.items():
        lacking = [
            slug
            for slug in plan.order()
            if plan.mode in rule.required_to.get(slug, ()) and not _has(plan, slug, name, rule)
        ]
        if not lacking:
            continue
        instead = {rule.instead.get(slug, "") for slug in lacking}
        other = instead.pop() if len(instead) == 1 else ""
        message = f"Neither {name} nor {other} is set" if other else f"{name} is not set"
        hint = f"Set it with -p {name} {rule.example}, or run {init_command(plan.environment)}, which keeps it."
        entry = (
            rule.entries.get(lacking[0], MissingVariable.entry_default)
            if len(lacking) == 1
            else MissingVariable.entry_default
        )
        source = rule.description.rstrip(".")
        yield Problem(PARAMETER, message, hint, tuple(lacking), source, entry, name=name)


def _has(plan: Plan, slug: str, name: str, rule: Parameter) -> bool:
    parameters = plan.parameters.get(slug, {})
    other = rule.instead.get(slug, "")
    return bool(parameters.get(name) or parameters.get(other) or os.environ.get(other))


def _values(plan: Plan) -> Iterator[Problem]:
    """The vault's part: what a selected section makes is left to it in ``apply``, for it may be what repairs the value."""
    if plan.mode is Mode.DESTROY:
        return
    contract, environment, stored = plan.contract, plan.environment, plan.vault.all()
    made = _made(plan)
    takers: dict[str, list[str]] = {}
    for slug in plan.order():
        for name in contract.taken_by(slug):
            takers.setdefault(name, []).append(slug)
    unmade = [name for name in takers if contract.variable(name).section not in made]
    for variable in broken(contract, stored, unmade):
        problem = variable.problem(stored[variable.name].get_secret_value())
        message = f"{variable.name} in the vault of {environment} has the wrong form: {variable.name} {problem}"
        yield Problem(
            BROKEN_VALUE,
            message,
            repair(variable, environment),
            entry="invalid-value",
            malformed=True,
            name=variable.name,
        )
    if not plan.mode.checks:
        return
    for variable in lacking(plan):
        message = f"{variable.name} is not in the vault of {environment}, and only you can give it"
        hint = f"Run {set_command(variable.name, environment)}."
        yield Problem(OWN_VALUE, message, hint, (), variable.made_at, "not-in-the-vault", name=variable.name)
    for name in takers:
        variable = contract.variable(name)
        users = tuple(slug for slug in takers[name] if variable in contract.needed_by(slug))
        if users and name not in stored and variable.section not in made and not variable.optional:
            hint = obtain(variable, environment, users[0]) if variable.copied_from else _made_by(plan, [variable])
            message = f"{name} is not in the vault of {environment}"
            yield Problem(
                MADE_VALUE, message, hint, users, f"the {variable.section} section", "not-in-the-vault", name=name
            )


def _made(plan: Plan) -> set[str]:
    """The sections whose values this run makes itself."""
    return set(plan.sections) if plan.mode is Mode.APPLY else set()


def _made_by(plan: Plan, variables: Sequence[Variable]) -> str:
    sections = [slug for slug in plan.contract.order() if slug in {variable.section for variable in variables}]
    return f"Run deploybook run {' '.join(sections)} --mode apply{in_environment(plan.environment)} first."


def _hints(plan: Plan, problems: Sequence[Problem]) -> Iterator[str]:
    """What to do, one sentence for each kind of problem."""
    kinds = {problem.kind for problem in problems}
    if kinds & {CREDENTIAL, PARAMETER}:
        yield f"Run {init_command(plan.environment)}: it asks for what is missing, and checks all credentials."
    if OWN_VALUE in kinds:
        names = [variable.name for variable in lacking(plan)]
        yield f"Run {' && '.join(set_command(name, plan.environment) for name in names)}."
    if MADE_VALUE in kinds:
        # Committed settings and nothing else: most likely a new clone.
        if not plan.vault.all() and plan.layout.settings(plan.environment).exists():
            state = plan.layout.state.relative_to(plan.layout.root)
            yield f"If another checkout made {plan.environment}, copy its {state}/{plan.environment}.* here: they are not in git."
        stored = plan.vault.all().keys()
        needed = [variable for slug in plan.order() for variable in plan.contract.needed_by(slug)]
        unmade = [each for each in needed if each.name not in stored and each.section not in _made(plan)]
        if makers := [variable for variable in unmade if not variable.copied_from]:
            yield _made_by(plan, makers)
        yield from dict.fromkeys(problem.hint for problem in problems if problem.hint.startswith("Copy it"))
    yield from dict.fromkeys(problem.hint for problem in problems if problem.kind == BROKEN_VALUE)


def type_command(credential: str) -> str:
    """The line of a shell that reads a credential without echo, for this shell alone."""
    return f"read -rs {credential} && export {credential}"


def init_command(environment: str) -> str:
    """The command that asks for an environment's inputs."""
    return "deploybook init" + ("" if environment == DEFAULT_ENVIRONMENT else f" {environment}")
