"""The application in a sandbox that no other test has; each test says with which variables it runs.

It is provisioned once in each worker of xdist that needs it: the tests are in two groups, so that two do.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conftest import launch_sandbox
from tests.sample_app.stack import SERVICES, Stack


# Of this folder, not of the session: its worker asks for jobs ten times a second.
@pytest.fixture(scope="package")
def provisioned() -> Iterator[Stack]:
    """The stack; use ``stack``."""
    sandbox = launch_sandbox(*SERVICES)
    stack = Stack(sandbox)
    stack.provision()
    yield stack
    stack.close()
    sandbox.close()


@pytest.fixture
def stack(provisioned: Stack) -> Stack:
    """The running application; a test that needs the right variables calls ``use()`` first."""
    return provisioned
