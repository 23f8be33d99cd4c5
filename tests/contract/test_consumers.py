"""Each consumer gets exactly what the contract sends to it, from the right source."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr

from deploybook.contract.consumers import require, variables_for
from deploybook.contract.model import load_contract
from deploybook.errors import MissingVariable

CONTRACT = load_contract(Path(__file__).resolve().parents[2] / "runbooks" / "contract.toml")
VAULT_VALUES = {variable.name: SecretStr(variable.example) for variable in CONTRACT.variables if variable.section}


def test_constants_need_no_vault() -> None:
    pushed, _ = variables_for(CONTRACT, "vercel", {}, {})
    assert {name: variable.value.get_secret_value() for name, variable in pushed.items()} == {
        "DEPLOY_ENV": "production",
        "STORAGE_BACKEND": "r2",
        "JOB_STORE_BACKEND": "turso",
        "AWS_REQUEST_CHECKSUM_CALCULATION": "WHEN_REQUIRED",
        "AWS_MAX_ATTEMPTS": "8",
    }


def test_modal_gets_the_r2_pair_under_both_names() -> None:
    pushed, missing = variables_for(CONTRACT, "modal:r2-credentials", VAULT_VALUES, {})
    assert missing == []
    assert pushed["AWS_SECRET_ACCESS_KEY"].value == pushed["R2_SECRET_ACCESS_KEY"].value
    assert pushed["AWS_SECRET_ACCESS_KEY"].secret
    assert len(pushed) == 6


def test_a_credential_comes_from_the_environment_alone() -> None:
    pushed, missing = variables_for(CONTRACT, "github", VAULT_VALUES, {"VERCEL_TOKEN": "t"})
    assert pushed["VERCEL_TOKEN"].value.get_secret_value() == "t"
    assert missing == []
    assert "VERCEL_TOKEN" in variables_for(CONTRACT, "github", VAULT_VALUES | {"VERCEL_TOKEN": SecretStr("v")}, {})[1]


def test_operators_other_credentials_reach_no_service() -> None:
    environ = {credential.name: "canary" for credential in CONTRACT.credentials}
    for consumer in ("vercel", "render", "modal:r2-credentials", "modal:render-auth", "end_to_end"):
        pushed, _ = variables_for(CONTRACT, consumer, VAULT_VALUES, environ)
        assert all(variable.value.get_secret_value() != "canary" for variable in pushed.values())


def test_optional_variables_are_left_out_until_somebody_sets_them() -> None:
    assert "WORKER_POLL_INTERVAL_MS" not in variables_for(CONTRACT, "render", VAULT_VALUES, {})[0]
    vault_values = VAULT_VALUES | {"WORKER_POLL_INTERVAL_MS": SecretStr("500")}
    assert "WORKER_POLL_INTERVAL_MS" in variables_for(CONTRACT, "render", vault_values, {})[0]


def test_what_a_section_lacks_of_others_is_named_and_its_own_is_not() -> None:
    vault_values = {
        name: value for name, value in VAULT_VALUES.items() if name not in {"NEXT_PUBLIC_APP_URL", "TURSO_AUTH_TOKEN"}
    }
    _, missing = variables_for(CONTRACT, "vercel", vault_values, {})
    assert set(missing) == {"NEXT_PUBLIC_APP_URL", "TURSO_AUTH_TOKEN"}
    with pytest.raises(MissingVariable, match="TURSO_AUTH_TOKEN"):
        require(CONTRACT, missing, "vercel", "production")
    require(CONTRACT, ["NEXT_PUBLIC_APP_URL"], "vercel", "production")
