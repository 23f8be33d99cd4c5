"""What a process gets of the operator's environment."""

from __future__ import annotations

import pytest
from tests.conftest import ROOT

from deploybook.contract.model import load_contract
from deploybook.runbook import environment

CONTRACT = load_contract(ROOT / "runbooks" / "contract.toml")
NAMES = CONTRACT.operator_names() | {f"{prefix}ANYTHING" for prefix in CONTRACT.operator_prefixes()}
ELSEWHERE = {
    "AWS_PROFILE",
    "AWS_SESSION_TOKEN",
    "AWS_SHARED_CREDENTIALS_FILE",
    "MODAL_PROFILE",
    "GH_TOKEN",
    "DEPLOYBOOK_VAULT",
    "DEPLOYBOOK_CONFIRM",
    "PYTHON_KEYRING_BACKEND",
    "HTTPS_PROXY",
    "https_proxy",
    "ALL_PROXY",
    "NO_PROXY",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "REQUESTS_CA_BUNDLE",
    "NETRC",
    "KUBECONFIG",
    "STRIPE_SECRET_KEY",
    "SSH_AUTH_SOCK",
    "XDG_CONFIG_HOME",
    "NPM_TOKEN",
}


@pytest.mark.parametrize("name", sorted(NAMES | ELSEWHERE))
def test_a_dry_run_gets_nothing_that_is_somebodys(name: str) -> None:
    assert environment.machine({name: "canary", "PATH": "/bin"}) == {"PATH": "/bin"}


def test_programs_that_were_downloaded_are_found_without_the_home_folder() -> None:
    assert environment.machine({"HOME": "/home/me"})["XDG_CACHE_HOME"] == "/home/me/.cache"
    assert environment.machine({"HOME": "/home/me", "XDG_CACHE_HOME": "/c"})["XDG_CACHE_HOME"] == "/c"


@pytest.mark.parametrize(("length", "kept"), [(49, True), (50, False), (66, False)])
def test_a_folder_in_which_no_socket_could_be_named_gives_way_to_a_shorter_one(length: int, kept: bool) -> None:
    path = "/" + "t" * (length - 1)
    assert environment.machine({"TMPDIR": path}) == {"TMPDIR": path if kept else "/tmp"}


@pytest.mark.parametrize("slug", [section.slug for section in CONTRACT.sections])
def test_a_section_gets_its_own_credentials_and_no_others(slug: str) -> None:
    everything = dict.fromkeys(NAMES, "canary") | {"PATH": "/bin", "HTTPS_PROXY": "http://proxy"}
    kept = environment.for_section(CONTRACT, slug, everything, {})
    own = {
        credential.name
        for credential in CONTRACT.credentials
        if slug in {*credential.sections, *credential.used_if_set}
    }
    assert own <= kept.keys()
    others = {credential.name for credential in CONTRACT.credentials if credential.secret} - own
    consumed = {
        variable.name for place in CONTRACT.consumers_set_by(slug) for variable in CONTRACT.consumed_by(place.name)
    }
    assert others & kept.keys() <= consumed


def test_the_bucket_does_not_see_the_repositorys_token() -> None:
    kept = environment.for_section(CONTRACT, "r2", {"GITHUB_TOKEN": "canary", "CLOUDFLARE_API_TOKEN": "own"}, {})
    assert kept == {"CLOUDFLARE_API_TOKEN": "own"}


def test_the_authorities_of_tls_reach_every_section() -> None:
    environ = {"AWS_CA_BUNDLE": "/etc/proxy.pem", "SSL_CERT_FILE": "/etc/proxy.pem", "AWS_PROFILE": "canary"}
    assert environment.for_section(CONTRACT, "turso", environ, {}).keys() == {"AWS_CA_BUNDLE", "SSL_CERT_FILE"}


def test_a_variable_that_a_parameter_names_is_passed_on() -> None:
    environ = {"INTERNAL_WEBHOOK_SECRET": "taken over", "GITHUB_TOKEN": "canary"}
    parameters = {"import_from": "INTERNAL_WEBHOOK_SECRET", "rotate": False}
    kept = environment.for_section(CONTRACT, "webhook_secret", environ, parameters)
    assert kept == {"INTERNAL_WEBHOOK_SECRET": "taken over"}
