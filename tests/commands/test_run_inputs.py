"""``deploybook run`` names everything that is missing at once, and starts nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.runbook.settings_checkout import checkout
from tests.runner.test_run import Pretended

from deploybook.cli import main


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    checkout(tmp_path)
    monkeypatch.setenv("DEPLOYBOOK_HOME", str(tmp_path))
    return tmp_path


def run(executor: Pretended, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["run", *arguments], executor=executor)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("mode", ["plan", "apply", "verify", "destroy"])
@pytest.mark.parametrize("sections", [(), ("r2",)])
def test_without_credentials_nothing_is_started_in_any_mode(
    root: Path, capsys: pytest.CaptureFixture[str], mode: str, sections: tuple[str, ...]
) -> None:
    executor = Pretended()
    assert run(executor, *sections, "--mode", mode) == 2
    printed = capsys.readouterr().err
    assert "CLOUDFLARE_API_TOKEN is not set" in printed
    assert "CLOUDFLARE_ACCOUNT_ID is not set" in printed
    assert not executor.warm
    assert not (root / "build").exists()


def test_the_settings_give_what_the_command_line_does_not(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # So that what the run puts into the environment goes with the test.
    monkeypatch.setenv("RENDER_API_KEY", "")
    env = root / "studio.env"
    env.write_text("RENDER_API_KEY=rnd_x\n")
    env.chmod(0o600)
    (root / "runbooks" / "parameters" / "production.yaml").write_text(
        f"environment: production\ngit_repository: acme/studio\ncredentials_file: {env}\n"
    )
    executor = Pretended()
    assert run(executor, "render", "--mode", "plan") == 0
    assert executor.started == ["render"]


class Dying(Pretended):
    """An executor whose first process is gone before it answers, as multiprocessing reports that."""

    def warm_up(self) -> None:
        raise EOFError


def test_a_process_that_ends_at_once_is_a_fault_of_the_machine_and_no_stop(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    del root
    assert run(Dying(), "webhook_secret", "--mode", "plan") == 7
    printed = capsys.readouterr().err
    assert "error: A process that deploybook started ended at once" in printed
    assert "stopped" not in printed


def test_a_checkout_that_cannot_be_written_is_one_sentence_and_nothing_is_started(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # No user, root neither, makes a folder there.
    (root / "build").symlink_to("/sys")
    executor = Pretended()
    assert run(executor, "webhook_secret", "--mode", "plan") == 7
    assert executor.started == []
    printed = capsys.readouterr().err
    assert printed.startswith("error: This machine does not let deploybook use ")
    assert printed.count("\n") == 3
