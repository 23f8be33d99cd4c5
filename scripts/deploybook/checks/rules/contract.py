"""The contract: that it is one, and that code and notebooks go by it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.contract.definitions import Credential
from deploybook.contract.parameters import Parameter
from deploybook.errors import DeploybookError
from deploybook.runbook.notebook_file import parse_parameter

PATH = "runbooks/contract.toml"
_RANGE = re.compile(r"\b(\d+) to (\d+)\b")
# What ends a line or moves a cursor: C0 of ASCII.
_CONTROLS = [chr(code) for code in range(32)]
_UP_TO = re.compile(r"\bup to (\d+)\b")
_EXACTLY = re.compile(r"\bof (\d+) characters\b")


def _valid(tree: Tree) -> Iterator[Finding]:
    try:
        _ = tree.contract
    except DeploybookError as error:
        line = re.search(r"line (\d+)", str(error))
        named = re.search(r"\b([A-Z][A-Z0-9_]{3,}|section [a-z_]+)\b", str(error))
        place = int(line[1]) if line else tree.contract_line(named[1].removeprefix("section ")) if named else 1
        yield Finding(PATH, place, "contract-valid", str(error), error.hint)
        return
    try:
        _ = tree.parameters
    except (DeploybookError, ValueError, SyntaxError, KeyError) as error:
        yield Finding(
            "runbooks", 1, "contract-valid", f"a runbook's parameters cannot be read: {error}", "Correct the cell."
        )


def _parameters(tree: Tree) -> Iterator[Finding]:
    used = {name for declared in tree.parameters.values() for name in declared}
    for slug, parameters in tree.parameters.items():
        notebook = tree.notebooks[slug]
        for name, declared in parameters.items():
            line = notebook.line_of(f"{name}: ")
            if name not in tree.contract.parameters:
                hint = f"Write [parameters.{name}] in the contract."
                yield Finding(notebook.path, line, "parameter-rule", f"the parameter {name} has no rule", hint)
                continue
            if not declared.help:
                yield Finding(notebook.path, line, "parameter-rule", f"the parameter {name} has no help", "Add # help.")
            try:
                parse_parameter(tree.contract, declared, declared.default)
            except DeploybookError as error:
                yield Finding(notebook.path, line, "parameter-rule", f"a default breaks its rule: {error}", error.hint)
            yield from _mentioned(tree, notebook.path, line, name, declared.help)
    for name, rule in tree.contract.parameters.items():
        line = tree.contract_line(f"[parameters.{name}]")
        if name not in used:
            yield Finding(PATH, line, "parameter-rule", f"no runbook has the parameter {name}", "Take its rule out.")
        yield from _limits(name, rule, line)
    for name, placeholder in tree.contract.placeholders.items():
        if placeholder.pattern is not None:
            line = tree.contract_line(f"[placeholders.{name}]")
            yield from _pattern_limits(name, placeholder.pattern, placeholder.description, line)
    for name, pattern in _patterns(tree):
        if problem := _pattern_problem(pattern):
            hint = "Correct it: what is typed there goes into commands and onto terminals."
            yield Finding(
                PATH, tree.contract_line(f".{name}]"), "parameter-rule", f"the pattern of {name} {problem}", hint
            )


def _pattern_problem(pattern: str) -> str:
    try:
        allowed = next((control for control in _CONTROLS if re.fullmatch(pattern, f"a{control}a")), "")
    except re.error as error:
        return f"is no regular expression: {error}"
    return f"allows the control character {allowed!r}" if allowed else ""


def _patterns(tree: Tree) -> Iterator[tuple[str, str]]:
    """What an operator fills in: each parameter and placeholder that has a pattern of its own."""
    patterns = [(name, rule.pattern) for name, rule in tree.contract.parameters.items()]
    patterns += [(name, placeholder.pattern) for name, placeholder in tree.contract.placeholders.items()]
    return ((name, pattern) for name, pattern in patterns if pattern is not None)


def _mentioned(tree: Tree, path: str, line: int, name: str, words: str) -> Iterator[Finding]:
    """An example that the help gives keeps the rule; a list of all choices is whole."""
    choices = tree.contract.parameters[name].choices or ()
    mentioned = [
        choice for choice in choices if choice and re.search(rf"(?<![\w-]){re.escape(choice)}(?![\w-])", words)
    ]
    whole = path.split("/")[-1].removesuffix(".ipynb") in tree.runbooks
    if whole and len(mentioned) > 1 and set(mentioned) != {choice for choice in choices if choice}:
        hint = f"They are {', '.join(choices)}."
        yield Finding(path, line, "parameter-rule", f"the help of {name} does not list all its choices", hint)
    example = re.search(r"such as ([\w-]+)", words)
    if choices and example and example[1] not in choices:
        yield Finding(
            path, line, "parameter-rule", f"the help of {name} names {example[1]}", f"Use one of {', '.join(choices)}."
        )


def _limits(name: str, rule: Parameter, line: int) -> Iterator[Finding]:
    """Numbers in a rule's description are the rule's own."""
    interval = _RANGE.search(rule.description)
    if rule.minimum is not None or rule.maximum is not None:
        if not interval or (int(interval[1]), int(interval[2])) != (rule.minimum, rule.maximum):
            message = f"the description of {name} does not say {rule.minimum} to {rule.maximum}"
            yield Finding(PATH, line, "parameter-rule", message, "Let both be the same.")
        return
    for word in re.findall(r"<(\w+)>", rule.example):
        if not re.search(rf"\b{word}\b", rule.description):
            message = f"the example of {name} has <{word}>, which its description does not name"
            yield Finding(PATH, line, "parameter-rule", message, "Let both be the same.")
    if rule.pattern is not None:
        yield from _pattern_limits(name, rule.pattern, rule.description, line)


def _pattern_limits(name: str, pattern: str, description: str, line: int) -> Iterator[Finding]:
    interval = _RANGE.search(description)
    limits = (int(interval[1]), int(interval[2])) if interval else None
    if up_to := _UP_TO.search(description):
        limits = (1, int(up_to[1]))
    if exactly := _EXACTLY.search(description):
        limits = (int(exactly[1]), int(exactly[1]))
    if limits and not _lengths_are(pattern, *limits):
        message = (
            f"the pattern of {name} does not allow just {limits[0]} to {limits[1]} characters, as its description says"
        )
        yield Finding(PATH, line, "parameter-rule", message, "Let both be the same.")
    example = re.search(r"\bsuch as ([\w.-]*\w)", description)
    if example and not re.fullmatch(pattern, example[1]):
        message = f"the description of {name} names {example[1]}, which its pattern refuses"
        yield Finding(PATH, line, "parameter-rule", message, "Let both be the same.")


def _lengths_are(pattern: str, least: int, most: int) -> bool:
    def allowed(length: int) -> bool:
        return re.fullmatch(pattern, "a" * length) is not None

    return allowed(least) and allowed(most) and not allowed(most + 1) and (least == 1 or not allowed(least - 1))


def _read(tree: Tree) -> Iterator[Finding]:
    """Providers and credentials of the contract are those that the code goes by."""
    yield from _providers(tree)
    yield from _rotations(tree)
    words = tree.sources.strings
    for credential in tree.contract.credentials:
        line = tree.contract_line(f'name = "{credential.name}"')
        if credential.name not in words:
            message = f"nothing in deploybook reads the credential {credential.name}"
            yield Finding(PATH, line, "contract-read", message, "Correct its name, or take it out.")
        for slug in tree.contract.order():
            read = _reading(tree, slug, credential) if slug in tree.runbooks else ""
            text = (
                "sections" if slug in credential.sections else "used_if_set" if slug in credential.used_if_set else ""
            )
            if read != text:
                message = f"the {slug} runbook {_USES[read]} {credential.name}"
                yield Finding(PATH, line, "contract-read", message, f"Name {slug} in {read or 'neither of its lists'}.")


def _providers(tree: Tree) -> Iterator[Finding]:
    for provider in tree.contract.providers:
        line = tree.contract_line(f'name = "{provider.name}"')
        for word in (provider.title, *provider.endpoints):
            if word not in tree.sources.strings:
                message = f"nothing in deploybook knows {word} of {provider.name}"
                yield Finding(PATH, line, "contract-read", message, "Correct it, or take it out.")
        asking = [slug for slug in tree.runbooks if _asks(tree, slug, provider.name) == "always"]
        # A section whose runbook is not written yet is a finding of its own.
        if provider.section in tree.runbooks and asking[:1] != [provider.section]:
            message = f"{asking[0] if asking else 'no'} is the first section whose runbook asks {provider.title}, not {provider.section}"
            yield Finding(PATH, line, "contract-read", message, "Correct the provider's section.")
        compares = tree.exists(f"{PACKAGE}/clouds/{provider.name}/comparing.py")
        for consumer in tree.contract.consumers:
            if consumer.provider == provider.name and bool(consumer.compared) != compares:
                message = f"{provider.name} {'has' if compares else 'has no'} comparing.py, its consumer {consumer.name} says otherwise"
                line = tree.contract_line(f'name = "{consumer.name}"')
                yield Finding(PATH, line, "contract-read", message, "Correct compared in the consumer.")


def _rotations(tree: Tree) -> Iterator[Finding]:
    for slug, parameters in tree.parameters.items():
        rotating = [
            variable.name for variable in tree.contract.variables if variable.section == slug and variable.rotates
        ]
        if ("rotate" in parameters) != bool(rotating):
            message = f"the {slug} runbook {'has' if 'rotate' in parameters else 'has no'} parameter rotate, its variables say otherwise"
            line = tree.contract_line(f'slug = "{slug}"')
            yield Finding(PATH, line, "contract-read", message, "Correct rotates in the variables that it produces.")


_USES = {"": "does not use", "sections": "uses", "used_if_set": "uses, if it is set,"}


def _reading(tree: Tree, slug: str, credential: Credential) -> str:
    """The list of the credential that is to name the section; empty for none."""
    asks = _asks(tree, slug, credential.provider)
    if asks == "always" or _passes_on(tree, slug, credential.name):
        return "sections"
    return "used_if_set" if asks else ""


def _asks(tree: Tree, slug: str, provider: str) -> str:
    """Whether a runbook asks a provider: ``always``, only ``if set`` where the operator happens to have exported a credential, or ''."""
    code = tree.runbooks[slug].code
    names = [credential.name for credential in tree.contract.credentials if credential.provider == provider]
    # Either is enough: a check may be handed all of the clouds.
    if any(f'rb.has("{name}")' in code for name in names):
        return "if set"
    return "always" if re.search(rf"\bclouds\.{re.escape(provider)}\b", code) else ""


def _passes_on(tree: Tree, slug: str, credential: str) -> bool:
    """Whether the section sets the credential itself at a place."""
    places = {consumer.name for consumer in tree.contract.consumers_set_by(slug)}
    return any(
        variable.credential and variable.name == credential and places & set(variable.consumers)
        for variable in tree.contract.variables
    )


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "contract-valid",
        "runbooks/contract.toml is TOML, names nothing twice and nothing unknown, and has no section that waits for itself; the "
        "parameters of each runbook can be read. While this does not hold nothing else can be checked.",
        _valid,
    ),
    Rule(
        "parameter-rule",
        "Each parameter of a runbook has a rule in the contract, a default that keeps it, and help that agrees with it; each rule "
        "belongs to a parameter; the limits and examples in the description of a rule or a placeholder are its own; and no pattern of a "
        "parameter or placeholder allows a control character.",
        _parameters,
    ),
    Rule(
        "contract-read",
        "Each credential in the contract is read by the code, by the runbooks of the sections that the contract names, and by no other; "
        "each provider's title and endpoints are those of its client, its section is the first whose runbook asks it, and its "
        "consumers are compared if its package compares; a "
        "variable rotates if its section's runbook can.",
        _read,
    ),
)
