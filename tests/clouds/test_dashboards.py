"""The addresses at the providers' dashboards: made of what is known, and never at the cost of a request."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from deploybook.clouds import dashboards
from deploybook.clouds.connections import Connections


def connections(workspace: str = "acme", environment: str = "main", team: str = "acme") -> Connections:
    """What a run knows of its accounts, and nothing that could ask."""
    clouds = SimpleNamespace(
        cloudflare=SimpleNamespace(account_id="0123"),
        turso=SimpleNamespace(organization="acme"),
        modal=SimpleNamespace(place=lambda name: (workspace, name or environment)),
        vercel=SimpleNamespace(known_name=team),
        home=lambda _: None,
    )
    return cast(Connections, clouds)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        # As the dashboards show them; the Modal SDK and Render's dashboardUrl print theirs, Cloudflare's docs link to /r2/.
        (
            dashboards.r2(connections(), "default", "buckets", "studio"),
            "https://dash.cloudflare.com/0123/r2/default/buckets/studio",
        ),
        (dashboards.turso(connections(), "databases", "studio"), "https://app.turso.tech/acme/databases/studio"),
        (dashboards.modal(connections(), "", "secrets"), "https://modal.com/secrets/acme/main"),
        (
            dashboards.modal(connections(), "staging", "apps", "deployed", "studio"),
            "https://modal.com/apps/acme/staging/deployed/studio",
        ),
        (dashboards.vercel(connections(), "studio"), "https://vercel.com/acme/studio"),
        (dashboards.render("srv-1", "env"), "https://dashboard.render.com/worker/srv-1/env"),
        (dashboards.github("acme/studio", "settings"), "https://github.com/acme/studio/settings"),
        (dashboards.github("acme/../x?y", "#z"), "https://github.com/acme/../x%3Fy/%23z"),
    ],
)
def test_the_address_is_the_dashboards(address: str, expected: str) -> None:
    assert address == expected


def test_what_is_not_known_has_no_address() -> None:
    unknown = connections(workspace="", environment="", team="")
    assert dashboards.modal(unknown, "", "secrets") == ""
    assert dashboards.vercel(unknown, "studio") == ""
    assert dashboards.render("") == ""
