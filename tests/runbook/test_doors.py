"""The same bad inputs through each door: whoever opens a runbook, nothing of the operator's changes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import nbformat
import papermill
import pytest
import yaml
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import start_new_kernel
from nbclient import NotebookClient
from tests.conftest import ROOT, without_operator
from tests.runbook.settings_checkout import checkout
from tests.waiting import PATIENCE_SECONDS

from deploybook.errors import DeploybookError
from deploybook.runbook import Runbook, sandbox_session

SECRET = "ab" * 32
SLUG = "webhook_secret"
BAD: dict[str, tuple[dict[str, object], str]] = {
    "a text for a truth value": ({"mode": "apply", "rotate": "false"}, "Parameter rotate is 'false'"),
    "a number for a truth value": ({"mode": "apply", "rotate": 1}, "Parameter rotate is 1"),
    "nothing for a truth value": ({"mode": "apply", "rotate": None}, "Parameter rotate is None"),
    "a misspelt name": ({"mode": "apply", "rotat": True}, "The runbook has no parameter rotat"),
    "a mode that there is not": ({"mode": "aply"}, "Parameter mode is 'aply'"),
    "an environment that there cannot be": ({"environment": "../x"}, "Parameter environment is '../x'"),
    "apply, and nobody was asked": ({"mode": "apply"}, "Nothing was changed: the environment production was not named"),
    "a secret replaced, and nobody was asked": ({"mode": "apply", "rotate": True}, "Nothing was changed"),
    "destroy, and nobody was asked": ({"mode": "destroy"}, "Nothing was destroyed"),
}
# Each costs a kernel.
FEW = ("a text for a truth value", "a misspelt name", "a secret replaced, and nobody was asked")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A checkout whose vault holds a secret that must be the same afterwards."""
    (tmp_path / "runbooks").symlink_to(ROOT / "runbooks")
    state = tmp_path / ".deploybook"
    state.mkdir(mode=0o700)
    (state / "production.env").write_text(f"INTERNAL_WEBHOOK_SECRET='{SECRET}'\n")
    (state / "production.env").chmod(0o600)
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(tmp_path))
    yield tmp_path
    assert (state / "production.env").read_text() == f"INTERNAL_WEBHOOK_SECRET='{SECRET}'\n"


def notebook() -> Path:
    return ROOT / "runbooks" / f"{SLUG}.ipynb"


def injected(parameters: Mapping[str, object]) -> nbformat.NotebookNode:
    """The runbook with a cell of our own behind its parameters, as somebody would write it in an editor."""
    book = nbformat.read(notebook(), as_version=4)
    source = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
    at = next(n for n, cell in enumerate(book.cells) if "parameters" in cell.metadata.get("tags", []))
    book.cells.insert(at + 1, nbformat.v4.new_code_cell(source))
    return book


def command(*arguments: str, root: Path) -> str:
    """Both outputs of a command that must fail."""
    environ = without_operator(os.environ) | {"DEPLOYBOOK_HOME": str(root)}
    completed = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert completed.returncode != 0, completed.stdout + completed.stderr
    return completed.stdout + completed.stderr


def by_papermill(parameters: Mapping[str, object], root: Path) -> str:
    with pytest.raises(papermill.PapermillExecutionError) as failed:
        papermill.execute_notebook(notebook(), root / "out.ipynb", dict(parameters), progress_bar=False)
    return str(failed.value)


def by_papermill_command(parameters: Mapping[str, object], root: Path) -> str:
    pairs = [word for name, value in parameters.items() for word in ("-r", name, str(value))]
    if parameters.get("rotate") is True or "rotat" in parameters:
        pairs = [word for name, value in parameters.items() for word in ("-p", name, str(value))]
    return command("papermill", str(notebook()), str(root / "out.ipynb"), *pairs, root=root)


def by_nbclient(parameters: Mapping[str, object], root: Path) -> str:
    with pytest.raises(Exception, match=r"InvalidValue|UnknownParameter|ConfigurationError") as failed:
        NotebookClient(injected(parameters), timeout=PATIENCE_SECONDS).execute()
    return str(failed.value)


