"""``deploybook run --dialogue``: lines of JSON to a program that stands between, and its answers, on standard output and input.

Each line has a ``kind``: those of ``runner/event_log.py``, and here ``missing``, ``plan``, ``question``, ``rejected``, ``outcome`` and
``refused``. A question is answered by a line ``{"answer": …}``; the end of standard input leaves it unanswered. A value that is asked for
is never written back.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from typing import Any, TextIO

from pydantic import SecretStr

from deploybook.contract.definitions import Variable
from deploybook.contract.model import Contract
from deploybook.errors import DeploybookError, MissingVariable
from deploybook.redact import Redactor
from deploybook.runner.changes import Change, plan_lines
from deploybook.runner.event_log import EventLines
from deploybook.runner.executors import Executor
from deploybook.runner.inputs import Problem
from deploybook.runner.plan import Plan
from deploybook.runner.report import RunReport
from deploybook.runner.run import run
from deploybook.state.known_secrets import known_secrets


class Dialogue:
    """A Front. It keeps the streams of the time when it is made: what else is printed must go elsewhere."""

    answers = True
    answers_or_leaves = True

    def __init__(self, contract: Contract, output: TextIO | None = None, answers: TextIO | None = None) -> None:
        self._contract = contract
        self._output = output or sys.stdout
        self._answers = answers or sys.stdin
        self._lock = threading.Lock()
        self._redactor = Redactor()
        self._asked = 0

    def missing(self, problems: Sequence[Problem]) -> None:
        """Every input that is missing, by its name."""
        self._say("missing", problems=[{**asdict(problem), "line": problem.line()} for problem in problems])

    def read(self, plan: Plan, executor: Executor) -> RunReport:
        """The events of the plan's run."""
        return self._run(plan, executor, lambda: None)

    def show_plan(self, plan: Plan, changes: Sequence[Change]) -> None:
        """The changes, and the lines of a terminal."""
        lines = list(plan_lines(changes))
        self._say("plan", environment=plan.environment, lines=lines, changes=[asdict(change) for change in changes])

    def confirms(self, plan: Plan) -> bool:
        """Ask for true."""
        return self._ask("apply", environment=plan.environment, sections=plan.order()) is True

    def typed_name(self, plan: Plan, removals: Sequence[str]) -> str:
        """Ask for the name."""
        question = {"environment": plan.environment, "sections": plan.order(), "removals": list(removals)}
        return str(self._ask("destroy", **question) or "")

    def value(self, variable: Variable) -> SecretStr:
        """Ask until there is one of its form; none is an error."""
        value = self._value(variable, variable.made_at)
        if value is None:
            raise MissingVariable(f"No value was given for {variable.name}.", "Enter it when asked.")
        return value

    def copied(self, variable: Variable) -> SecretStr | None:
        """Ask until there is one of its form, or none."""
        return self._value(variable, variable.copied_from)

    def execute(self, plan: Plan, executor: Executor, then: Callable[[], Plan | None]) -> RunReport:
        """The events of a run."""
        return self._run(plan, executor, then)

    def end(self, lines: Iterable[str]) -> None:
        """The lines of a terminal."""
        self._say("outcome", lines=list(lines))

    def _run(self, plan: Plan, executor: Executor, then: Callable[[], Plan | None]) -> RunReport:
        lines = EventLines(self._send)
        lines.run_started(plan)
        report, directory = run(plan, lines, executor, then=then)
        self._redactor.learn(known_secrets(self._contract, os.environ, plan.vault))
        self._say("run_done", exit_code=report.exit_code, folder=directory.name)
        return report

    def _value(self, variable: Variable, where: str) -> SecretStr | None:
        about = {"name": variable.name, "description": variable.description, "where": where, "secret": variable.secret}
        while answer := self._ask("value", **about):
            if variable.matches(str(answer)):
                return SecretStr(str(answer))
            self._say("rejected", name=variable.name, message=f"{variable.name} {variable.problem(str(answer))}.")
        return None

    def _ask(self, ask: str, **about: Any) -> Any:
        self._asked += 1
        self._say("question", question=self._asked, ask=ask, **about)
        try:
            return json.loads(self._answers.readline())["answer"]
        except (ValueError, LookupError, TypeError):
            return None

    def _say(self, kind: str, **data: Any) -> None:
        self._send({"kind": kind, **data})

    def _send(self, line: dict[str, Any]) -> None:
        # What is typed while the run goes on is a secret too.
        self._redactor.learn(known_secrets(self._contract, os.environ))
        with self._lock:
            self._output.write(json.dumps(self._redactor.tree(line), ensure_ascii=False) + "\n")
            self._output.flush()


def tell_refusal(error: DeploybookError, contract: Contract, output: TextIO | None = None) -> None:
    """Say why a run did not start, or ended before its time."""
    refusal = {"message": str(error), "hint": error.hint, "entry": error.entry, "exit_code": error.exit_code}
    line = Redactor(known_secrets(contract, os.environ)).tree({"kind": "refused", **refusal})
    print(json.dumps(line, ensure_ascii=False), file=output or sys.stdout, flush=True)
