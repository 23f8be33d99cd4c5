from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from deploybook.contract.model import parse_contract
from deploybook.site.drawings import order_diagram, variables_diagram

if TYPE_CHECKING:
    from tests.site.conftest import Checkout

    from deploybook.guide.guide import Guide

CONTRACT = """\
section = [
  {slug = "r2", title = "Objects", outcome = "."},
  {slug = "modal", title = "Modal", outcome = "."},
  {slug = "vercel", title = "Web", outcome = "."},
  {slug = "end_to_end", title = "End", outcome = ".", after = ["vercel"]},
]
provider = [{name = "p", title = "P", section = "r2", endpoints = [], prefixes = []}]
consumer = [
  {name = "vercel", title = "Web", provider = "p", section = "vercel"},
  {name = "modal:render-auth", title = "Modal `render-auth`", provider = "p", section = "modal"},
]
variable = [
  {name = "ONE", section = "r2", consumers = ["vercel", "modal:render-auth"], example = "x", description = "."},
  {name = "TWO", section = "r2", consumers = ["vercel", "modal:render-auth"], example = "x", description = "."},
  {name = "AGAIN", same_as = "ONE", consumers = ["modal:render-auth"], description = "."},
  {name = "THREE", section = "modal", consumers = ["vercel"], example = "x", description = "."},
  {name = "FIXED", value = "x", consumers = ["vercel"], description = "."},
  {name = "MAY_BE", optional = true, consumers = ["vercel"], description = "."},
]
credential = []
parameters = {environment = {description = "."}}
"""


@pytest.fixture
def guide(checkout: Checkout) -> Guide:
    return replace(checkout.guide(), contract=parse_contract(CONTRACT, "contract.toml"))


def test_a_section_follows_those_it_needs_and_what_follows_from_others_has_no_arrow(guide: Guide) -> None:
    lines = [line.strip() for line in order_diagram(guide).splitlines()]
    assert lines[4:8] == ['r2["1. Objects"]', 'modal["2. Modal"]', 'vercel["3. Web"]', 'end_to_end["4. End"]']
    assert [line for line in lines if ">" in line] == ["r2 --> modal", "modal --> vercel", "vercel -.-> end_to_end"]


def test_the_order_is_described_in_words(guide: Guide) -> None:
    assert "accDescr: Modal after Objects; Web after Modal; End after Web." in order_diagram(guide)


def test_variables_that_go_the_same_way_stand_together(guide: Guide) -> None:
    lines = [line.strip() for line in variables_diagram(guide).splitlines()]
    assert 'from_r2 --> v0["ONE<br/>TWO"]' in lines
    assert [line for line in lines if line.startswith("v0 -->")] == ["v0 --> to_vercel", "v0 --> to_modal_render_auth"]
    assert 'from_r2 --> v1["AGAIN"]' in lines
    assert 'from_fixed --> v3["FIXED"]' in lines
    assert 'from_you --> v4["MAY_BE<br/>(optional)"]' in lines


def test_every_variable_of_the_contract_is_drawn_once_to_all_of_its_places(checkout: Checkout) -> None:
    guide = checkout.guide()
    drawn = variables_diagram(guide)
    nodes = [line for line in drawn.splitlines() if '["' in line and " --> " in line]
    for variable in guide.contract.variables:
        (node,) = [line for line in nodes if variable.name in line.split('["')[1].removesuffix('"]').split("<br/>")]
        group = node.split(" --> ")[1].split("[")[0]
        assert drawn.count(f"  {group} --> ") == len(variable.consumers), variable.name
