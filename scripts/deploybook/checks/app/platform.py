"""Variables that nobody has to set: these hosts, others, the tools and the operating system give them."""

from __future__ import annotations

import re

from deploybook.contract.model import Contract

GIVEN = re.compile(
    r"NODE_ENV|NODE_OPTIONS|NEXT_(RUNTIME|PHASE|MANUAL_SIG_HANDLE|TELEMETRY_DISABLED)|__NEXT_\w+|npm_\w+|CI|PORT|HOST|HOSTNAME"
    r"|HOME|PATH|PWD|TMPDIR|TEMP|TMP|TZ|LANG|USER|SHELL|FORCE_COLOR|NO_COLOR|TURBOPACK|PYTHON\w+"
    r"|(NEXT_PUBLIC_)?VERCEL(_\w+)?|RENDER(_\w+)?|(GITHUB|RUNNER|ACTIONS)_\w+"
    # What a test or a build tool sets where it runs.
    r"|(CI_)?PLAYWRIGHT(_\w+)?|VITEST(_\w+)?|JEST_WORKER_ID|CYPRESS(_\w+)?"
    # https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope
    r"|(TARGET|BUILD)(PLATFORM|OS|ARCH|VARIANT)"
    # Other hosts: an application asks whether it runs there, and here it does not.
    r"|ECS_CONTAINER_METADATA_URI(_V4)?|AWS_(LAMBDA_\w+|EXECUTION_ENV)|KUBERNETES_\w+|K_(SERVICE|REVISION|CONFIGURATION)"
    r"|FLY_\w+|RAILWAY_\w+|NETLIFY(_\w+)?|CF_PAGES(_\w+)?|DYNO|WEBSITE_INSTANCE_ID"
    # https://modal.com/docs/guide/environment_variables
    r"|MODAL_(CLOUD_PROVIDER|ENVIRONMENT|IDENTITY_TOKEN|IMAGE_ID|IS_REMOTE|REGION|TASK_ID|SERVER_URL)"
)


def is_set_by_host(name: str, contract: Contract) -> bool:
    """Whether a host or a tool gives the variable. A secret or a credential of the contract is never one of those."""
    own = {variable.name for variable in contract.variables if variable.secret} | {
        credential.name for credential in contract.credentials
    }
    return GIVEN.fullmatch(name) is not None and name not in own
