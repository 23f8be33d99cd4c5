"""The R2 and webhook-secret runbooks from the command line: every mode, killed runs, lost secrets, canaries, bad input."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from dotenv import dotenv_values
from tests.conftest import RunningSandbox
from tests.runbooks.conftest import Guide
from tests.runbooks.killing import destroy_as_shown, hold, kill_while_held, release, taken

pytestmark = pytest.mark.xdist_group("r2")

SECTIONS = ("r2", "webhook_secret")
ORIGIN = ("-p", "app_origin", "https://app.example.com")


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("r2", "cloudflare")
    running.reset()
    yield running
    running.control.delete("/faults")


def writes(sandbox: RunningSandbox) -> list[tuple[str, str]]:
    """The writing requests since the last call, but the checks' scratch objects."""
    entries = [(entry["method"], entry["path"]) for entry in sandbox.journal() if entry["writes"]]
    sandbox.control.delete("/journal")
    return [(method, path) for method, path in entries if "/deploybook-check/" not in path]


def vault(guide: Guide) -> dict[str, str | None]:
    return dict(dotenv_values(guide.root / ".deploybook" / "production.env"))


def test_plan_apply_apply_plan_verify_destroy(guide: Guide, sandbox: RunningSandbox) -> None:
    env = sandbox.exports
    plan = guide.run("run", *SECTIONS, "--mode", "plan", *ORIGIN, env=env)
    assert plan.code == 0
    assert set(plan.outcomes("resource")) == {"would create"}
    assert writes(sandbox) == []
    assert not list((guide.root / ".deploybook").glob("*.env"))

    first = guide.run("run", *SECTIONS, "--mode", "apply", "--yes", *ORIGIN, env=env)
    assert first.code == 0
    assert first.outcomes("resource") == ["create"] * len(plan.outcomes("resource"))
    assert [method for method, _ in writes(sandbox)] == ["POST", "POST", "PUT"]

    second = guide.run("run", *SECTIONS, "--mode", "apply", "--yes", *ORIGIN, env=env)
    assert second.code == 0
    assert set(second.outcomes("resource")) == {"unchanged"}
    assert writes(sandbox) == []
    assert set(second.outcomes("record")) == {"kept"}

    for mode in ("plan", "verify"):
        again = guide.run("run", *SECTIONS, "--mode", mode, *ORIGIN, env=env)
        assert again.code == 0
        assert set(again.outcomes("resource")) == {"unchanged"}
        assert writes(sandbox) == []

    destroyed = guide.run("run", *SECTIONS, "--mode", "destroy", env=env, typed="production\n")
    assert destroyed.code == 0
    assert destroyed.outcomes("resource") == ["delete"] * 3
    # The CORS rule goes with its bucket.
    removed = [path.rpartition("/accounts/")[2].split("/") for _, path in writes(sandbox)]
    assert [next(name for name in ("buckets", "tokens") if name in parts) for parts in removed] == ["buckets", "tokens"]
    assert vault(guide) == {}
    after = guide.run("run", *SECTIONS, "--mode", "plan", *ORIGIN, env=env)
    assert set(after.outcomes("resource")) == {"would create"}


def test_a_drifted_cors_rule_is_named_by_verify_and_mended_by_apply(guide: Guide, sandbox: RunningSandbox) -> None:
    env = sandbox.exports
    assert guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, env=env).code == 0
    moved = ("-p", "app_origin", "https://moved.example.com")
    verified = guide.run("run", "r2", "--mode", "verify", *moved, env=env)
    assert verified.code == 4
    assert "CORS rule studio-production" in verified.failed()
    applied = guide.run("run", "r2", "--mode", "apply", "--yes", *moved, env=env)
    assert applied.code == 0
    assert applied.outcomes("resource") == ["unchanged", "unchanged", "update"]


def test_lines_lost_from_the_vault_are_said_and_the_token_is_rolled_only_when_asked(
    guide: Guide, sandbox: RunningSandbox
) -> None:
    env = sandbox.exports
    assert guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, env=env).code == 0
    before = vault(guide)
    (guide.root / ".deploybook" / "production.env").write_text("ANOTHER='kept'\n")
    writes(sandbox)
    refused = guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, env=env)
    assert "R2_SECRET_ACCESS_KEY was in the vault and is not any more" in refused.output
    assert refused.code == 2
    assert writes(sandbox) == []
    assert "deploybook run r2 --mode apply -p rotate true" in refused.output
    again = guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, "-p", "rotate", "true", env=env)
    assert again.code == 0
    assert again.outcomes("resource") == ["unchanged", "update", "unchanged"]
    after = vault(guide)
    assert after["R2_ACCESS_KEY_ID"] == before["R2_ACCESS_KEY_ID"]
    assert after["R2_SECRET_ACCESS_KEY"] != before["R2_SECRET_ACCESS_KEY"]


