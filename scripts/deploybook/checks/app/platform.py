"""Variables that nobody has to set: the hosts, the tools and the operating system give them."""

from __future__ import annotations

import re

from deploybook.contract.model import Contract

GIVEN = re.compile(
    r"NODE_ENV|NODE_OPTIONS|NEXT_(RUNTIME|PHASE|MANUAL_SIG_HANDLE|TELEMETRY_DISABLED)|__NEXT_\w+|npm_\w+|CI|PORT|HOST|HOSTNAME"
    r"|HOME|PATH|PWD|TMPDIR|TEMP|TMP|TZ|LANG|USER|SHELL|FORCE_COLOR|NO_COLOR|TURBOPACK|PYTHON\w+"
    r"|(NEXT_PUBLIC_)?VERCEL(_\w+)?|RENDER(_\w+)?|(GITHUB|RUNNER|ACTIONS)_\w+"
    # https://modal.com/docs/guide/environment_variables
    r"|MODAL_(CLOUD_PROVIDER|ENVIRONMENT|IDENTITY_TOKEN|IMAGE_ID|IS_REMOTE|REGION|TASK_ID|SERVER_URL)"
)


def is_given(name: str, contract: Contract) -> bool:
    """Whether a host or a tool gives the variable. A secret or a credential of the contract is never one of those."""
    own = {variable.name for variable in contract.variables if variable.secret} | {
        credential.name for credential in contract.credentials
    }
    return GIVEN.fullmatch(name) is not None and name not in own
