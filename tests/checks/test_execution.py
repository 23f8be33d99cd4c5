"""The parts of --run that need no sandbox; all of it together is `deploybook check --run`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.checks.mutate import ROOT
from tests.checks.trees import tree_at

from deploybook.checks.execution import RULES
from deploybook.checks.execution.attempt import execute
from deploybook.checks.execution.blocks import executable, in_order
from deploybook.checks.execution.reader import APPLICATION, IN_THE_DASHBOARD, Reader
from deploybook.guide.page import parse_page
from deploybook.guide.shell import PLACEHOLDER

TREE = tree_at(ROOT)


@pytest.fixture
def reader(tmp_path: Path) -> Reader:
    return Reader(TREE, tmp_path, dict(os.environ))


def findings(reader: Reader, commands: str, after: str) -> list[str]:
    page = parse_page("page.md", f"# Page\n\n```sh\n{commands}\n```\n\n{after}\n")
    attempt = execute(reader, page, page.blocks[0])
    return [f"{finding.rule}:{finding.line}" for rule in RULES for finding in rule.find(attempt)]


def test_what_is_printed_as_the_page_says_is_no_finding(reader: Reader) -> None:
    assert (
        findings(reader, "echo made studio-production in 3 s", "**You should see** `made <BUCKET_NAME> in … s`.") == []
    )
    assert findings(reader, "echo one; echo two", "```text\none\ntwo\n```") == []


def test_another_output_is_found_at_its_line(reader: Reader) -> None:
    assert findings(reader, "echo 2", "**You should see** `1`.") == ["output-printed:7"]
    assert findings(reader, "echo it holds", "**You should see** *it never holds*.") == ["output-printed:7"]
    assert findings(reader, "echo one", "```text\none\ntwo\n```") == ["output-printed:9"]


def test_a_block_that_fails_is_found_whatever_follows_its_first_error(reader: Reader) -> None:
    assert findings(reader, "false\necho done", "**You should see** `done`.") == ["block-runs:3"]


def test_what_went_wrong_is_told_in_the_blocks_own_words(reader: Reader) -> None:
    output = "r2  ✗ failed in 1.0 s\n\nr2: The bucket is not empty.\n  hint: Empty it.\ntook 1.0 s"
    page = parse_page("page.md", f"# Page\n\n```sh\nprintf '{output}\\n'; exit 4\n```\n")
    assert execute(reader, page, page.blocks[0]).last_line() == "r2: The bucket is not empty."


def test_a_name_that_no_reader_could_know_fails_its_block(reader: Reader) -> None:
    assert findings(reader, "echo <NOBODY_KNOWS>", "That is all.") == ["block-runs:3"]


def test_a_reader_knows_every_name_that_an_executed_block_asks_for(reader: Reader) -> None:
    reader.environ["GITHUB_REPOSITORY"] = "studio/app"
    for page, block in executable(TREE):
        assert not PLACEHOLDER.search(reader.filled(block.text)), f"{page.path}:{block.line}"
    assert (ROOT / APPLICATION).is_dir()


def test_a_reader_answers_what_is_asked(reader: Reader) -> None:
    assert reader.typed("deploybook run r2 --mode apply\ndeploybook run r2 --mode destroy") == ["y", "production"]
    assert len(reader.typed("read -rs EXISTING_SECRET && export EXISTING_SECRET")[0]) == 64


def test_a_block_that_asks_the_dashboard_waits_for_what_the_runbook_makes() -> None:
    blocks = [(page.path, block) for page, block in in_order(executable(TREE), TREE.contract)]
    render = [block for path, block in blocks if path == "docs/sections/render.md" and block.part != "Undo"]
    assert [IN_THE_DASHBOARD in block.text for block in render].index(True) == len(render) - 1
    assert any("--mode apply" in block.text for block in render[:-1])


def test_a_dashboard_with_nothing_in_it_fails_the_block_and_not_the_check(reader: Reader) -> None:
    assert findings(reader, f"read -rs {IN_THE_DASHBOARD}", "That is all.") == ["block-runs:3"]


PAGE = """# Page

```sh
make guide
source .venv/bin/activate
deploybook list
```

**You should see** `webhook_secret`, and `a section of another name`.

```sh
deploybook run r2 --mode verify
```
"""


def test_a_reader_in_the_sandbox_finds_a_false_quotation_and_a_block_that_fails() -> None:
    """The reader's own checkout, shell and sandbox, as `check --run` has them, on a page of our own."""
    page = parse_page("page.md", PAGE)
    with Reader.settle(TREE) as reader:
        attempts = [execute(reader, page, block) for block in page.blocks]
    result = [finding for attempt in attempts for rule in RULES for finding in rule.find(attempt)]
    assert [(finding.rule, finding.line) for finding in result] == [("output-printed", 9), ("block-runs", 11)], result
    assert "a section of another name" in result[0].message
    assert "exit code" in result[1].message


def test_blocks_that_undo_come_last_and_backwards() -> None:
    blocks = in_order(executable(TREE), TREE.contract)
    undoing = [page.path for page, block in blocks if page.path.startswith("docs/sections/") and block.part == "Undo"]
    assert undoing == [page.path for page, _ in blocks[-len(undoing) :]]
    order = [f"docs/sections/{slug}.md" for slug in reversed(TREE.contract.order())]
    assert undoing == [path for path in order if path in undoing]
