"""A Modal secret's keys, and what our record says of its values: Modal never shows one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from deploybook.clouds.comparison import ConsumerDrift, DriftStatus, VariableDrift, Wanted, findings
from deploybook.clouds.modal.client import SecretState
from deploybook.clouds.modal.secret import ModalSecret

if TYPE_CHECKING:
    from deploybook.clouds.connections import Connections
    from deploybook.state.last_writes import LastWrites

# What a resource says of the secret as a whole, and so of each of its keys.
WHOLE = {"values": DriftStatus.UNTELLABLE, "secret": DriftStatus.DIFFERS}


def compare(
    clouds: Connections, wanted: Wanted, last_writes: LastWrites, parameters: Mapping[str, Any]
) -> ConsumerDrift:
    """``wanted.consumer`` names the secret; ``parameters``: ``modal_environment``. Raises a ServiceError if Modal refuses.

    Equal means: as deploybook last wrote it. Only a container could see a later change of a value in place.
    """
    name = wanted.consumer.removeprefix("modal:")
    environment = str(parameters["modal_environment"])
    secret = ModalSecret(name, wanted.variables, wanted.values, last_writes, environment=environment)
    state = secret.read(clouds) or SecretState()
    changes = secret.differences(state)
    of_all = [VariableDrift(WHOLE[change.field], change.old) for change in changes if change.field in WHOLE]
    judged = {name: (of_all or [VariableDrift(DriftStatus.EQUAL, "as last written")])[0] for name in wanted.values}
    judged |= {
        change.field: VariableDrift(DriftStatus.DIFFERS, change.old) for change in changes if change.field in state.keys
    }
    judged |= {name: VariableDrift(DriftStatus.MISSING) for name in wanted.values.keys() - state.keys}
    return findings(wanted, dict.fromkeys(state.keys), judged)
