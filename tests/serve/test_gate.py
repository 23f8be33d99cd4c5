"""Attacks on the server, each tried: another user of the machine, a hostile page, a name that was rebound to loopback."""

from __future__ import annotations

import httpx
import pytest
from tests.serve.conftest import NAME, Served

from deploybook.serve.gate import COOKIE

EVIL = "http://evil.example"


def test_without_the_cookie_nothing_is_answered(stranger: httpx.Client) -> None:
    for path in ("/", "/assets/site.js", "/-/acting/main.js", "/-/feed", "/nothing"):
        assert stranger.get(path).status_code == 403, path


def test_an_address_lets_one_browser_in_once(stranger: httpx.Client, served: Served) -> None:
    first = served.token()
    answer = stranger.get("/", params={"token": first})
    assert answer.status_code == 303
    assert answer.headers["location"] == "/"
    assert stranger.get("/").status_code == 200
    stranger.cookies.clear()
    assert stranger.get("/", params={"token": first}).status_code == 403
    assert served.token() != first
    assert stranger.get("/", params={"token": served.token()}).status_code == 303


def test_the_cookie_is_out_of_reach_of_scripts_and_of_other_sites(stranger: httpx.Client, served: Served) -> None:
    token = served.token()
    cookie = stranger.get("/", params={"token": token}).headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= {part.strip() for part in cookie.split(";")}
    # No Domain: it is sent to this name alone, and not to another port of 127.0.0.1, where another user may serve.
    assert "domain" not in cookie.lower()
    assert token not in cookie


@pytest.mark.parametrize("token", ["", "guessed", "é", "a" * 10_000])
def test_a_guessed_token_is_refused(stranger: httpx.Client, served: Served, token: str) -> None:
    before = served.token()
    assert stranger.get("/", params={"token": token}).status_code == 403
    assert served.token() == before


@pytest.mark.parametrize("cookie", ["", "guessed", "a" * 4000])
def test_a_guessed_cookie_is_refused(stranger: httpx.Client, cookie: str) -> None:
    assert stranger.get("/", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code == 403


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1:{}", "localhost:{}", NAME, f"{NAME}.evil.example:{{}}", "other.localhost:{}"]
)
def test_a_name_that_was_rebound_to_this_machine_is_refused(client: httpx.Client, served: Served, host: str) -> None:
    headers = {"Host": host.format(served.port)}
    assert client.get("/", headers=headers).status_code == 421
    assert client.get("/", params={"token": served.token()}, headers=headers).status_code == 421


@pytest.mark.parametrize("origin", [EVIL, "null", "https://{}", "http://{}0", "http://127.0.0.1"])
def test_what_another_page_sends_is_refused_whatever_it_carries(
    client: httpx.Client, served: Served, origin: str
) -> None:
    headers = {"Origin": origin.format(served.host), "Content-Type": "application/json"}
    assert client.post("/-/runs", json={}, headers=headers).status_code == 403
    assert client.get("/", headers=headers).status_code == 403


def test_a_request_that_changes_something_names_its_origin(client: httpx.Client) -> None:
    del client.headers["Origin"]
    assert client.post("/-/runs", json={}).status_code == 403


@pytest.mark.parametrize("form", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
def test_a_form_is_refused(client: httpx.Client, form: str) -> None:
    headers = {"Content-Type": form}
    assert client.post("/-/runs", content=b'{"mode": "destroy"}', headers=headers).status_code == 415


def test_an_address_leads_to_no_other_host(stranger: httpx.Client, served: Served) -> None:
    address = f"http://127.0.0.1:{served.port}//evil.example/?token={served.token()}"
    assert stranger.get(address).headers["location"] == "/evil.example/"


def test_every_answer_forbids_scripts_of_others_and_frames(client: httpx.Client) -> None:
    for answer in (client.get("/"), client.get("/nothing"), client.get("/", headers={"Origin": EVIL})):
        policy = answer.headers["content-security-policy"]
        assert "script-src 'self';" in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"
        assert "server" not in answer.headers
