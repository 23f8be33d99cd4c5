"""A Modal environment is kept: whoever deletes it deletes all that others have in it."""

from __future__ import annotations

import pytest

from deploybook.clouds import modal
from deploybook.clouds.connections import Connections
from deploybook.clouds.resource import StillNeeded


def test_an_environment_is_kept_with_the_command_that_deletes_everything_in_it(clouds: Connections) -> None:
    environment = modal.ModalEnvironment("trial")
    made = environment.create(clouds)
    with pytest.raises(StillNeeded, match="would delete all that is in it: modal environment delete trial"):
        environment.delete(clouds, made)
    assert environment.read(clouds) == made
