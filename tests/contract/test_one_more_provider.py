"""An empty section of a sixth provider touches the contract and files of its own: its page, its runbook, its client."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.checks.mutate import copied
from tests.runbooks.conftest import Finished, Guide

from deploybook.contract.model import parse_contract

SECTION = """
[[section]]
slug = "sentry"
title = "Sentry"
outcome = "Errors of the web app and the worker reach one project."
"""
PROVIDER = """
[[provider]]
name = "sentry"
title = "Sentry"
section = "sentry"
endpoints = ["SENTRY_URL"]
prefixes = ["SENTRY_"]
"""
CLIENT = '"""Sentry."""\n\nTITLE, ENDPOINT = "Sentry", "SENTRY_URL"\n'


@pytest.fixture(scope="module")
def extended() -> Iterator[tuple[Guide, Finished]]:
    """A copy of the checkout with one more provider, and what ``deploybook check --fix`` says of it."""
    with copied() as copy:
        contract = copy.root / "runbooks" / "contract.toml"
        text = contract.read_text().replace("# --- Providers:", f"{SECTION}\n# --- Providers:", 1)
        contract.write_text(text.replace("# --- Consumers:", f"{PROVIDER}\n# --- Consumers:", 1))
        client = copy.root / "scripts" / "deploybook" / "clouds" / "sentry" / "client.py"
        client.parent.mkdir()
        client.write_text(CLIENT)
        guide = Guide(copy.root)
        yield guide, guide.run("check", "--fix")


def test_no_other_file_has_to_be_touched(extended: tuple[Guide, Finished]) -> None:
    _, result = extended
    wanted = re.findall(r"^\S+:\d+: (.*)$", result.output, re.MULTILINE)
    assert wanted == [
        "the sentry section has no docs/sections/sentry.md",
        "the sentry section has no runbooks/sentry.ipynb",
    ]


def test_what_it_reads_is_the_operators_at_once(extended: tuple[Guide, Finished]) -> None:
    contract = parse_contract((extended[0].root / "runbooks" / "contract.toml").read_text())
    assert contract.is_operators("SENTRY_URL")
    assert contract.is_operators("SENTRY_ANYTHING")


def test_its_section_is_listed(extended: tuple[Guide, Finished]) -> None:
    assert re.search(r"^sentry +Sentry", extended[0].run("list").output, re.MULTILINE)
