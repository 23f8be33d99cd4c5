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
from deploybook.runner.kernel_folder import kernel_folder
from deploybook.state.known_secrets import known_secrets
from deploybook.state.vault import Vault

CellDone = Callable[[Any], None]


class DeploybookEngine(NBClientEngine):  # type: ignore[misc]
    """nbclient's engine with redaction. ``vault`` is where secrets of this run appear; ``cell_done`` is called with each code cell."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        kernel_name: str,
        *arguments: Any,
        vault: Vault | None = None,
        cell_done: CellDone | None = None,
        **options: Any,
    ) -> Any:
        """Execute; whatever is saved on the way, and what is returned, is redacted first."""
        redactor = Redactor()
        contract = load_contract(find_layout().contract)
        save, complete = nb_man.save, nb_man.cell_complete

        def redacted_save(**kwargs: Any) -> None:
            # The vault grows while the notebook runs: look again at every save.
            redactor.learn(known_secrets(contract, os.environ, vault))
            for cell in nb_man.nb.cells:
                cell.update(redactor.tree(cell))
            nb_man.nb.metadata.update(redactor.tree(nb_man.nb.metadata))
            save(**kwargs)

        def reporting_complete(cell: Any, *args: Any, **kwargs: Any) -> None:
            complete(cell, *args, **kwargs)
            if cell_done and cell.cell_type == "code":
                cell_done(redactor.tree(cell))

        nb_man.save, nb_man.cell_complete = redacted_save, reporting_complete
        try:
            with _sockets() as config:
                return super().execute_managed_notebook(nb_man, kernel_name, *arguments, config=config, **options)
        finally:
            redacted_save()


@contextmanager
def _sockets() -> Iterator[Config]:
    """Have the kernel reached over Unix sockets in a folder of its own: no other user can listen to what a cell shows."""
    with kernel_folder() as folder, _own_ipython(folder):
        yield Config({"KernelManager": {"transport": "ipc", "connection_file": str(folder / "kernel.json")}})


@contextmanager
def _own_ipython(folder: Path) -> Iterator[None]:
    """Give the kernel an IPython folder of its own: without the operator's startup files, and where HOME cannot be written."""
    before = os.environ.get("IPYTHONDIR")
    os.environ["IPYTHONDIR"] = str(folder / "ipython")
    try:
        yield
    finally:
        os.environ.pop("IPYTHONDIR")
        if before is not None:
            os.environ["IPYTHONDIR"] = before
