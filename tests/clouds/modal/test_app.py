"""The app: deployed by the modal command line, again only when something has changed, and stopped."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import SecretStr
from tests.clouds.modal.conftest import APP
from tests.conftest import CONTRACT, RunningSandbox
from tests.waiting import PATIENCE_SECONDS, until

from deploybook.clouds import modal
from deploybook.clouds.connections import Connections
from deploybook.clouds.modal import deploying
from deploybook.errors import InvalidValue, UnexpectedResponse, VerificationFailed
from deploybook.state.last_writes import LastWrites

Change = Callable[..., modal.ModalApp]


@pytest.fixture
def another(render_auth: modal.ModalSecret, observed: LastWrites) -> Change:
    """The same app with another wish."""

    def make(
        source: modal.Source, label: str = "studio", functions: tuple[str, str] = ("submit", "status")
    ) -> modal.ModalApp:
        options = {"label": label, "functions": functions, "secrets": (render_auth,), "minutes": 1}
        return modal.ModalApp("studio", source, {}, observed, **options)  # type: ignore[arg-type]

    return make


def faults(clouds: Connections, app: modal.ModalApp) -> list[str]:
    state = app.read(clouds)
    assert state is not None
    return [str(change) for change in app.differences(state)]


def test_an_app_is_deployed_once_and_again_for_what_changes(
    clouds: Connections, app: modal.ModalApp, render_auth: modal.ModalSecret, source: modal.Source, another: Change
) -> None:
    secret = render_auth.create(clouds)
    assert app.read(clouds) is None
    first = app.create(clouds)
    assert first.version == 1
    assert faults(clouds, app) == []
    assert first.url("submit").endswith("--studio-submit.modal.run")
    assert modal.functions_are_there(first, app) == "submit, status"
    modal.app_is_listed(clouds.modal, app)

    assert faults(clouds, another(source, "other")) == ["MODAL_LABEL: studio → other"]
    render_auth.update(clouds, secret, [])
    assert faults(clouds, app) == ["secret render-auth: deployed with older values → deployed again"]
    (source.path.parent / "part.py").write_text("x = 1\n")
    [changed, _] = faults(clouds, app)
    assert changed.startswith("source: ")
    second = app.update(clouds, first, [])
    assert second.id == first.id
    assert second.version == 2
    assert faults(clouds, app) == []

    app.delete(clouds, second)
    assert app.read(clouds) is None
    with pytest.raises(VerificationFailed, match="does not list the app studio"):
        modal.app_is_listed(clouds.modal, app)


def test_a_deploy_by_somebody_else_is_drift(
    clouds: Connections, app: modal.ModalApp, render_auth: modal.ModalSecret, source: modal.Source
) -> None:
    render_auth.create(clouds)
    app.create(clouds)
    deploying.deploy(source, "studio", "", {"MODAL_LABEL": "studio"}, clouds.modal.credentials(), 60)
    assert faults(clouds, app) == ["deployment: version 2, not by deploybook → deployed"]


def test_the_label_of_another_app_is_not_taken_unnoticed(
    clouds: Connections, app: modal.ModalApp, render_auth: modal.ModalSecret, source: modal.Source
) -> None:
    render_auth.create(clouds)
    assert app.taken_from(clouds) == ""
    deploying.deploy(source, "by-hand", "", {"MODAL_LABEL": "studio"}, clouds.modal.credentials(), 60)
    assert app.taken_from(clouds) == "the app by-hand answers to the label studio-status, and would lose it"
    app.create(clouds)
    assert app.taken_from(clouds) == "", "it has the label now"


@pytest.fixture
def clone(render_auth: modal.ModalSecret, source: modal.Source, tmp_path: Path) -> Callable[..., modal.ModalApp]:
    """The app in another clone, with an empty record or the record of an earlier deployment."""

    def make(record: dict[str, str] | None = None, **variables: SecretStr) -> modal.ModalApp:
        writes = LastWrites(tmp_path / "clone", "test")
        if record:
            writes.put("modal:app:studio", record)
        options = {"functions": ("submit", "status"), "secrets": (render_auth,), "minutes": 1}
        return modal.ModalApp("studio", source, variables, writes, label="studio", **options)  # type: ignore[arg-type]

    return make


def test_a_clone_with_the_same_to_deploy_has_nothing_to_do_whoever_deployed_last(
    clouds: Connections,
    app: modal.ModalApp,
    render_auth: modal.ModalSecret,
    clone: Callable[..., modal.ModalApp],
) -> None:
    render_auth.create(clouds)
    render_auth.rewritten = False
    state = app.create(clouds)
    older = {"id": state.id, "version": "0", "source": "another", "MODAL_LABEL": "studio"}
    for other in (clone(older), clone()):
        assert faults(clouds, other) == []
    state = app.read(clouds) or state
    assert other.examine(clouds, state, []) == []
    render_auth.rewritten = True
    assert faults(clouds, other) == [], "its own record holds now"
    assert "not by deploybook" in faults(clouds, clone(older))[0], "a secret that this run writes makes it an old one"


def test_a_clone_with_something_else_to_deploy_says_so(
    clouds: Connections, app: modal.ModalApp, render_auth: modal.ModalSecret, clone: Callable[..., modal.ModalApp]
) -> None:
    render_auth.create(clouds)
    render_auth.rewritten = False
    app.create(clouds)
    other = clone({"id": "x", "version": "1"}, R2_BUCKET_NAME=SecretStr("other"))
    assert "deployment: version 1, not by deploybook → deployed" in faults(clouds, other)


def test_the_tag_of_an_earlier_deployment_says_nothing_of_a_later_one(
    clouds: Connections,
    app: modal.ModalApp,
    render_auth: modal.ModalSecret,
    source: modal.Source,
    clone: Callable[..., modal.ModalApp],
) -> None:
    render_auth.create(clouds)
    render_auth.rewritten = False
    app.create(clouds)
    deploying.deploy(source, "studio", "", {"MODAL_LABEL": "studio"}, clouds.modal.credentials(), 60)
    assert "not known here" in faults(clouds, clone())[0]


def test_a_tag_of_the_operators_stays(clouds: Connections, app: modal.ModalApp, render_auth: modal.ModalSecret) -> None:
    render_auth.create(clouds)
    first = app.create(clouds)
    clouds.modal.tag_app("studio", "", "team", "films")
    app.update(clouds, first, [])
    state = app.read(clouds)
    assert state is not None
    assert state.tags.keys() == {"deploybook", "team"}


def test_a_function_that_is_not_there_or_is_no_endpoint_is_named(
    clouds: Connections, render_auth: modal.ModalSecret, source: modal.Source, another: Change
) -> None:
    render_auth.create(clouds)
    app = another(source, functions=("render", "absent"))
    deployed = app.create(clouds)
    assert faults(clouds, app) == ["render: not there → deployed", "absent: not there → deployed"]
    with pytest.raises(InvalidValue, match="no web function render"):
        modal.functions_are_there(deployed, app)


def test_a_deploy_without_its_secret_says_so_and_leaves_nothing_live(clouds: Connections, app: modal.ModalApp) -> None:
    with pytest.raises(UnexpectedResponse, match="Secret 'render-auth' not found") as caught:
        app.create(clouds)
    assert caught.value.entry == "modal-deploy"
    assert app.read(clouds) is None


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise SystemExit('R2_BUCKET_NAME is not set')\n", "R2_BUCKET_NAME is not set"),
        ("import nothing_of_this_name\n", "No module named 'nothing_of_this_name'"),
        ("import sys\nprint('\\033[31mred\\033[0m', '\\033]8;;x\\033\\\\')\nsys.exit(3)\n", "red"),
    ],
)
def test_a_file_that_fails_is_quoted_by_its_reason(
    clouds: Connections, app: modal.ModalApp, source: modal.Source, code: str, message: str
) -> None:
    source.path.write_text(code)
    with pytest.raises(UnexpectedResponse) as caught:
        app.create(clouds)
    assert message in str(caught.value)
    assert "\x1b" not in str(caught.value)


def test_the_file_sees_what_it_reads_and_no_credential_but_modals(
    clouds: Connections, source: modal.Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = {f"{prefix}ANYTHING" for prefix in CONTRACT.operator_prefixes()}
    for name in {*CONTRACT.operator_names(), *others, "DEPLOYBOOK_SANDBOX_EXPORTS"}:
        monkeypatch.setenv(name, "canary")
    tell = "' '.join([n for n in os.environ if n.startswith(('MODAL_', 'R2_'))] + [f'{str(os.environ).count(\"canary\")} leaks'])"
    source.path.write_text(f"import os\nraise SystemExit({tell})\n")
    with pytest.raises(UnexpectedResponse) as caught:
        deploying.deploy(
            source, "studio", "", {"MODAL_LABEL": "l", "R2_BUCKET_NAME": "b"}, clouds.modal.credentials(), 60
        )
    assert "MODAL_LABEL" in str(caught.value)
    assert "MODAL_TOKEN_SECRET" in str(caught.value)
    assert "R2_BUCKET_NAME" in str(caught.value)
    assert "0 leaks" in str(caught.value)


def test_a_deploy_that_hangs_is_ended(clouds: Connections, source: modal.Source) -> None:
    source.path.write_text("import time\ntime.sleep(600)\n")
    started = time.monotonic()
    with pytest.raises(UnexpectedResponse, match=r"did not finish within 0\.0") as caught:
        deploying.deploy(source, "studio", "", {}, clouds.modal.credentials(), 2)
    assert time.monotonic() - started < PATIENCE_SECONDS
    assert "deploy_minutes" in caught.value.hint


def test_the_command_line_ends_with_whoever_started_it(source: modal.Source, sandbox: RunningSandbox) -> None:
    source.path.write_text("import pathlib, time\npathlib.Path(__file__).with_name('.begun').touch()\ntime.sleep(60)\n")
    command = [sys.executable, "-P", "-m", "deploybook.clouds.modal.tied", "deploy", str(source.path), "--name", "x"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, env=sandbox.environment()) as process:
        assert process.stdin is not None
        until(lambda: source.path.with_name(".begun").exists() or process.poll() is not None, "the start of the file")
        assert process.poll() is None
        process.stdin.close()
        assert process.wait(PATIENCE_SECONDS) == 1


def test_an_app_that_is_deployed_from_a_folder_above_follows_every_file_of_it(tmp_path: Path) -> None:
    file = tmp_path / "modal_app/app.py"
    file.parent.mkdir()
    file.write_text("")
    (tmp_path / ".gitignore").write_text("local.db\n")
    source = modal.Source.at(str(file), str(tmp_path))
    before = source.digest()
    (tmp_path / "local.db").write_text("x")
    assert source.digest() == before
    (tmp_path / "package.json").write_text("{}")
    assert source.digest() != before


def test_a_folder_that_does_not_hold_the_app_is_refused(tmp_path: Path, source: modal.Source) -> None:
    (tmp_path / "other").mkdir()
    for folder in (tmp_path / "other", tmp_path / "absent"):
        with pytest.raises(InvalidValue, match="is not a folder that contains"):
            modal.Source.at(str(source.path), str(folder))


def test_the_digest_follows_what_is_deployed_and_nothing_else(source: modal.Source) -> None:
    before = source.digest()
    for name in ("__pycache__/app.pyc", ".git/HEAD", "node_modules/x.js"):
        path = source.path.parent / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    assert source.digest() == before
    (source.path.parent / "asset.bin").write_bytes(b"\0")
    assert source.digest() != before
    assert modal.source_is_there(str(source.path)) == f"version {source.digest()[:12]}"


@pytest.mark.parametrize("text", ["def broken(:\n", "\0"])
def test_a_file_that_is_no_python_is_refused_before_any_request(tmp_path: Path, text: str) -> None:
    (tmp_path / "app.py").write_text(text)
    with pytest.raises(InvalidValue, match="is not a Python file"):
        modal.source_is_there(str(tmp_path / "app.py"))
    with pytest.raises(InvalidValue, match="There is no file"):
        modal.source_is_there(str(tmp_path))
    assert compile(APP, "app", "exec")
