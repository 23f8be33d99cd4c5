"""What a call that is not run here was given: judged as Python would, described by names, and never executed."""

from __future__ import annotations

import os
import pickle
from pathlib import Path
from typing import Any

import pytest
from modal_proto import api_pb2

from deploybook.sandbox.modal.backend import arguments

SCHEMA = api_pb2.FunctionSchema(
    arguments=[
        api_pb2.ClassParameterSpec(name="config"),
        api_pb2.ClassParameterSpec(name="job_id"),
        api_pb2.ClassParameterSpec(name="callback_url", has_default=True),
    ]
)


def payload(*positional: Any, **named: Any) -> api_pb2.FunctionInput:
    """The arguments as the SDK sends them."""
    return api_pb2.FunctionInput(args=pickle.dumps((positional, named)), data_format=api_pb2.DATA_FORMAT_PICKLE)


@pytest.mark.parametrize(
    ("sent", "problem"),
    [
        (payload({"a": 1}, "job"), ""),
        (payload(config={"a": 1}, job_id="job", callback_url=None), ""),
        (payload({"a": 1}), "TypeError: render() missing 1 required positional argument: 'job_id'"),
        (
            payload({"a": 1}, "job", audio_signed_url="https://x"),
            "TypeError: render() got an unexpected keyword argument 'audio_signed_url'",
        ),
    ],
)
def test_a_function_takes_what_it_declares(sent: api_pb2.FunctionInput, problem: str) -> None:
    assert arguments.judge("render", SCHEMA, sent) == problem


def test_names_are_told_and_no_value() -> None:
    sent = payload({"a": 1}, "job-7", callback_url="")
    assert arguments.describe(SCHEMA, sent) == "it was given config, job_id; empty: callback_url"


def test_a_job_in_one_dictionary_is_told_by_its_fields() -> None:
    sent = payload({"job_id": "job-7", "webhook_secret": "s", "audio_signed_url": None})
    text = arguments.describe(api_pb2.FunctionSchema(arguments=[api_pb2.ClassParameterSpec(name="job")]), sent)
    assert text == "it was given job_id, webhook_secret; empty: audio_signed_url"


class _Harmful:
    def __reduce__(self) -> Any:
        return os.mkdir, ("/deploybook-must-not-be-made",)


def test_nothing_of_a_pickle_is_executed() -> None:
    sent = payload(_Harmful())
    assert arguments.judge("render", SCHEMA, sent) == ""
    assert arguments.describe(SCHEMA, sent) == "its arguments are not plain values"
    assert not Path("/deploybook-must-not-be-made").exists()