def by_nbconvert(parameters: Mapping[str, object], root: Path) -> str:
    nbformat.write(injected(parameters), root / "in.ipynb")
    return command("nbconvert", "--execute", "--to", "notebook", str(root / "in.ipynb"), root=root)


def by_call(parameters: Mapping[str, object], _: Path) -> str:
    namespace = {"Runbook": Runbook, "mode": "plan", "environment": "production", **parameters}
    with pytest.raises(DeploybookError) as failed:
        exec(f"Runbook.open({SLUG!r}, mode, environment)", namespace)  # noqa: S102 - a cell
    return str(failed.value)


@pytest.mark.parametrize("case", [case for case in BAD if "misspelt" not in case])
def test_a_call_in_a_script_is_refused(root: Path, case: str) -> None:
    parameters, message = BAD[case]
    assert message in by_call(parameters, root)


@pytest.mark.parametrize("case", FEW)
@pytest.mark.parametrize("door", [by_papermill, by_papermill_command, by_nbclient, by_nbconvert])
def test_every_other_door_is_as_narrow(
    root: Path, case: str, door: Callable[[Mapping[str, object], Path], str]
) -> None:
    parameters, message = BAD[case]
    assert message in door(parameters, root)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        (("-p", "rotate", "no"), "Parameter rotate is 'no'"),
        (("-p", "rotate", "off"), "Parameter rotate is 'off'"),
        (("-p", "rotat", "true"), "No selected runbook has a parameter rotat"),
        (("-p", "mode", "apply"), "mode cannot be set as a parameter"),
        (("--environment", "../x"), "Parameter environment is '../x'"),
        ((), "apply asks before it changes the real clouds"),
    ],
)
def test_the_command_line_refuses_them_before_it_starts_anything(
    root: Path, pairs: tuple[str, ...], message: str
) -> None:
    assert message in command("deploybook", "run", SLUG, "--mode", "apply", *pairs, root=root)


class Lab:
    """A plain kernel in which somebody runs cells, as JupyterLab does."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self._client = client

    def run(self, source: str) -> str:
        """Run one cell; return the error's text, or what it printed."""
        texts: list[str] = []

        def hear(message: dict[str, object]) -> None:
            content = message["content"]
            assert isinstance(content, dict)
            texts.extend(str(content[key]) for key in ("text", "evalue") if key in content)

        self._client.execute_interactive(source, output_hook=hear, allow_stdin=False, timeout=PATIENCE_SECONDS)
        return "".join(texts)

    def run_all(self, parameters: Mapping[str, object]) -> str:
        """Edit the parameters cell and run every cell, up to the first that fails."""
        for cell in nbformat.read(notebook(), as_version=4).cells:
            if cell.cell_type != "code":
                continue
            source = cell.source
            if "parameters" in cell.metadata.get("tags", []):
                source += "".join(f"\n{name} = {value!r}" for name, value in parameters.items())
            if printed := self.run(source):
                return printed
        return ""


@pytest.fixture
def lab(root: Path) -> Iterator[Lab]:
    manager, client = start_new_kernel(kernel_name="python3")
    yield Lab(client)
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_run_all_in_one_kernel_is_refused_each_time(lab: Lab) -> None:
    for parameters, message in BAD.values():
        assert message in lab.run_all(parameters)


def test_a_runbook_that_is_executed_within_another_ones_cell_has_its_own_parameters(lab: Lab) -> None:
    lab.run("git_repository = 'of the outer one'")
    source = "import pathlib; from deploybook.runbook.in_process import run_cells\n"
    source += f"run_cells(pathlib.Path({str(notebook())!r}), {{'mode': 'plan', 'environment': 'production'}})"
    assert lab.run(source) == ""


def test_a_confirmation_holds_for_one_run_all(lab: Lab, root: Path) -> None:
    lab.run("%env DEPLOYBOOK_CONFIRM=production")
    assert lab.run_all({"mode": "apply"}) == ""
    assert "Nothing was changed" in lab.run_all({"mode": "apply"})
    lab.run("%env DEPLOYBOOK_CONFIRM=staging")
    assert "Nothing was changed" in lab.run_all({"mode": "apply"})


