"""The files of the application that the guide itself brings along, the workflow and the Modal app, against the contract."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import yaml

from deploybook.checks.facts import tools
from deploybook.checks.facts.knowledge import default_of
from deploybook.checks.facts.sources import HOLE
from deploybook.checks.facts.tree import PACKAGE, Tree
from deploybook.checks.finding import Finding, Rule
from deploybook.guide.shell import commands

WORKFLOW = "runbooks/workflows/deploy.yml"
APP = "runbooks/modal_app/app.py"
# The table of routes of the application in the sandbox.
ROUTES = "sample_app/web/app.py"
_SECRET = re.compile(r"\$\{\{ *secrets\.(\w+) *\}\}")


def _workflow(tree: Tree) -> Iterator[Finding]:
    if not tree.exists(WORKFLOW):
        return
    text = tree.text(WORKFLOW)
    try:
        data = yaml.safe_load(text)
    except yaml.YAMLError as error:
        yield Finding(WORKFLOW, 1, "workflow-secrets", f"the workflow is no YAML: {error}", "Correct it.")
        return
    wanted = {variable.name for variable in tree.contract.consumed_by("github")}
    used = {match[1]: text.count("\n", 0, match.start()) + 1 for match in _SECRET.finditer(text)}
    for name in sorted(set(used) - wanted):
        hint = f"The ci_cd section sets {', '.join(sorted(wanted))}."
        yield Finding(WORKFLOW, used[name], "workflow-secrets", f"nothing sets the secret {name}", hint)
    for name in sorted(wanted - set(used)):
        message = f"the workflow does not use {name}, which the contract has set for it"
        yield Finding(WORKFLOW, 1, "workflow-secrets", message, "Use it, or take github out of its consumers.")
    yield from _assigned(text)
    yield from _jobs(tree, data, text)
    for number, line in enumerate(text.splitlines(), 1):
        try:
            in_line = commands(re.sub(r"@[\d.]+", "", line.partition("run: ")[2]))
        except ValueError:
            yield Finding(WORKFLOW, number, "workflow-secrets", "this line of a script does not parse", "Correct it.")
            continue
        for command in in_line:
            if wrong := tools.problem(command.words):
                hint = "Correct it; if it is right, add it to checks/facts/tools.toml with where you looked it up."
                yield Finding(WORKFLOW, number, "workflow-secrets", wrong, hint)


def _assigned(text: str) -> Iterator[Finding]:
    """A secret arrives under its own name, and what a step reads is there."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.fullmatch(r"\s*(\w+): *\$\{\{ *secrets\.(\w+) *\}\}\s*", line)
        if match and match[1] != match[2]:
            message = f"the secret {match[2]} arrives as {match[1]}"
            yield Finding(WORKFLOW, number, "workflow-secrets", message, "Give it under its own name.")
        for name in re.findall(r"\"\$([A-Z_]+)\"", line):
            if not re.search(rf"^\s*{name}:", text, re.MULTILINE):
                yield Finding(
                    WORKFLOW, number, "workflow-secrets", f"nothing gives ${name} a value", "Add it to the step's env."
                )


def _jobs(tree: Tree, data: object, text: str) -> Iterator[Finding]:
    """The jobs are those that the checks of the run look for, on the branch that the runbook fills in."""
    jobs = set(data.get("jobs", {})) if isinstance(data, dict) else set()
    strings = tree.sources.strings
    for job in sorted(jobs):
        if job not in strings:
            line = next(
                (number for number, content in enumerate(text.splitlines(), 1) if content.strip() == f"{job}:"), 1
            )
            yield Finding(WORKFLOW, line, "workflow-secrets", f"no check looks for the job {job}", "Correct its name.")
    for job in ("web", "worker"):
        if job not in jobs:
            yield Finding(WORKFLOW, 1, "workflow-secrets", f"the workflow has no job {job}", "The section tells of it.")
    if 'branches: ["<PRODUCTION_BRANCH>"]' not in text:
        message = "the workflow has no place for the branch that the runbook fills in"
        yield Finding(WORKFLOW, 1, "workflow-secrets", message, 'Write branches: ["<PRODUCTION_BRANCH>"].')


def _modal(tree: Tree) -> Iterator[Finding]:
    if not tree.exists(APP):
        return
    module = ast.parse(tree.text(APP))
    secrets = {name: (keys, line) for name, keys, line in _named_secrets(module)}
    wanted = {
        consumer.partition(":")[2]: {variable.name for variable in tree.contract.consumed_by(consumer)}
        for variable in tree.contract.variables
        for consumer in variable.consumers
        if consumer.startswith("modal:")
    }
    for name, (keys, line) in secrets.items():
        if name not in wanted:
            hint = f"They are {', '.join(sorted(wanted))}."
            yield Finding(APP, line, "modal-secrets", f"no runbook makes the secret {name}", hint)
        elif keys != wanted[name]:
            differing = ", ".join(sorted(keys ^ wanted[name]))
            message = f"the app and the contract differ in the keys of {name}: {differing}"
            yield Finding(APP, line, "modal-secrets", message, "Let both name the same keys.")
    for name in sorted(set(wanted) - set(secrets)):
        yield Finding(
            APP,
            1,
            "modal-secrets",
            f"the app does not use the secret {name}",
            "Use it, or take it out of the contract.",
        )
    arriving = set().union(*wanted.values())
    for name, line in _read(module):
        if name not in arriving and name not in tree.text("docs/sections/modal.md"):
            message = f"nothing gives the app {name}"
            yield Finding(APP, line, "modal-secrets", message, "Put it into a secret, or let the section export it.")
    yield from _spoken(tree, module)


