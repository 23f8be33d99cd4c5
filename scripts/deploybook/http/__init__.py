"""HTTP as every client of ours speaks it: one factory with time limits and retries, through the operator's proxy or none."""

from deploybook.http.client import (
    CONNECT_SECONDS,
    OPERATION_EXTENSION,
    READ_SECONDS,
    REPEATABLE_EXTENSION,
    RetryTransport,
    open_client,
    patience,
    refuse_after_stop,
    retry_after,
    say_wait,
    say_waits_to,
    show_answer,
    show_answers_to,
    shows_answers,
    stop,
    unanswered,
)
from deploybook.http.proxy import ca_file, proxy_for

__all__ = [
    "CONNECT_SECONDS",
    "OPERATION_EXTENSION",
    "READ_SECONDS",
    "REPEATABLE_EXTENSION",
    "RetryTransport",
    "ca_file",
    "open_client",
    "patience",
    "proxy_for",
    "refuse_after_stop",
    "retry_after",
    "say_wait",
    "say_waits_to",
    "show_answer",
    "show_answers_to",
    "shows_answers",
    "stop",
    "unanswered",
]
