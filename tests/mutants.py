"""``deploybook prove mutations``: promises of the code are broken, one at a time in a copy of it, and a test of each must fail.

Each of them once went through the whole of the tests unnoticed. The test is seen to pass in the copy as it is, too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploybook.proving.scenarios import Proof, Scenario

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = Path("scripts") / "deploybook"
COPIED = ("docs", "runbooks", "scripts", "tests", "pyproject.toml")


@dataclass(frozen=True)
class Mutant:
    """A promise, the line of a module of the package that keeps it, what stands there instead, and the test that must fail."""

    promise: str
    module: str
    line: str
    instead: str
    test: str


MUTANTS = (
    Mutant(
        "a vault that its group can read is refused",
        "state/vault_backends.py",
        "status.st_mode & 0o077",
        "status.st_mode & 0o007",
        "tests/state/test_vault.py::test_a_vault_that_others_can_read_is_refused",
    ),
    Mutant(
        "nothing is forgotten while another run holds the vault",
        "state/vault.py",
        "        with self._locked():\n            self._held.write(self._backend.name, self._read().keys() - set(names))",
        "        if True:\n            self._held.write(self._backend.name, self._read().keys() - set(names))",
        "tests/state/test_vault.py::test_what_another_run_holds_is_not_forgotten_meanwhile",
    ),
    Mutant(
        "url-safe base64 of a secret is masked",
        "redact.py",
        "(base64.b64encode, base64.urlsafe_b64encode)",
        "(base64.b64encode,)",
        "tests/test_redact.py",
    ),
    Mutant(
        "a dry run is given nothing of the operator's",
        "runbook/environment.py",
        "if MACHINE.fullmatch(name)",
        "if name",
        "tests/runbook/test_environment.py",
    ),
    Mutant(
        "a section is given its own credentials alone",
        "runbook/environment.py",
        "or not contract.is_operators(name)",
        "or name",
        "tests/runbook/test_environment.py",
    ),
    Mutant(
        "the application's file sees no credential of GitHub's when it is deployed",
        "clouds/modal/deploying.py",
        "contract.is_operators(name) or",
        "(contract.is_operators(name) and not name.startswith('GITHUB_')) or",
        "tests/clouds/modal/test_app.py::test_the_file_sees_what_it_reads_and_no_credential_but_modals",
    ),
    Mutant(
        "an unchanged deployment is made anew for a variable that changed",
        "clouds/vercel/client.py",
        ', "forceNew": "1"}',
        "}",
        "tests/clouds/vercel/test_deployment.py::test_a_change_of_variables_alone_reaches_production",
    ),
    Mutant(
        "an R2 token that is not active is named and made active",
        "clouds/r2/token.py",
        'if state.status != "active":',
        "if False:",
        "tests/clouds/r2/test_resources.py::test_a_token_that_is_not_active_any_more_is_named_and_made_active",
    ),
    Mutant(
        "a recorded value matches the contract's pattern",
        "runbook/record.py",
        "variable.validate_value(secret.get_secret_value())",
        "pass",
        "tests/runbook/test_record.py::test_a_value_that_breaks_its_pattern_is_refused_and_not_kept",
    ),
    Mutant(
        "a reader that has gone is no error",
        "commands/process.py",
        "if error.errno in _READER_GONE:",
        "if False:",
        "tests/commands/test_process.py::test_a_reader_that_has_gone_is_no_error",
    ),
    Mutant(
        "a signal starts no other section",
        "runner/run.py",
        "while running or (waiting and not stop.number):",
        "while running or waiting:",
        "tests/runner/test_stopping.py::test_a_signal_ends_a_run_after_what_is_under_way",
    ),
    Mutant(
        "what a shell has for AWS's own tools does not reach R2's client",
        "clouds/r2/objects.py",
        "botocore.session.Session(session_vars=variables | files)",
        "botocore.session.Session()",
        "tests/clouds/r2/test_isolation.py",
    ),
    Mutant(
        "an address that refuses is reported soon",
        "http/client.py",
        "tenacity.stop_any(_RefusesForGood(), tenacity.stop_before_delay(budget))",
        "tenacity.stop_before_delay(3)",
        "tests/http/test_client.py::test_an_address_that_refuses_is_reported_soon_however_large_the_budget",
    ),
    Mutant(
        "a process that is to stop sends nothing more",
        "http/client.py",
        "        refuse_after_stop()\n        try:",
        "        try:",
        "tests/http/test_client.py::test_a_process_that_is_to_stop_sends_nothing_more",
    ),
    Mutant(
        "a section that lacks an input names no cause",
        "diagnosis/causes.py",
        'return entry is not None and "at-the-command" in entry.marks',
        "return False",
        "tests/commands/test_doctor.py::test_a_section_that_lacks_an_input_is_left_out_and_hides_no_cause",
    ),
    Mutant(
        "a fix is the failing section's",
        "diagnosis/fixes.py",
        "if SAMPLE in problem.marks and sections",
        "if False",
        "tests/commands/test_doctor.py::test_a_fix_is_the_failing_sections_not_the_samples",
    ),
    Mutant(
        "a command in a hint is not broken",
        "runner/wrapping.py",
        'match[0].rstrip().replace(" ", _JOIN)',
        "match[0].rstrip()",
        "tests/runner/test_progress.py::test_a_command_in_a_hint_is_not_broken",
    ),
    Mutant(
        "nothing is verified or destroyed in an environment of which nothing is known",
        "state/environments.py",
        "if environment in environments or environment == DEFAULT_ENVIRONMENT:",
        "if True:",
        "tests/commands/test_mistyped.py",
    ),
    Mutant(
        "a refusal with another status than the expected one proves nothing",
        "clouds/negative.py",
        "return reply.status in self.statuses and",
        "return reply.status >= 400 and",
        "tests/clouds/test_negative.py",
    ),
    Mutant(
        "a run of GitHub's in a status that nobody knows is not waited for",
        "clouds/github/runs.py",
        "if stage is Stage.UNKNOWN:",
        "if False:",
        "tests/clouds/github/test_answers.py",
    ),
    Mutant(
        "a CDN's page in front of R2 is asked again",
        "clouds/r2/objects.py",
        "if unreached and attempts < ATTEMPTS",
        "if False",
        "tests/clouds/r2/test_answers.py",
    ),
    Mutant(
        "what names somebody is replaced in a recording, however common its words",
        "recordings/replacing.py",
        "return self._name(value) if field in NAMING else self.text(value)",
        "return self.text(value)",
        "tests/recordings/test_replacing.py",
    ),
    Mutant(
        "apply changes nothing unless it is confirmed",
        "commands/run_plan.py",
        "if not front.confirms(plan):",
        "if not front.confirms(plan) and False:",
        "tests/commands/test_run_plan.py::test_an_apply_that_is_not_confirmed_changes_nothing",
    ),
    Mutant(
        "destroy goes by the environment's name and no other answer",
        "commands/run_plan.py",
        "if typed != plan.environment:",
        "if not typed:",
        "tests/commands/test_dialogue.py::test_destroy_goes_by_the_name_that_was_typed",
    ),
)


def run(copy: Path, *tests: str) -> tuple[bool, str]:
    """Whether tests pass in a copy, and what pytest says of the one that does not."""
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(copy / "scripts"), str(copy)])}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", *tests]
    completed = subprocess.run(command, cwd=copy, env=environ, capture_output=True, text=True, check=False)
    words = [line for line in completed.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))] or [
        completed.stderr.strip()
    ]
    # Only a failed test kills a mutant: not one that cannot be collected.
    return completed.returncode != 1, words[-1]


def survives(copy: Path, mutant: Mutant) -> bool:
    """Put a mutant into the copy, run its test, and take it out again. Raises ValueError where its line is not there once."""
    path = copy / PACKAGE / mutant.module
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.line) != 1:
        raise ValueError(f"{mutant.module} has not once: {mutant.line}")
    path.write_text(text.replace(mutant.line, mutant.instead), encoding="utf-8")
    passed, _ = run(copy, mutant.test)
    path.write_text(text, encoding="utf-8")
    return passed


class Mutations:
    """The promises."""

    def scenarios(self) -> list[Scenario]:
        """One for each."""
        return [Scenario(mutant.promise) for mutant in MUTANTS]

    @contextmanager
    def open(self, bench: str) -> Iterator[Callable[[str], Proof]]:
        """A copy of the checkout."""
        with tempfile.TemporaryDirectory() as name:
            copy = Path(name)
            for part in COPIED:
                source = ROOT / part
                ignored = shutil.ignore_patterns("__pycache__", "node_modules")
                shutil.copytree(source, copy / part, ignore=ignored) if source.is_dir() else shutil.copy(source, copy)
            yield lambda promise: proved(copy, next(one for one in MUTANTS if one.promise == promise))


def proved(copy: Path, mutant: Mutant) -> Proof:
    """Whether a mutant's test passes in the copy as it is, and fails with the mutant in it."""
    passes, words = run(copy, mutant.test)
    if not passes:
        return Proof(False, f"its test does not pass as things are: {words}")
    return (
        Proof(False, f"survived {mutant.test}") if survives(copy, mutant) else Proof(True, f"killed by {mutant.test}")
    )
