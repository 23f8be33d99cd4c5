"""The Modal runbook from the command line: every mode, changes made by hand, rotation, killed runs, canaries, bad input."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from urllib.parse import quote

import pytest
from dotenv import dotenv_values
from tests.clients.render_app import make_bucket
from tests.conftest import ROOT, RunningSandbox
from tests.runbooks.conftest import Finished, FirstApply, Guide
from tests.runbooks.killing import kill_while_held
from tests.waiting import PATIENCE_SECONDS

R2_NAMES = ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")
MODAL_NAMES = ("MODAL_AUTH_TOKEN", "MODAL_ENDPOINT_URL", "MODAL_STATUS_URL")
TOKEN, APP = "secret MODAL_AUTH_TOKEN", "Modal app studio-production"
R2_CREDENTIALS, RENDER_AUTH = "Modal secret r2-credentials", "Modal secret render-auth"
# What the checks leave nothing of: an app that runs one function and is gone, and the calls of it.
SCRATCH = {"AppClientDisconnect", "FunctionMap", "FunctionGetOutputs", "FunctionCallPutData"}


@pytest.fixture
def sandbox(start_sandbox: Callable[..., RunningSandbox]) -> Iterator[RunningSandbox]:
    running = start_sandbox("r2", "cloudflare", "modal")
    running.reset()
    yield running
    running.control.delete("/faults")


@pytest.fixture
def guide(guide: Guide, sandbox: RunningSandbox) -> Guide:
    """A checkout with R2's four variables in its vault, and with its own copy of the app."""
    keys = make_bucket(sandbox, "studio-production")
    state = guide.root / ".deploybook"
    state.mkdir(mode=0o700)
    vault = state / "production.env"
    vault.touch(mode=0o600)
    vault.write_text("".join(f"{name}='{keys[name]}'\n" for name in R2_NAMES))
    shutil.copytree(ROOT / "runbooks" / "modal_app", guide.root / "app", ignore=shutil.ignore_patterns("__pycache__"))
    sandbox.control.delete("/journal")
    return guide


def modal(guide: Guide, sandbox: RunningSandbox, mode: str, *arguments: str, **env: str) -> Finished:
    options = ["--mode", mode, "-p", "app_path", "app/app.py", *arguments, *(["--yes"] if mode == "apply" else [])]
    typed = "production\n" if mode == "destroy" else ""
    return guide.run("run", "modal", *options, env=sandbox.exports | env, typed=typed)


def applied(guide: Guide, sandbox: RunningSandbox, *arguments: str) -> Finished:
    result = modal(guide, sandbox, "apply", *arguments)
    assert result.code == 0, result.output
    return result


@pytest.fixture
def applied_once(guide: Guide, sandbox: RunningSandbox, first_apply: FirstApply) -> Guide:
    """A checkout after its first ``apply``."""
    first_apply(guide, sandbox, lambda: applied(guide, sandbox))
    return guide


def by_hand(sandbox: RunningSandbox, *arguments: str, **env: str) -> str:
    """The operator's own modal command line."""
    completed = subprocess.run(
        [sys.executable, "-m", "modal", *arguments],
        env=sandbox.environment(**env),
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )
    assert completed.returncode == 0, completed.stdout + completed.stderr
    return completed.stdout


def secret_names(sandbox: RunningSandbox) -> set[str]:
    return {row["name"] for row in json.loads(by_hand(sandbox, "secret", "list", "--json"))}


def vault(guide: Guide) -> dict[str, str | None]:
    return dict(dotenv_values(guide.root / ".deploybook" / "production.env"))


def lines(result: Finished, step: str = "resource") -> dict[str, str]:
    matching = [
        line for cell in result.report["sections"][0]["cells"] for line in cell["lines"] if line["step"] == step
    ]
    return {line["subject"]: f"{line['outcome']} {line['detail']}".strip() for line in matching}


def outcomes(result: Finished) -> dict[str, str]:
    matching = [
        line for cell in result.report["sections"][0]["cells"] for line in cell["lines"] if line["step"] == "resource"
    ]
    return {line["subject"]: line["outcome"] for line in matching}


