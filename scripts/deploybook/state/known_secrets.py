"""Which secrets a process knows of: the operator's, the sandbox's and the vault's."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import SecretStr

from deploybook.contract.model import Contract
from deploybook.state.vault import Vault


def known_secrets(contract: Contract, environ: Mapping[str, str], vault: Vault | None = None) -> list[SecretStr]:
    """Every value, in the environment or the vault, of a variable or credential that the contract calls secret."""
    names = {credential.name for credential in contract.credentials if credential.secret}
    names |= {variable.name for variable in contract.variables if variable.secret}
    # By name: doctor's sections, side by side, change the one environment of their process.
    secrets = [SecretStr(value) for name in sorted(names) if (value := environ.get(name))]
    if vault is not None:
        secrets += [value for name, value in vault.all().items() if name in names]
    return secrets
