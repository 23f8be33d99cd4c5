"""What was pasted along with a credential is named, and nothing is sent with it."""

from __future__ import annotations

import pytest

from deploybook.clouds.credentials import required
from deploybook.errors import InvalidValue

TOKEN = "token0123456789"


@pytest.mark.parametrize(
    ("value", "description"),
    [
        (f"{TOKEN}\n", "white space"),
        (f" {TOKEN}", "white space"),
        (f"{TOKEN}\u00a0", "white space"),
        (f"\ufeff{TOKEN}", "zero width no-break space"),
        (f"\u201c{TOKEN}\u201d", "left double quotation mark"),
        (f"\u2018{TOKEN}\u2019", "left single quotation mark"),
        (f'"{TOKEN}"', "quotation mark"),
        (f"{TOKEN}\u200b", "zero width space"),
        (f"{TOKEN}\x1b", "a control character"),
    ],
)
def test_what_was_pasted_along_is_named_without_the_value(value: str, description: str) -> None:
    with pytest.raises(InvalidValue, match=f"VERCEL_TOKEN contains {description}") as refused:
        required({"VERCEL_TOKEN": value}, "VERCEL_TOKEN")
    assert TOKEN not in str(refused.value) + refused.value.hint


def test_a_clean_one_is_given_as_it_is() -> None:
    assert required({"VERCEL_TOKEN": TOKEN}, "VERCEL_TOKEN") == TOKEN
