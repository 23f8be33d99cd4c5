"""``-p NAME VALUE`` and ``-p NAME=VALUE`` say the same."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from deploybook.commands.options import ParameterCommand, parameter_options


@click.command(cls=ParameterCommand)
@click.argument("sections", nargs=-1)
@parameter_options
def shown(sections: tuple[str, ...], files: tuple[str, ...], pairs: tuple[tuple[str, str], ...]) -> None:
    click.echo(f"{sections} {pairs}")


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["r2", "-p", "owner", "acme", "turso"], "('r2', 'turso') (('owner', 'acme'),)"),
        (["r2", "-p", "owner=acme", "turso"], "('r2', 'turso') (('owner', 'acme'),)"),
        (["-p", "app_origin=https://a.b?c=d"], "() (('app_origin', 'https://a.b?c=d'),)"),
        (["-p", "owner", "a=b"], "() (('owner', 'a=b'),)"),
        (["-p", "owner="], "() (('owner', ''),)"),
        (["--", "-p"], "('-p',) ()"),
    ],
)
def test_a_parameter_is_given_in_either_form(words: list[str], expected: str) -> None:
    assert CliRunner().invoke(shown, words).output.strip() == expected


def test_a_name_without_a_value_is_refused() -> None:
    assert CliRunner().invoke(shown, ["-p", "owner"]).exit_code == 2
