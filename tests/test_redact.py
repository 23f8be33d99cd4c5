"""No form of a known secret is left."""

from __future__ import annotations

import base64
import html
import json
import secrets
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import nbformat.v4
import pytest
from pydantic import SecretStr

from deploybook.redact import MASK, Redactor, fingerprint, without_controls

SECRET = "canary/Secret+with=signs&ümlaut'quote\"end"
# In base64 both + and / stand for some of it, whatever its offset: the two alphabets differ.
IN_BOTH_ALPHABETS = "".join(map(chr, range(0x3B, 0x7F))) + "ÿþýûïß¿¾þÿ"


@pytest.mark.parametrize("secret", [SECRET, IN_BOTH_ALPHABETS])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
@pytest.mark.parametrize("before", ["", "x", "xy", "https://host/?token="])
@pytest.mark.parametrize("after", ["", "z", "zz", ":password"])
def test_base64_of_a_text_around_the_secret_is_masked(
    secret: str, encode: Callable[[bytes], bytes], before: str, after: str
) -> None:
    encoded = encode((before + secret + after).encode()).decode()
    cleaned = Redactor([SecretStr(secret)]).text(encoded)
    assert MASK in cleaned
    # What is left must be too short to give the secret away.
    assert len(cleaned.replace(MASK, "")) <= len(base64.b64encode((before + after).encode())) + 8


def test_the_two_alphabets_of_base64_differ_for_what_the_tests_encode() -> None:
    for offset in range(3):
        raw = b"x" * offset + IN_BOTH_ALPHABETS.encode()
        assert {"+", "/"} <= set(base64.b64encode(raw).decode())


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET),
        quote(SECRET, safe=""),
        quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        repr(SECRET)[1:-1],
        repr(SECRET.encode())[2:-1],
        html.escape(SECRET),
        html.escape(SECRET, quote=False),
        shlex.quote(SECRET)[1:-1].replace("'\"'\"'", "'\\''"),
    ],
)
def test_every_written_form_is_masked(form: str) -> None:
    assert Redactor([SecretStr(SECRET)]).text(f"before {form} after") == f"before {MASK} after"


@pytest.mark.parametrize(
    "encode",
    [
        lambda value: value.encode().hex(),
        lambda value: value.encode().hex().upper(),
        lambda value: value.encode().hex(":"),
        lambda value: value.encode().hex(":").upper(),
        lambda value: "".join(f"\\x{byte:02x}" for byte in value.encode()),
        lambda value: base64.b32encode(value.encode()).decode().rstrip("="),
        lambda value: quote(quote(value, safe=""), safe=""),
        lambda value: "".join(f"%{byte:02X}" for byte in value.encode()),
        lambda value: "".join(f"%{byte:02x}" for byte in value.encode()),
        lambda value: quote(value, safe="").replace("%2B", "%2b").replace("%2F", "%2f"),
        lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
        lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
        lambda value: "".join(f"\\u{ord(character):04x}" for character in value),
        lambda value: value[::-1],
        lambda value: value[: len(value) // 2],
        lambda value: value[len(value) // 2 :],
        lambda value: value[len(value) // 2 :].encode().hex(),
        lambda value: value[: len(value) // 2][::-1],
    ],
)
def test_every_simple_encoding_and_either_half_is_masked(encode: Callable[[str], str]) -> None:
    secret = "0k/Canary+4f1d7c93-ab02" * 2
    cleaned = Redactor([SecretStr(secret)]).text(f"before {encode(secret)} after")
    assert cleaned.replace(MASK, "").replace(" ", "").replace("%2B", "").replace("%2F", "") == "beforeafter"


def test_halves_that_are_short_or_an_address_stay() -> None:
    assert Redactor([SecretStr("studio-production-key")]).text("studio-pro") == "studio-pro"
    hook = "https://api.render.com/deploy/srv-0123456789?key=0123456789abcdef0123"
    cleaned = Redactor([SecretStr(hook)]).text("POST https://api.render.com/deploy/srv-0 and ?key=0123456789abcdef0123")
    assert cleaned.startswith("POST https://api.render.com/deploy/srv-0 and")


def test_overlapping_forms_are_masked_as_one() -> None:
    one, other = "abcdefgh-0123456789", "0123456789-ABCDEFGH"
    assert Redactor([SecretStr(one), SecretStr(other)]).text("<abcdefgh-0123456789-ABCDEFGH>") == f"<{MASK}>"


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("\x1b[2J\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]0;title\x07seen", "seen"),
        ("\x1b]8;;https://evil.example\x1b\\here\x1b]8;;\x1b\\", "here"),
        ("\x1bP+q544e\x1b\\seen", "seen"),
        ("\x9b31mred", "red"),
        ("a\x08\x7f\x00\x85b", "ab"),
        ("over\rwritten\r\nnext\tcell", "over\nwritten\nnext\tcell"),
        ("\u202egnp.exe", "gnp.exe"),
        ("unfinished \x1b]52;c;aGk", "unfinished "),
        ("✓ é 🔑 — unchanged\n", "✓ é 🔑 — unchanged\n"),
    ],
)
def test_nothing_that_a_terminal_acts_upon_is_left(text: str, cleaned: str) -> None:
    assert Redactor().text(text) == cleaned


def test_a_secret_that_is_broken_up_by_controls_is_masked() -> None:
    assert Redactor([SecretStr("canary-secret-0123")]).text("canary-\x1b[0msecret-\x000123") == MASK


def test_ordinary_output_is_not_masked(pytestconfig: pytest.Config) -> None:
    """Pages of the guide hold no secret: whatever would be masked in them is a false alarm."""
    values = [SecretStr(secrets.token_hex(32)) for _ in range(20)] + [
        SecretStr(secrets.token_urlsafe(40)) for _ in range(20)
    ]
    redactor = Redactor(values)
    for page in (pytestconfig.rootpath / "docs").rglob("*.md"):
        text = page.read_text(encoding="utf-8")
        assert redactor.text(text) == without_controls(text)


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
