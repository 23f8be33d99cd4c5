from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from deploybook.errors import DocsError
from deploybook.site.names import ENVIRONMENT, every_name, known_names, refuse_secrets, taken_by
from deploybook.site.placeholders import elements, marked

if TYPE_CHECKING:
    from tests.site.conftest import Checkout


def test_every_name_has_a_rule_of_the_contract_that_its_default_keeps(checkout: Checkout) -> None:
    names = {name.placeholder: name for name in every_name(checkout.guide())}
    assert next(iter(names)) == ENVIRONMENT
    assert names["BUCKET_NAME"].pattern == checkout.guide().contract.parameters["bucket_name"].pattern
    assert [
        name for name in names.values() if name.default and not re.fullmatch(name.pattern or ".*", name.default)
    ] == []


def test_no_name_is_a_secret(checkout: Checkout) -> None:
    contract = checkout.guide().contract
    secret = {variable.name for variable in contract.variables if variable.secret}
    secret |= {credential.name for credential in contract.credentials if credential.secret}
    assert secret
    assert not secret & set(known_names(checkout.guide()))


def test_a_text_that_asks_for_a_secret_is_refused_with_its_line(checkout: Checkout) -> None:
    with pytest.raises(DocsError, match=r"docs/x\.md:2: <TURSO_AUTH_TOKEN> asks for a secret"):
        refuse_secrets(checkout.guide(), "a\n`x <TURSO_AUTH_TOKEN>`\n", "docs/x.md")


def test_a_command_to_the_real_clouds_takes_the_names_and_a_dry_run_does_not(checkout: Checkout) -> None:
    dry = "deploybook run turso\ndeploybook run r2 --mode dry-run\n"
    text = f"```sh\n{dry}deploybook run r2 --mode apply -p bucket_name <BUCKET_NAME>\n```\n"
    page = elements(marked(text, known_names(checkout.guide()), taken_by(checkout.guide())), "docs/x.md")
    assert dry in page
    assert (
        '--mode apply<span class="db-options" data-names="ENVIRONMENT,TOKEN_NAME"></span> -p bucket_name <var' in page
    )


def test_a_mark_that_was_torn_apart_ends_the_build(checkout: Checkout) -> None:
    text = marked("`<BUCKET_NAME>`", known_names(checkout.guide()), {})
    with pytest.raises(DocsError, match="torn apart"):
        elements(text.replace("BUCKET", "BUCKET<b>"), "docs/x.md")
