"""Modal: the two secrets, the render app, and the checks that prove them.

Nothing here imports the modal package before a run has settled the environment that it reads.
"""

from deploybook.clouds.modal.app import ModalApp
from deploybook.clouds.modal.checks import (
    app_is_listed,
    environment_is_there,
    functions_are_there,
    right_token_is_accepted,
    secret_has_its_keys,
    secret_values_arrive,
    token_is_valid,
    unknown_call_is_not_found,
    wrong_token_is_refused,
)
from deploybook.clouds.modal.environment import ModalEnvironment
from deploybook.clouds.modal.secret import ModalSecret
from deploybook.clouds.modal.source import Source, source_is_there

__all__ = [
    "ModalApp",
    "ModalEnvironment",
    "ModalSecret",
    "Source",
    "app_is_listed",
    "environment_is_there",
    "functions_are_there",
    "right_token_is_accepted",
    "secret_has_its_keys",
    "secret_values_arrive",
    "source_is_there",
    "token_is_valid",
    "unknown_call_is_not_found",
    "wrong_token_is_refused",
]