def calls(sandbox: RunningSandbox) -> list[str]:
    """The writing calls since the last time, without those of the checks' own app."""
    entries = [entry for entry in sandbox.journal("modal") if entry["writes"] and ".modal.run" not in entry["path"]]
    written = [entry["path"].rpartition("/")[2] for entry in entries]
    sandbox.control.delete("/journal")
    kept: list[str] = []
    for call in written:
        # Each of the checks' apps ends with its disconnection: what came since its creation was for it alone.
        if call == "AppClientDisconnect":
            kept = kept[: len(kept) - kept[::-1].index("AppCreate") - 1]
        elif call not in SCRATCH:
            kept.append(call)
    return kept


def test_plan_apply_apply_plan_verify_destroy(guide: Guide, sandbox: RunningSandbox) -> None:
    plan = modal(guide, sandbox, "plan")
    assert plan.code == 0
    assert set(plan.outcomes("resource")) == {"would create"}
    assert calls(sandbox) == []
    assert set(vault(guide)) == set(R2_NAMES)

    first = applied(guide, sandbox)
    assert set(first.outcomes("resource")) == {"create"}
    assert set(lines(first)) == set(lines(plan))
    assert calls(sandbox)[:3] == ["SecretGetOrCreate", "SecretGetOrCreate", "AppCreate"]
    kept = vault(guide)
    assert set(kept) == {*R2_NAMES, *MODAL_NAMES}

    for mode in ("apply", "plan", "verify"):
        again = modal(guide, sandbox, mode)
        assert again.code == 0, again.output
        assert set(again.outcomes("resource")) == {"unchanged"}, again.output
        assert set(again.outcomes("record")) == {"kept"}
        assert vault(guide) == kept
        assert calls(sandbox) == []

    destroyed = modal(guide, sandbox, "destroy")
    assert destroyed.code == 0, destroyed.output
    assert destroyed.outcomes("resource") == ["delete"] * 4, destroyed.output
    assert calls(sandbox) == ["AppStop", "SecretDelete", "SecretDelete"]
    assert set(vault(guide)) == set(R2_NAMES)
    assert secret_names(sandbox) == set()
    state = guide.root / ".deploybook"
    assert json.loads((state / "production.last_writes.json").read_text())["writes"] == {}
    assert json.loads((state / "production.made.json").read_text())["entries"] == []
    assert set(modal(guide, sandbox, "plan").outcomes("resource")) == {"would create"}


def test_an_app_that_is_gone_is_what_verify_names_and_its_addresses_are_not_known(
    applied_once: Guide, sandbox: RunningSandbox
) -> None:
    by_hand(sandbox, "app", "stop", APP.removeprefix("Modal app "), "--yes")
    result = modal(applied_once, sandbox, "verify")
    assert f"{APP} — it does not exist" in result.output, result.output
    assert "#modal-app-stopped" in result.output
    assert "invalid-value" not in result.output, result.output
    assert result.outcomes("record") == ["kept", "later", "later"]


def test_secrets_changed_by_hand_are_named_by_verify_and_mended_by_apply(guide: Guide, sandbox: RunningSandbox) -> None:
    # Not brought back: its containers run, as they do when somebody deletes a secret.
    applied(guide, sandbox)
    by_hand(sandbox, "secret", "delete", "render-auth", "--yes")
    removed = modal(guide, sandbox, "verify")
    assert removed.code == 4
    assert RENDER_AUTH in removed.failed()
    assert not {R2_CREDENTIALS, APP} & set(removed.failed())
    planned = outcomes(modal(guide, sandbox, "plan"))
    assert planned == {
        TOKEN: "unchanged",
        R2_CREDENTIALS: "unchanged",
        RENDER_AUTH: "would create",
        APP: "would update",
    }
    assert outcomes(applied(guide, sandbox)) == {
        name: outcome.removeprefix("would ") for name, outcome in planned.items()
    }

    by_hand(sandbox, "secret", "delete", "render-auth", "--yes")
    by_hand(sandbox, "secret", "create", "render-auth", "MODAL_AUTH_TOKEN=another", "LEFT=over")
    replaced = modal(guide, sandbox, "verify")
    assert replaced.code == 4
    assert {R2_CREDENTIALS, APP} & set(replaced.failed()) == set()
    line = lines(replaced)[RENDER_AUTH]
    assert "LEFT: not in the contract → removed, secret: made anew elsewhere → written" in line
    refused = modal(guide, sandbox, "apply")
    assert refused.code == 2
    assert "--adopt 'Modal secret/render-auth'" in refused.output
    adopted = applied(guide, sandbox, "--adopt", "Modal secret/render-auth")
    assert outcomes(adopted)[RENDER_AUTH] == "update"
    assert modal(guide, sandbox, "verify").code == 0


