"""What a notebook is sent: the style once for each cell, and one line for what is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.displaypub import CapturingDisplayPublisher
from IPython.core.interactiveshell import InteractiveShell

from deploybook.runbook import markup
from deploybook.runbook.events import MIME, WATCHED_VARIABLE, Event, Table
from deploybook.runbook.output import Screen, use_listener
from deploybook.runbook.summary import Summary

LINE = Event("check", "passed", "it holds")
STYLE = markup.style()


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, Any]]]:
    """What a shell of the test's own displays, in order."""
    monkeypatch.delenv(WATCHED_VARIABLE, raising=False)
    InteractiveShell.clear_instance()
    shell = InteractiveShell.instance()
    shell.display_pub = publisher = CapturingDisplayPublisher()
    yield publisher.outputs
    InteractiveShell.clear_instance()


def html(sent: list[dict[str, Any]]) -> list[str]:
    return [output["data"]["text/html"] for output in sent]


def test_each_cell_brings_the_style_once(sent: list[dict[str, Any]]) -> None:
    screen, shell = Screen(), InteractiveShell.instance()
    screen.show(LINE)
    screen.show(LINE)
    shell.execution_count += 1
    screen.table(Table(("a",), ()))
    assert [markup.startswith(STYLE) for markup in html(sent)] == [True, False, True]


def test_a_wait_is_one_line_that_changes_and_goes(sent: list[dict[str, Any]]) -> None:
    screen = Screen()
    screen.waits("waiting: 3 s")
    screen.waits("waiting: 6 s")
    screen.show(LINE)
    assert [output["update"] for output in sent] == [False, True, True, False]
    assert len({output["transient"]["display_id"] for output in sent[:3]}) == 1
    assert "waiting: 6 s" in html(sent)[1]
    assert html(sent)[2] == ""
    assert html(sent)[3] == STYLE + LINE.html()


def test_the_engine_that_reads_the_lines_gets_each_wait_by_itself(
    sent: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(WATCHED_VARIABLE, "1")
    screen = Screen()
    screen.waits("waiting: 3 s")
    screen.waits("waiting: 6 s")
    assert [output["data"][MIME]["subject"] for output in sent] == ["waiting: 3 s", "waiting: 6 s"]
    assert [output["update"] for output in sent] == [False, False]


def test_an_error_is_shown_in_html_alone_and_not_behind_a_summary(sent: list[dict[str, Any]]) -> None:
    screen = Screen()
    screen.error("it broke", "mend it", "cors")
    screen.summary(Summary.of("title", (), None, ""))
    screen.error("it broke", "mend it", "cors")
    assert list(sent[0]["data"]) == ["text/html"]
    assert len(sent) == 2


def test_a_listener_gets_the_lines_alone(sent: list[dict[str, Any]]) -> None:
    heard: list[Event] = []
    with use_listener(heard.append):
        screen = Screen()
    screen.show(LINE)
    screen.waits("waiting")
    screen.error("it broke", "", "")
    screen.summary(Summary.of("title", (), None, ""))
    assert heard == [LINE]
    assert sent == []
