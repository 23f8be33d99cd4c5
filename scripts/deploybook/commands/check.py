"""``deploybook check``."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from deploybook.checks.finding import Finding, Severity
from deploybook.commands.options import Choice
from deploybook.contract.nearest import mistyped, nearest_path
from deploybook.errors import DocsError, InvalidValue
from deploybook.layout import Layout, find_layout

if TYPE_CHECKING:
    from deploybook.checks.facts.tree import Tree
    from deploybook.runner.executors import Executor

# GitHub Actions sets both.
IN_ACTIONS, SUMMARY = "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY"


@click.command("check")
@click.option(
    "--run", "also_run", is_flag=True, help="Also execute runbooks and blocks in the sandbox, and build the site."
)
@click.option("--fix", is_flag=True, help="First write the generated parts and the notebooks' canonical form.")
@click.option(
    "--review", is_flag=True, help="First show each part that nobody has read since it changed, and record the answers."
)
@click.option(
    "--app",
    type=click.Path(path_type=Path),
    help="Check the code of the application in this folder, and not the guide.",
)
@click.option(
    "--specs",
    type=click.Path(path_type=Path),
    help="Compare the requests of a dry run with the API descriptions in this folder.",
)
@click.option("--links", is_flag=True, help="Request every external link, and report those that lead to no page.")
@click.option("--format", "form", type=Choice(["text", "github"]), help="text, or github inside GitHub Actions.")
@click.option("--junit", type=click.Path(path_type=Path), help="Also write the findings to this file, as JUnit.")
@click.option("--sarif", type=click.Path(path_type=Path), help="Also write the findings to this file, as SARIF 2.1.0.")
@click.option("--explain", metavar="RULE", help="Explain one rule, and check nothing.")
@click.option(
    "--environment",
    default="production",
    show_default=True,
    help="With --app: the environment whose settings file lists the accepted findings.",
)
def check_guide(
    also_run: bool,
    fix: bool,
    review: bool,
    app: Path | None,
    specs: Path | None,
    links: bool,
    form: str | None,
    junit: Path | None,
    sarif: Path | None,
    explain: str | None,
    environment: str,
) -> None:
    """Find the statements of the guide that are not true, and show the line of each.

    The command reads files only; --run, --specs and --links also execute blocks or send requests. The exit code is 6 if there is an
    error. Warnings and notes, which --app has too, leave it 0. GitHub Actions shows each finding at its line, and all of them in the
    step's summary.
    """
    if explain:
        click.echo(_explained(explain))
        return
    layout = find_layout()
    _refuse_two({"--run": also_run, "--app": app, "--specs": specs, "--links": links})
    began = time.monotonic()
    if fix:
        _fix(layout)
    if review:
        _review(layout)
    findings = _findings(layout, also_run, app, specs, links, environment)
    _print_findings(findings, form or ("github" if os.environ.get(IN_ACTIONS) == "true" else "text"), began)
    _write(findings, junit, sarif)
    if any(finding.severity is Severity.ERROR for finding in findings):
        sys.exit(DocsError.exit_code)


def _refuse_two(options: Mapping[str, object]) -> None:
    chosen = [option for option, value in options.items() if value]
    if len(chosen) > 1:
        raise InvalidValue(f"{' and '.join(chosen)} cannot be combined.", "Use one of them at a time.")


def _findings(
    layout: Layout, also_run: bool, app: Path | None, specs: Path | None, links: bool, environment: str
) -> list[Finding]:
    if app:
        return _application(layout, app, environment)
    if specs:
        return _sent(layout, specs)
    return _outside(layout) if links else _guide(layout, also_run)


def _guide(layout: Layout, also_run: bool) -> list[Finding]:
    from deploybook.checks.static import check

    tree = _tree(layout)
    findings = check(tree)
    if also_run and not findings:
        from deploybook.checks.execution import rehearse

        findings = rehearse(tree, lambda line: click.echo(line, err=True))
    return findings


def _application(layout: Layout, app: Path, environment: str) -> list[Finding]:
    from deploybook.checks.app import find
    from deploybook.contract.model import load_contract
    from deploybook.runbook.app_settings import read_app_settings

    if not app.is_dir():
        error = InvalidValue(f"There is no folder {app}.", "Set --app to the root of the application's repository.")
        raise error.suggesting(str(app), nearest_path(app))
    return find(app, load_contract(layout.contract), read_app_settings(layout, environment).ignore)


def _sent(layout: Layout, specs: Path) -> list[Finding]:
    from deploybook.checks.specs.comparison import find

    if not specs.is_dir():
        error = InvalidValue(
            f"There is no folder {specs}.", "Set --specs to the folder of the providers' descriptions."
        )
        raise error.suggesting(str(specs), nearest_path(specs))
    executor: Executor = click.get_current_context().obj
    return sorted(find(specs, layout, executor, lambda line: click.echo(line, err=True)))


def _outside(layout: Layout) -> list[Finding]:
    from deploybook.checks.outside import find

    return list(find(_tree(layout)))


def _tree(layout: Layout) -> Tree:
    from deploybook.checks.facts.tree import Tree
    from deploybook.site.blocks import generator

    return Tree(layout.root, _cli(), generator(_cli()))


def _cli() -> click.Command:
    return click.get_current_context().find_root().command


def _fix(layout: Layout) -> None:
    from deploybook.checks.fix import fix
    from deploybook.site.blocks import generator

    for path in fix(layout, generator(_cli())):
        click.echo(f"written {path.relative_to(layout.root)}", err=True)


def _review(layout: Layout) -> None:
    from deploybook.checks.review import KEYS, Reviewing, reviewer_name

    if not sys.stdin.isatty():
        raise InvalidValue("--review needs a terminal: it asks for one key for each part.", "Run it in a terminal.")

    def ask(place: str, text: str) -> str:
        click.echo(f"\n{click.style(place, bold=True)}\n{text}\n{KEYS} ", nl=False)
        key = click.getchar()
        click.echo(key)
        return key

    session = Reviewing(ask, reviewer_name())
    session.go_through(_tree(layout))
    click.echo(f"{session.read} read")


def _explained(name: str) -> str:
    from deploybook.checks.catalog import explained

    rules = explained()
    if name not in rules:
        raise mistyped(f"There is no rule {name}.", name, rules, "docs/reference/checks.md lists them.")
    return f"{name}\n\n{rules[name]}"


def _print_findings(findings: Sequence[Finding], form: str, began: float) -> None:
    from deploybook.checks.reports import summary, text

    if findings:
        click.echo(text.github(findings) if form == "github" else text.text(findings))
    last = text.counted(findings, time.monotonic() - began)
    click.echo(last)
    if os.environ.get(SUMMARY):
        summary.write(findings, last, Path(os.environ[SUMMARY]))


def _write(findings: Sequence[Finding], junit: Path | None, sarif: Path | None) -> None:
    from deploybook.checks.catalog import explained

    rules: Mapping[str, str] = explained()
    if junit:
        from deploybook.checks.reports import junit as as_junit

        as_junit.write(findings, list(rules), junit)
    if sarif:
        from deploybook.checks.reports import sarif as as_sarif

        as_sarif.write(findings, rules, sarif)
