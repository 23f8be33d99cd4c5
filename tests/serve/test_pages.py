"""The built guide as the server delivers it."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import pytest


def test_no_script_stands_in_a_page_and_each_runs_in_its_place(client: httpx.Client) -> None:
    page = client.get("/").text
    assert "var one" not in page
    [moved] = re.findall(r'<script src="(/-/inline/\w+\.js)"></script>', page)
    assert client.get(moved).text == "var one = 1 < 2"
    assert client.get(moved).headers["content-type"].startswith("text/javascript")
    assert "<script id='data' type=\"application/json\">{}</script>" in page


def test_each_page_has_the_script_that_acts_and_it_is_there(client: httpx.Client) -> None:
    for path in ("/", "/index.html", "/troubleshooting.html"):
        assert '<script type="module" src="/-/acting/main.js"></script>' in client.get(path).text
    for name in ("main.js", "acting.css"):
        assert client.get(f"/-/acting/{name}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/../secret.env", "/%2e%2e/secret.env", "/assets/..%2f..%2fsecret.env", "/%00", "//etc/passwd"]
)
def test_no_file_beside_the_site_is_served(client: httpx.Client, path: str) -> None:
    answer = client.get(f"http://{client.base_url.netloc.decode()}{path}")
    assert answer.status_code == 404
    assert "hidden" not in answer.text


def test_a_link_out_of_the_site_is_not_followed(client: httpx.Client, site: Path) -> None:
    (site / "leak.txt").symlink_to(site.parent / "secret.env")
    assert client.get("/leak.txt").status_code == 404


@pytest.mark.parametrize("name", ["..%2fgate.py", "%2e%2e%2fgate.py", "nothing.js"])
def test_no_other_file_of_the_package_is_served(client: httpx.Client, name: str) -> None:
    assert client.get(f"/-/acting/{name}").status_code == 404