def _named_secrets(module: ast.Module) -> Iterator[tuple[str, set[str], int]]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Secret.from_name"):
            keys = next((keyword.value for keyword in node.keywords if keyword.arg == "required_keys"), None)
            yield ast.literal_eval(node.args[0]), set(ast.literal_eval(keys)) if keys else set(), node.lineno


def _read(module: ast.Module) -> Iterator[tuple[str, int]]:
    """Names that are read from the environment."""
    for node in ast.walk(module):
        if (
            isinstance(node, ast.Subscript)
            and ast.unparse(node.value) == "os.environ"
            and isinstance(node.slice, ast.Constant)
        ):
            yield str(node.slice.value), node.lineno
        elif isinstance(node, ast.Call) and ast.unparse(node.func) in {"at_deploy", "os.environ.get"}:
            first = node.args[0]
            if isinstance(first, ast.Constant):
                yield str(first.value), node.lineno


def _spoken(tree: Tree, module: ast.Module) -> Iterator[Finding]:
    """Endpoints and fields of the app are those that the checks speak."""
    known_words = tree.sources.words
    functions = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    for name in ("submit_function", "status_function"):
        default = next((parameter[name].default for parameter in tree.parameters.values() if name in parameter), None)
        if default is not None and default not in functions:
            yield Finding(
                APP, 1, "modal-secrets", f"the app has no function {default}", f"It is the default of {name}."
            )
    default = default_of(tree, "label")
    if default is not None and f'"MODAL_LABEL", "{default}"' not in tree.text(APP):
        message = f"the app's default label is not {default}, which is the runbook's"
        yield Finding(APP, 1, "modal-secrets", message, "Let both be the same.")
    for node in ast.walk(module):
        host = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if host.startswith(".r2.") and not any(host in text for text in tree.sources.strings):
            yield Finding(APP, node.lineno, "modal-secrets", f"nothing else knows the host {host}", "Correct it.")  # type: ignore[attr-defined]
        field = _asked(node)
        for name in (
            [field]
            if field
            else [str(key.value) for key in node.keys if isinstance(key, ast.Constant)]
            if isinstance(node, ast.Dict)
            else []
        ):
            if name not in known_words:
                message = f"nothing that speaks to the app knows the field {name}"
                yield Finding(APP, getattr(node, "lineno", 1), "modal-secrets", message, "Correct its name.")
    for function in functions.values():
        if not any("endpoint" in ast.unparse(decorator) for decorator in function.decorator_list):
            continue
        for label in (
            keyword.value
            for decorator in function.decorator_list
            for keyword in _keywords(decorator)
            if keyword.arg == "label"
        ):
            ending = ast.unparse(label).rpartition("}")[2].strip("'\"")
            if not any(f"{ending}\\S" in variable.pattern for variable in tree.contract.variables):
                message = f"no variable of the contract has the form of an endpoint {ending}"
                yield Finding(APP, label.lineno, "modal-secrets", message, "Let label and pattern agree.")


def _asked(node: ast.AST) -> str:
    """The field that ``body.get(…)`` takes from a request."""
    if not (isinstance(node, ast.Call) and ast.unparse(node.func) == "body.get"):
        return ""
    first = node.args[0]
    return first.value if isinstance(first, ast.Constant) and isinstance(first.value, str) else ""


def _keywords(node: ast.expr) -> list[ast.keyword]:
    return node.keywords if isinstance(node, ast.Call) else []


def _routes(tree: Tree) -> Iterator[Finding]:
    """Client and sandbox share no code: a route that only one of them has is a slip of that one."""
    client = {
        text for module in tree.sources.below("clouds/studio") for text in module.strings if text.startswith("/api/")
    }
    table = tree.sources.modules.get(ROUTES)
    served = {text for text in table.strings if text.startswith("/api/")} if table else set()
    patterns = [re.compile(re.sub(r"\\\{[^}]*\\\}", "[^/]+", re.escape(route))) for route in served]
    # The beginning of an f-string is no route of its own.
    for route in sorted(route for route in client if not route.endswith("/")):
        if not any(pattern.fullmatch(route) for pattern in patterns):
            path = next(name for name, module in tree.sources.modules.items() if route in module.strings)
            message = f"the checks call {route.replace(HOLE, '…')}, which the application in the sandbox does not have"
            yield Finding(f"{PACKAGE}/{path}", 1, "app-routes", message, "Correct the route.")


RULES: tuple[Rule[Tree], ...] = (
    Rule(
        "workflow-secrets",
        "The deploy workflow uses the secrets that the contract has set at GitHub, each under its own name and no other, in the "
        "jobs that the checks look for, on the branch that the runbook fills in.",
        _workflow,
    ),
    Rule(
        "app-routes",
        "Every route of the application that the checks call is one that the application in the sandbox has.",
        _routes,
    ),
    Rule(
        "modal-secrets",
        "The guide's Modal app takes the secrets that the contract has made, with the same keys, reads nothing that nothing gives "
        "it, and speaks the fields and endpoints that the checks speak.",
        _modal,
    ),
)