def test_a_live_run_after_a_dry_run_begins_from_the_operators_own_environment(lab: Lab) -> None:
    lab.run("import os; os.environ['TURSO_API_TOKEN'] = 'the operator\\'s'; before = dict(os.environ)")
    assert lab.run_all({"mode": "dry-run"}) == ""
    assert "sandbox" in lab.run("print(os.environ['DEPLOYBOOK_SANDBOX_DIRECTORY'])")
    assert "operator" not in lab.run("print(os.environ['TURSO_API_TOKEN'])")
    lab.run("os.environ['EXPORTED_SINCE'] = 'kept'")
    assert "Nothing was changed" in lab.run_all({"mode": "apply"})
    lab.run("os.environ['DEPLOYBOOK_CONFIRM'] = 'production'")
    assert lab.run_all({"mode": "apply"}) == ""
    printed = lab.run(
        "print({n: v for n, v in os.environ.items() if before.get(n) != v}, before.keys() - os.environ.keys())"
    )
    assert printed.strip() == "{'EXPORTED_SINCE': 'kept'} set()"


def test_a_dry_run_in_a_kernel_of_its_own_leaves_it_what_its_section_reads(lab: Lab) -> None:
    lab.run("import os")
    assert lab.run_all({"mode": "dry-run"}) == ""
    everything = lab.run("print(dict(os.environ))")
    assert "TURSO_API_URL" in everything
    assert [
        name for name in ("TURSO_API_TOKEN", "GITHUB_TOKEN", "DEPLOYBOOK_SANDBOX_TOKEN") if name in everything
    ] == []


def test_two_dry_runs_in_one_kernel_keep_what_was_exported_between_them(lab: Lab) -> None:
    lab.run("import os; before = dict(os.environ)")
    assert lab.run_all({"mode": "dry-run"}) == ""
    lab.run("os.environ['EXPORTED_SINCE'] = 'kept'")
    assert lab.run_all({"mode": "dry-run"}) == ""
    lab.run("os.environ['DEPLOYBOOK_CONFIRM'] = 'production'")
    assert lab.run_all({"mode": "apply"}) == ""
    printed = lab.run(
        "print({n: v for n, v in os.environ.items() if before.get(n) != v}, before.keys() - os.environ.keys())"
    )
    assert printed.strip() == "{'EXPORTED_SINCE': 'kept'} set()"


def test_a_process_of_a_dry_run_does_not_go_on_live(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exports = f'{{"DEPLOYBOOK_SANDBOX_DIRECTORY": "{root / "sandbox"}"}}'
    monkeypatch.setenv(sandbox_session.SESSION_VARIABLE, exports)
    monkeypatch.setenv("DEPLOYBOOK_CONFIRM", "production")
    assert "belongs to a dry run" in by_call({"mode": "apply"}, root)


SETTINGS = "environment: production\ngit_repository: acme/studio\nbucket_name: acme-studio\naccounts: {TURSO_ORGANIZATION: acme}\n"


@pytest.fixture
def settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a settings file that names more than one section's parameters."""
    checkout(tmp_path)
    (tmp_path / "runbooks" / "parameters" / "production.yaml").write_text(SETTINGS)
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(tmp_path))
    return tmp_path


def test_papermill_f_opens_a_section_with_the_settings_file(settled: Path) -> None:
    # What -f injects; the command itself costs two seconds more.
    injected = yaml.safe_load(SETTINGS) | {"mode": "plan"}
    with pytest.raises(papermill.PapermillExecutionError, match="CLOUDFLARE_API_TOKEN is not set"):
        papermill.execute_notebook(
            settled / "runbooks" / "r2.ipynb", settled / "out.ipynb", injected, progress_bar=False
        )


def test_a_notebook_that_is_opened_in_jupyterlab_has_the_settings(settled: Path) -> None:
    manager, client = start_new_kernel(kernel_name="python3")
    lab = Lab(client)
    try:
        for cell in nbformat.read(settled / "runbooks" / "r2.ipynb", as_version=4).cells[:3]:
            if cell.cell_type == "code":
                assert lab.run(cell.source.replace('mode: str = "dry-run"', 'mode: str = "plan"')) == ""
        assert lab.run("print(bucket_name)").strip() == "acme-studio"
        assert lab.run("import os; print(os.environ.get('TURSO_ORGANIZATION'))").strip() == "None"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
