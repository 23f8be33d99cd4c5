"""The contract: that it is one, and that code and notebooks go by it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from deploybook.checks.facts.tree import Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.contract.model import Parameter
from deploybook.errors import DeploybookError
from deploybook.runbook.notebook_file import parse_parameter

PATH = "runbooks/contract.toml"
_RANGE = re.compile(r"\b(\d+) to (\d+)\b")
_UP_TO = re.compile(r"\bup to (\d+)\b")


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


def _mentioned(tree: Tree, path: str, line: int, name: str, words: str) -> Iterator[Finding]:
    """An example that the help gives keeps the rule; a list of all choices is whole."""
    choices = tree.contract.parameters[name].choices or ()
    given = [choice for choice in choices if choice and re.search(rf"(?<![\w-]){re.escape(choice)}(?![\w-])", words)]
    whole = path.split("/")[-1].removesuffix(".ipynb") in tree.runbooks
    if whole and len(given) > 1 and set(given) != {choice for choice in choices if choice}:
        hint = f"They are {', '.join(choices)}."
        yield Finding(path, line, "parameter-rule", f"the help of {name} does not list all its choices", hint)
    example = re.search(r"such as ([\w-]+)", words)
    if choices and example and example[1] not in choices:
        yield Finding(
            path, line, "parameter-rule", f"the help of {name} names {example[1]}", f"Use one of {', '.join(choices)}."
        )


def _limits(name: str, rule: Parameter, line: int) -> Iterator[Finding]:
    """Numbers in a rule's description are the rule's own."""
    told = _RANGE.search(rule.description)
    if rule.minimum is not None or rule.maximum is not None:
        if not told or (int(told[1]), int(told[2])) != (rule.minimum, rule.maximum):
            message = f"the description of {name} does not say {rule.minimum} to {rule.maximum}"
            yield Finding(PATH, line, "parameter-rule", message, "Let both be the same.")
        return
    if rule.pattern is None:
        return
    limits = (int(told[1]), int(told[2])) if told else None
    if up_to := _UP_TO.search(rule.description):
        limits = (1, int(up_to[1]))
    if limits and not _lengths_are(rule.pattern, *limits):
        message = (
            f"the pattern of {name} does not allow just {limits[0]} to {limits[1]} characters, as its description says"
        )
        yield Finding(PATH, line, "parameter-rule", message, "Let both be the same.")
    example = re.search(r"\bsuch as ([\w.-]*\w)", rule.description)
    if example and not re.fullmatch(rule.pattern, example[1]):
        message = f"the description of {name} names {example[1]}, which its pattern refuses"
        yield Finding(PATH, line, "parameter-rule", message, "Let both be the same.")


def _lengths_are(pattern: str, least: int, most: int) -> bool:
    def allowed(length: int) -> bool:
        return re.fullmatch(pattern, "a" * length) is not None

    return allowed(least) and allowed(most) and not allowed(most + 1) and (least == 1 or not allowed(least - 1))


def _read(tree: Tree) -> Iterator[Finding]:
    """Variables, credentials and permissions of the contract are those that the code goes by."""
    words = tree.sources.strings
    for credential in tree.contract.credentials:
        line = tree.contract_line(f'name = "{credential.name}"')
        if credential.name not in words:
            message = f"nothing in deploybook reads the credential {credential.name}"
            yield Finding(PATH, line, "contract-read", message, "Correct its name, or take it out.")
        for slug in credential.sections:
            if slug not in tree.runbooks or not _reads(tree, slug, credential.name):
                message = f"the {slug} runbook does not use {credential.name}"
                yield Finding(PATH, line, "contract-read", message, f"Take {slug} out of its sections.")
        for slug in tree.runbooks:
            if slug not in credential.sections and _reads(tree, slug, credential.name):
                message = f"the {slug} runbook uses {credential.name}, which its sections do not say"
                yield Finding(PATH, line, "contract-read", message, f"Add {slug} to its sections.")


# How a runbook reaches a provider's client, and the credentials with which that client is made.
_CLIENTS = {
    "CLOUDFLARE_API_TOKEN": "clouds.cloudflare",
    "CLOUDFLARE_ACCOUNT_ID": "clouds.cloudflare",
    "TURSO_API_TOKEN": "clouds.turso",
    "TURSO_ORGANIZATION": "clouds.turso",
    "MODAL_TOKEN_ID": "clouds.modal",
    "MODAL_TOKEN_SECRET": "clouds.modal",
    "RENDER_API_KEY": "clouds.render",
    "GITHUB_TOKEN": "clouds.github",
}


def _reads(tree: Tree, slug: str, credential: str) -> bool:
    """Whether the runbook uses the client of a credential. One that is shared between clients is not told here."""
    client = _CLIENTS.get(credential)
    if client is None:
        return slug in next(each.sections for each in tree.contract.credentials if each.name == credential)
    code = tree.runbooks[slug].code
    # What is used only where the operator happens to have exported it is none that the section asks for.
    optional = f'rb.has("{credential}")' in code
    return not optional and re.search(rf"\b{re.escape(client)}\b", code) is not None


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
        "belongs to a parameter; and the limits and examples in a rule's description are the rule's own.",
        _parameters,
    ),
    Rule(
        "contract-read",
        "Each credential in the contract is read by the code, by the runbooks of the sections that the contract names, and by no other.",
        _read,
    ),
)