def test_a_vault_that_is_gone_is_no_new_one(guide: Guide, sandbox: RunningSandbox) -> None:
    env = sandbox.exports
    assert guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, env=env).code == 0
    writes(sandbox)
    (guide.root / ".deploybook" / "production.env").unlink()
    for mode in ("plan", "apply", "verify", "destroy"):
        refused = guide.run("run", "r2", "--mode", mode, *["--yes"] * (mode == "apply"), env=env, typed="production\n")
        assert refused.code == 2, refused.output
        assert "The vault of production is gone" in refused.output
    assert writes(sandbox) == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [("slow-answer", ".*/r2/buckets"), ("slow-answer", ".*/tokens"), ("slow", ".*/cors")],
)
def test_a_run_killed_anywhere_and_run_again_ends_in_the_same_state(
    guide: Guide, sandbox: RunningSandbox, kind: str, path: str
) -> None:
    env = sandbox.exports
    fault = {"service": "cloudflare", "kind": kind, "method": "POST|PUT", "path": path}
    kill_while_held(guide, sandbox, "run", "r2", "--mode", "apply", "--yes", *ORIGIN, fault=fault)
    again = guide.run("run", "r2", "--mode", "apply", "--yes", *ORIGIN, env=env)
    assert again.code == 0, again.output
    assert set(destroy_as_shown(guide, sandbox, "r2")) == {"absent"}


def test_two_runs_that_change_one_environment_are_refused(guide: Guide, sandbox: RunningSandbox) -> None:
    hold(sandbox, service="cloudflare", kind="slow", path=".*/verify")
    with guide.start("run", "r2", "--mode", "apply", "--yes", env=sandbox.exports) as process:
        taken(sandbox)
        second = guide.run("run", "r2", "--mode", "apply", "--yes", env=sandbox.exports)
        release(sandbox)
        process.communicate()
    assert second.code == 2
    assert "Another run is changing production." in second.output
    assert process.returncode == 0


def test_no_secret_is_written_anywhere_but_the_vault(guide: Guide, sandbox: RunningSandbox) -> None:
    env = sandbox.exports
    moved = ("-p", "app_origin", "https://moved.example.com")
    outputs = [guide.with_kernels.run("run", *SECTIONS, "--mode", "apply", "--yes", *ORIGIN, env=env)]
    outputs.append(guide.with_kernels.run("run", *SECTIONS, "--mode", "verify", *moved, env=env))
    assert outputs[-1].code == 4
    kept = vault(guide)
    for name in ("R2_SECRET_ACCESS_KEY", "INTERNAL_WEBHOOK_SECRET"):
        assert kept[name]
    secrets = [str(kept["R2_SECRET_ACCESS_KEY"]), str(kept["INTERNAL_WEBHOOK_SECRET"]), env["CLOUDFLARE_API_TOKEN"]]
    written = guide.written() | {guide.root / "terminal": "".join(output.output for output in outputs)}
    assert len(written) > 5
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert [path for path, text in written.items() if form in text] == []


@pytest.mark.parametrize(
    ("arguments", "changed", "code", "sentence"),
    [
        (("-p", "bucket", "x"), {}, 2, "No selected runbook has a parameter bucket."),
        (("-p", "bucket_name", "Bad_Name"), {}, 2, "Parameter bucket_name is 'Bad_Name'."),
        (("-p", "rotate", "maybe"), {}, 2, "Parameter rotate is 'maybe'."),
        (("-p", "mode", "apply"), {}, 2, "mode cannot be set as a parameter."),
        (("-f", "absent.yaml"), {}, 2, "absent.yaml cannot be read (No such file or directory)"),
        (("--environment", "../x"), {}, 2, "Parameter environment is '../x'."),
        ((), {"CLOUDFLARE_API_TOKEN": ""}, 2, "CLOUDFLARE_API_TOKEN is not set."),
        ((), {"CLOUDFLARE_API_TOKEN": "cfat_" + "0" * 40}, 3, "Cloudflare could not verify the token"),
        ((), {"CLOUDFLARE_ACCOUNT_ID": "f" * 32}, 3, "Cloudflare could not"),
        ((), {"CLOUDFLARE_API_URL": "ftp://x"}, 2, "CLOUDFLARE_API_URL is not a URL."),
    ],
)
def test_bad_input_is_one_sentence_a_hint_and_an_exit_code(
    guide: Guide, sandbox: RunningSandbox, arguments: tuple[str, ...], changed: dict[str, str], code: int, sentence: str
) -> None:
    result = guide.run("run", "r2", "--mode", "apply", "--yes", *arguments, env=sandbox.exports | changed)
    assert result.code == code, result.output
    assert sentence in result.output, result.output
    assert "hint: " in result.output
    assert "Traceback" not in result.output
    assert writes(sandbox) == []


def test_apply_without_a_terminal_asks_for_yes(guide: Guide, sandbox: RunningSandbox) -> None:
    result = guide.run("run", "r2", "--mode", "apply", env=sandbox.exports)
    assert result.code == 2
    assert "Add --yes" in result.output


def test_destroy_with_another_name_destroys_nothing(guide: Guide, sandbox: RunningSandbox) -> None:
    result = guide.run("run", "r2", "--mode", "destroy", env=sandbox.exports, typed="prod\n")
    assert result.code == 2
    assert "Nothing was destroyed" in result.output
    assert writes(sandbox) == []