def test_values_changed_in_place_are_seen_from_a_container_and_written_by_the_next_apply(
    applied_once: Guide, sandbox: RunningSandbox
) -> None:
    keys = vault(applied_once) | {"AWS_ACCESS_KEY_ID": "0" * 32, "AWS_SECRET_ACCESS_KEY": "other"}
    pairs = [f"{name}={keys[name]}" for name in (*R2_NAMES, "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")]
    by_hand(sandbox, "secret", "create", "r2-credentials", *pairs, "--force")
    claim = "r2-credentials has the vault's values"
    verified = modal(applied_once, sandbox, "verify")
    assert verified.failed() == [claim]
    assert "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY" in lines(verified, "check")[claim]
    assert "R2_" not in lines(verified, "check")[claim]
    mended = outcomes(applied(applied_once, sandbox))
    assert mended == {TOKEN: "unchanged", R2_CREDENTIALS: "update", RENDER_AUTH: "unchanged", APP: "update"}


def test_the_app_is_deployed_again_for_a_changed_file_a_changed_label_and_another_deploy(
    applied_once: Guide, sandbox: RunningSandbox
) -> None:
    with (applied_once.root / "app" / "mp4.py").open("a") as file:
        file.write("# changed\n")
    verified = modal(applied_once, sandbox, "verify")
    assert verified.failed() == [APP]
    assert "source: " in lines(verified)[APP]

    moved = applied(applied_once, sandbox, "-p", "label", "moved")
    assert "MODAL_LABEL: studio-production → moved" in lines(moved)[APP]
    assert str(vault(applied_once)["MODAL_ENDPOINT_URL"]).endswith("--moved-submit.modal.run")

    read_at_deploy = {name: str(vault(applied_once)[name]) for name in ("R2_ACCOUNT_ID", "R2_BUCKET_NAME")}
    source = str(applied_once.root / "app" / "app.py")
    by_hand(sandbox, "deploy", source, "--name", "studio-production", MODAL_LABEL="moved", **read_at_deploy)
    foreign = modal(applied_once, sandbox, "verify", "-p", "label", "moved")
    assert foreign.failed() == [APP]
    assert "not by deploybook" in lines(foreign)[APP]


def test_rotating_the_token_is_planned_line_by_line_and_reaches_the_app(
    applied_once: Guide, sandbox: RunningSandbox
) -> None:
    before = vault(applied_once)["MODAL_AUTH_TOKEN"]
    planned = outcomes(modal(applied_once, sandbox, "plan", "-p", "rotate", "true"))
    assert planned == {
        TOKEN: "would update",
        R2_CREDENTIALS: "unchanged",
        RENDER_AUTH: "would update",
        APP: "would update",
    }
    result = outcomes(applied(applied_once, sandbox, "-p", "rotate", "true"))
    assert result == {name: outcome.removeprefix("would ") for name, outcome in planned.items()}
    assert vault(applied_once)["MODAL_AUTH_TOKEN"] != before


def test_another_machine_verifies_what_it_has_no_record_of(applied_once: Guide, sandbox: RunningSandbox) -> None:
    applied_once.lose("last_writes")
    verified = modal(applied_once, sandbox, "verify")
    assert verified.code == 0, verified.output
    assert set(verified.outcomes("resource")) == {"unchanged"}, verified.output
    again = outcomes(applied(applied_once, sandbox))
    assert again == {TOKEN: "unchanged", R2_CREDENTIALS: "unchanged", RENDER_AUTH: "unchanged", APP: "unchanged"}


@pytest.mark.parametrize("call", ["SecretUpdate", "FunctionCreate"])
def test_a_run_killed_anywhere_and_run_again_ends_in_the_same_state(
    guide: Guide, sandbox: RunningSandbox, call: str
) -> None:
    if call == "SecretUpdate":
        applied(guide, sandbox)
    command = ("run", "modal", "--mode", "apply", "--yes", "-p", "app_path", "app/app.py", "-p", "rotate", "true")
    kill_while_held(guide, sandbox, *command, fault={"service": "modal", "kind": "slow", "path": f".*/{call}"})
    applied(guide, sandbox)
    assert set(modal(guide, sandbox, "plan").outcomes("resource")) == {"unchanged"}
    assert modal(guide, sandbox, "destroy").outcomes("resource") == ["delete"] * 4
    assert secret_names(sandbox) == set()


