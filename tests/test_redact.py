"""No form of a known secret is left."""

from __future__ import annotations

import base64
import json
from urllib.parse import quote, quote_plus

import nbformat.v4
import pytest
from pydantic import SecretStr

from deploybook.redact import MASK, Redactor, fingerprint

SECRET = "canary/Secret+with=signs&ümlaut'quote\"end"


@pytest.mark.parametrize("before", ["", "x", "xy", "https://host/?token="])
@pytest.mark.parametrize("after", ["", "z", "zz", ":password"])
def test_base64_of_a_text_around_the_secret_is_masked(before: str, after: str) -> None:
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        encoded = encode((before + SECRET + after).encode()).decode()
        cleaned = Redactor([SecretStr(SECRET)]).text(encoded)
        assert MASK in cleaned
        # What is left must be too short to give the secret away.
        assert len(cleaned.replace(MASK, "")) <= len(base64.b64encode((before + after).encode())) + 8


@pytest.mark.parametrize(
    "form",
    [SECRET, quote(SECRET), quote(SECRET, safe=""), quote_plus(SECRET), json.dumps(SECRET)[1:-1], repr(SECRET)[1:-1]],
)
def test_every_written_form_is_masked(form: str) -> None:
    assert Redactor([SecretStr(SECRET)]).text(f"before {form} after") == f"before {MASK} after"


def test_a_tree_is_cleaned_whole_and_keeps_its_types() -> None:
    cell = nbformat.v4.new_code_cell("1", outputs=[nbformat.v4.new_output("stream", text=f"a {SECRET}")])
    cell.metadata["papermill"] = {"parameters": {SECRET: [SECRET, 1, None, [SECRET]]}}
    cleaned = Redactor([SecretStr(SECRET)]).tree(cell)
    assert type(cleaned) is type(cell)
    assert SECRET not in str(cleaned)
    assert cleaned.outputs[0].text == f"a {MASK}"
    assert cleaned.metadata.papermill.parameters[MASK] == [MASK, 1, None, [MASK]]


def test_short_values_do_not_mask_ordinary_words() -> None:
    assert Redactor([SecretStr("r2")]).text("the r2 bucket") == "the r2 bucket"


def test_a_secret_learnt_later_is_masked_from_then_on() -> None:
    redactor = Redactor()
    assert redactor.text(SECRET) == SECRET
    redactor.learn([SecretStr(SECRET)])
    assert redactor.text(SECRET) == MASK


def test_fingerprints_tell_values_apart_and_salts_too() -> None:
    same = fingerprint(SecretStr(SECRET))
    assert same == fingerprint(SecretStr(SECRET))
    assert same != fingerprint(SecretStr(SECRET + " "))
    assert same != fingerprint(SecretStr(SECRET), salt="other")
