"""A papermill engine that keeps known secrets out of the executed copy and reports each cell as it ends.

Use: ``papermill --engine deploybook in.ipynb out.ipynb``; the runner uses it always.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from papermill.engines import NBClientEngine, NotebookExecutionManager
from traitlets.config import Config

from deploybook.contract.model import load_contract
from deploybook.layout import find_layout
from deploybook.redact import Redactor
from deploybook.runbook.events import MIME, WAIT, WATCHED_VARIABLE
from deploybook.runbook.notebook_file import events
from deploybook.runner.executed_links import relink, seen_from
from deploybook.runner.kernel_folder import kernel_folder
from deploybook.state.known_secrets import known_secrets
from deploybook.state.vault import Vault

CellDone = Callable[[Any], None]
# A cell's id, and an event that it has shown; None when it starts.
CellGoesOn = Callable[[str, dict[str, Any] | None], None]


class DeploybookEngine(NBClientEngine):  # type: ignore[misc]
    """nbclient's engine with redaction. ``vault`` is where secrets of this run appear; ``cell_done`` is called with each code cell.

    ``cell_goes_on`` is called when one starts, and with each event that it shows while it goes on.
    """

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *arguments: Any,
        vault: Vault | None = None,
        cell_done: CellDone | None = None,
        cell_goes_on: CellGoesOn | None = None,
        **options: Any,
    ) -> Any:
        """Execute; whatever is saved on the way, and what is returned, is redacted first."""
        redactor, layout = Redactor(), find_layout()
        contract = load_contract(layout.contract)
        entries = seen_from(layout.root / "docs" / "troubleshooting.md", nb_man.output_path)
        save, complete = nb_man.save, nb_man.cell_complete

        def redacted_save(**kwargs: Any) -> None:
            # The vault grows while the notebook runs: look again at every save.
            redactor.learn(known_secrets(contract, os.environ, vault))
            for cell in nb_man.nb.cells:
                cell.update(redactor.tree(cell))
                relink(cell, entries)
            nb_man.nb.metadata.update(redactor.tree(nb_man.nb.metadata))
            save(**kwargs)

        def started(cell: Any, *args: Any, **kwargs: Any) -> None:
            start(cell, *args, **kwargs)
            if cell_goes_on and cell.cell_type == "code":
                displayed.update(cell=cell, count=0)
                cell_goes_on(cell.id, None)

        def output_came() -> None:
            autosave()
            if not cell_goes_on or not (cell := displayed.get("cell")):
                return
            if new := take_events(cell, displayed["count"]):
                redactor.learn(known_secrets(contract, os.environ, vault))
                for event in redactor.tree(new):
                    cell_goes_on(cell.id, event)
                displayed["count"] += sum(event["step"] != WAIT for event in new)

        def reporting_complete(cell: Any, *args: Any, **kwargs: Any) -> None:
            complete(cell, *args, **kwargs)
            if cell_done and cell.cell_type == "code":
                cell_done(redactor.tree(cell))

        displayed: dict[str, Any] = {}
        start, autosave = nb_man.cell_start, nb_man.autosave_cell
        nb_man.save, nb_man.cell_complete = redacted_save, reporting_complete
        nb_man.cell_start, nb_man.autosave_cell = started, output_came
        try:
            with _sockets() as config:
                return super().execute_managed_notebook(nb_man, kernel_name, *arguments, config=config, **options)
        finally:
            redacted_save()


def take_events(cell: Any, count: int) -> list[dict[str, Any]]:
    """The events that a cell has shown after ``count`` others. Those that say what is waited for are taken out: they are not kept."""
    new = events(cell)[count:]
    if any(event["step"] == WAIT for event in new):
        cell.outputs[:] = [
            output for output in cell.outputs if output.get("data", {}).get(MIME, {}).get("step") != WAIT
        ]
    return new


@contextmanager
def _sockets() -> Iterator[Config]:
    """Have the kernel reached over Unix sockets in a folder of its own: no other user can listen to what a cell shows."""
    with kernel_folder() as folder, _own_ipython(folder):
        yield Config({"KernelManager": {"transport": "ipc", "connection_file": str(folder / "kernel.json")}})


@contextmanager
def _own_ipython(folder: Path) -> Iterator[None]:
    """Give the kernel an IPython folder of its own: without the operator's startup files, and where HOME cannot be written.

    It is told that somebody reads its lines.
    """
    own = {"IPYTHONDIR": str(folder / "ipython"), WATCHED_VARIABLE: "1"}
    before = {name: os.environ[name] for name in own if name in os.environ}
    os.environ.update(own)
    try:
        yield
    finally:
        for name in own.keys() - before.keys():
            del os.environ[name]
        os.environ.update(before)
