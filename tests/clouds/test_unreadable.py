"""Answers that cannot be read, of an app, an endpoint or a store: each is one error of ours that names who gave it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import pytest
from pydantic import SecretStr
from tests.clouds.answering import Said, answering

from deploybook.clouds import vercel
from deploybook.clouds.modal.endpoint import submit
from deploybook.clouds.r2.objects import Store, browser
from deploybook.clouds.studio.client import Studio
from deploybook.errors import UnexpectedResponse, Unreachable

UNPACKED = Said(200, "plain text", {"content-encoding": "gzip"})
ASKED: dict[str, Callable[[str], object]] = {
    "the page": vercel.page_answers,
    "the API": vercel.api_answers,
    "the application": lambda url: Studio(url).page(),
    "an endpoint at Modal": lambda url: submit(url, SecretStr("t" * 64)),
    "a presigned URL": lambda url: browser(url, "GET"),
}


@pytest.mark.parametrize("asked", ASKED)
def test_what_cannot_be_decompressed_is_one_error(asked: str) -> None:
    with answering(lambda *_: UNPACKED) as url, pytest.raises(Unreachable, match="sends what cannot be decompressed"):
        ASKED[asked](url)


def test_an_object_that_breaks_off_is_one_error() -> None:
    broken = Said(200, "half", {"Content-Length": "100"})
    with (
        answering(lambda *_: broken) as url,
        closing(Store(url, "k", SecretStr("s"), "studio")) as store,
        pytest.raises(Unreachable, match="could not get_object"),
    ):
        store.call("get_object", Key="voice.wav")


@pytest.mark.parametrize(
    "url", ["https://half\n", "https://app.example.com:port/", "/api/file", "http://example.com/a"]
)
def test_an_address_that_is_none_is_what_the_app_handed_out(url: str) -> None:
    with pytest.raises(UnexpectedResponse, match="URL in R2") as caught:
        Studio("https://app.example.com").storage("upload", "PUT", url)
    assert caught.value.entry == "playback"


def test_a_page_in_r2s_place_says_nothing_of_what_the_app_signed() -> None:
    page = Said(403, "<!DOCTYPE html><title>Blocked by your network</title>", {"content-type": "text/html"})
    signed = "https://account.r2.cloudflarestorage.com/studio/assets/voice.wav"
    with (
        answering(lambda *_: page) as url,
        pytest.raises(UnexpectedResponse, match=r"a web page answered in R2's place \(403\)") as caught,
    ):
        Studio("https://app.example.com", r2_endpoint=url).storage("upload the file", "PUT", signed)
    assert caught.value.entry == "unexpected-response"