def test_no_secret_is_written_anywhere_but_the_vault_nor_given_to_the_app_that_is_deployed(
    guide: Guide, sandbox: RunningSandbox
) -> None:
    app = guide.root / "app" / "app.py"
    spy = "import os, pathlib\npathlib.Path(__file__).with_name('.seen').write_text(repr(dict(os.environ)))\n"
    head, mark, tail = app.read_text().partition("import hmac\n")
    # In a container the file lies elsewhere; it is read again there, and must not fail.
    app.write_text(head + mark + f"import contextlib\nwith contextlib.suppress(OSError):\n exec({spy!r})\n" + tail)
    canaries = {"CLOUDFLARE_API_TOKEN": "canary-cloudflare", "TURSO_API_TOKEN": "canary-turso"}
    outputs = [modal(guide.with_kernels, sandbox, "apply", **canaries)]
    assert outputs[0].code == 0, outputs[0].output
    by_hand(sandbox, "secret", "delete", "render-auth", "--yes")
    outputs.append(modal(guide.with_kernels, sandbox, "verify"))
    app.write_text("raise SystemExit(__import__('os').environ['MODAL_TOKEN_SECRET'])\n")
    outputs.append(modal(guide.with_kernels, sandbox, "apply"))
    assert [output.code for output in outputs[1:]] == [4, 3]
    variables = (guide.root / "app" / ".seen").read_text()
    assert "MODAL_LABEL" in variables
    kept = vault(guide)
    assert not [name for name in ("R2_SECRET_ACCESS_KEY", "MODAL_AUTH_TOKEN") if str(kept[name]) in variables]
    assert "canary" not in variables
    secrets = [str(kept[name]) for name in ("R2_SECRET_ACCESS_KEY", "MODAL_AUTH_TOKEN")]
    secrets.append(sandbox.exports["MODAL_TOKEN_SECRET"])
    written = guide.written() | {guide.root / "terminal": "".join(output.output for output in outputs)}
    assert len(written) > 5
    for secret in secrets:
        for form in (secret, quote(secret, safe=""), base64.b64encode(secret.encode()).decode()):
            assert [path for path, text in written.items() if form in text] == []


@pytest.mark.parametrize(
    ("arguments", "changed", "code", "sentence"),
    [
        (("-p", "app_path", "app/absent.py"), {}, 2, "There is no file app/absent.py."),
        (("-p", "label", "Upper"), {}, 2, "Parameter label is 'Upper'."),
        (("-p", "deploy_minutes", "0"), {}, 2, "Parameter deploy_minutes is 0."),
        (("-p", "modal_environment", "nowhere"), {}, 3, "Environment 'nowhere' not found."),
        ((), {"MODAL_TOKEN_SECRET": "as-pasted\n"}, 2, "MODAL_TOKEN_SECRET contains white space."),
        ((), {"MODAL_TOKEN_SECRET": "as-" + "0" * 22}, 3, "Modal could not look up the workspace"),
    ],
)
def test_bad_input_is_one_sentence_a_hint_and_an_exit_code(
    guide: Guide, sandbox: RunningSandbox, arguments: tuple[str, ...], changed: dict[str, str], code: int, sentence: str
) -> None:
    result = modal(guide, sandbox, "apply", *arguments, **changed)
    assert result.code == code, result.output
    assert sentence in result.output, result.output
    assert "hint: " in result.output
    assert "Traceback" not in result.output
    assert calls(sandbox) == []


def test_a_function_that_the_app_has_not_fails_its_check(guide: Guide, sandbox: RunningSandbox) -> None:
    result = modal(guide, sandbox, "apply", "-p", "status_function", "state")
    assert result.code == 4
    assert "The app studio-production has no web function state." in result.output
    assert "hint: Set its name with -p submit_function or -p status_function" in result.output
    assert "MODAL_STATUS_URL is not in the vault" not in result.output


def test_a_dry_run_of_this_section_alone_makes_what_it_needs(guide: Guide) -> None:
    canaries = {"MODAL_TOKEN_ID": "canary-operator", "MODAL_SERVER_URL": "http://127.0.0.1:9"}
    result = guide.run("run", "modal", env=canaries)
    assert result.code == 0, result.output
    assert set(result.outcomes("resource")) == {"create"}, result.output
    assert [path for path, text in guide.written().items() if "canary" in text] == []
