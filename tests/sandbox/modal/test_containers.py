"""Functions in their containers: calls, failures, time limits, retries, secrets, bucket mounts."""

from __future__ import annotations

import pickle
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from grpclib.const import Status
from modal_proto import api_pb2
from tests.waiting import until

if TYPE_CHECKING:
    from tests.conftest import RunningSandbox
    from tests.sandbox.modal.conftest import Deployer, Rpc

Result = api_pb2.GenericResult
SOURCE = """
    import os, socket, time
    image = modal.Image.debian_slim()

    @app.function(image=image)
    def add(a, b):
        print("adding", a, b)
        return a + b

    @app.function(image=image)
    def wait(seconds):
        time.sleep(seconds)

    @app.function(image=image)
    def meet(mine, other):
        open(mine, "w").close()
        while not os.path.exists(other):
            time.sleep(0.01)

    @app.function(image=image)
    def fail():
        raise ValueError("wrong")

    @app.function(image=image)
    def flaky(path):
        tries = int(open(path).read() or 0) if os.path.exists(path) else 0
        open(path, "w").write(str(tries + 1))
        if tries < 2:
            raise ValueError(f"try {tries}")
        return tries

    @app.function(image=image)
    def die():
        os._exit(7)

    @app.function(image=image)
    def dial(host):
        try:
            socket.create_connection((host, 80), 1)
        except OSError as error:
            return str(error)

    @app.function(image=image)
    def leave(name):
        import random, sys, tempfile
        found = {
            "variable": os.environ.get("LEFT_BY"),
            "attribute": getattr(sys, "left_by", None),
            "draw": random.random(),
            "temporary": tempfile.gettempdir(),
            "parent": os.getppid(),
            "modal": sorted(each for each in os.environ if "SANDBOX" in each or "DEPLOYBOOK" in each),
        }
        os.environ["LEFT_BY"] = sys.left_by = name
        return found

    @app.function(image=image)
    def spawn(a):
        return add.spawn(a, a).object_id
"""


def build(deploy: Deployer, *tags: str, **fields: Any) -> dict[str, str]:
    """Deploy the named functions of the module."""
    made = deploy("studio", SOURCE, dict.fromkeys(tags, fields))
    return {tag: function_id for tag, (function_id, _) in made.items()}


def started(rpc: Rpc) -> None:
    """Wait until a container is there."""
    until(lambda: rpc("TaskList", api_pb2.TaskListRequest()).tasks, "a container")


def test_a_call_has_a_value_and_a_log(deploy: Deployer) -> None:
    functions = build(deploy, "add")
    assert deploy.call(functions["add"], 20, 22) == 42
    until(lambda: "adding 20 22\n" in deploy.logs("studio"), "the line that the function printed")


def test_large_arguments_and_values_pass(deploy: Deployer) -> None:
    # Over 2 MiB Modal's runtime sends a value as a blob.
    functions = build(deploy, "add")
    result = deploy.result(deploy.spawn(functions["add"], bytes(3 << 20), b"x"))
    assert result.status == Result.GENERIC_STATUS_SUCCESS
    assert result.data_blob_id.startswith("bl-")


def test_an_exception_is_the_callers(deploy: Deployer) -> None:
    result = deploy.result(deploy.spawn(build(deploy, "fail")["fail"]))
    assert result.status == Result.GENERIC_STATUS_FAILURE
    assert result.exception == "ValueError('wrong')"
    assert "raise ValueError" in result.traceback


def test_an_unfinished_call_has_no_output_yet(deploy: Deployer, rpc: Rpc) -> None:
    call_id = deploy.spawn(build(deploy, "wait")["wait"], 60)
    request = api_pb2.FunctionGetOutputsRequest(function_call_id=call_id, timeout=0)
    answer = rpc("FunctionGetOutputs", request)
    assert len(answer.outputs) == 0
    assert answer.num_unfinished_inputs == 1


def test_an_unknown_call_is_not_found(rpc: Rpc) -> None:
    request = api_pb2.FunctionGetOutputsRequest(function_call_id="fc-nope")
    assert rpc.refusal("FunctionGetOutputs", request)[0] is Status.NOT_FOUND


def test_a_cancelled_call_is_terminated(deploy: Deployer, rpc: Rpc) -> None:
    function_id = build(deploy, "wait")["wait"]
    call_id = deploy.spawn(function_id, 60)
    started(rpc)
    rpc("FunctionCallCancel", api_pb2.FunctionCallCancelRequest(function_call_id=call_id))
    assert deploy.result(call_id).status == Result.GENERIC_STATUS_TERMINATED
    assert deploy.result(deploy.spawn(function_id, 0)).status == Result.GENERIC_STATUS_SUCCESS


def test_the_time_limit_ends_a_call(deploy: Deployer) -> None:
    function_id = build(deploy, "wait", timeout_secs=1)["wait"]
    assert deploy.result(deploy.spawn(function_id, 60)).status == Result.GENERIC_STATUS_TIMEOUT


def test_a_failure_is_retried_as_often_as_declared(deploy: Deployer, tmp_path: Any) -> None:
    policy = api_pb2.FunctionRetryPolicy(retries=2, initial_delay_ms=10, backoff_coefficient=1)
    function_id = build(deploy, "flaky", retry_policy=policy)["flaky"]
    assert deploy.call(function_id, str(tmp_path / "tries")) == 2
    policy.retries = 1
    function_id = build(deploy, "flaky", retry_policy=policy)["flaky"]
    result = deploy.result(deploy.spawn(function_id, str(tmp_path / "others")))
    assert result.exception == "ValueError('try 1')"


def test_a_container_that_dies_fails_its_call_and_is_replaced(deploy: Deployer) -> None:
    functions = build(deploy, "die", "add")
    assert deploy.result(deploy.spawn(functions["die"])).status == Result.GENERIC_STATUS_INTERNAL_FAILURE
    assert deploy.result(deploy.spawn(functions["die"])).status == Result.GENERIC_STATUS_INTERNAL_FAILURE
    assert deploy.call(functions["add"], 1, 1) == 2


def test_a_module_that_cannot_be_imported_fails_every_waiting_call(deploy: Deployer) -> None:
    source = "import nothing_of_this_name\n@app.function(image=modal.Image.debian_slim())\ndef f(): ...\n"
    function_id, _ = deploy("studio", source, {"f": {}})["f"]
    results = [deploy.result(call) for call in [deploy.spawn(function_id), deploy.spawn(function_id)]]
    assert {result.status for result in results} == {Result.GENERIC_STATUS_FAILURE}
    assert "nothing_of_this_name" in results[0].exception
    assert "ModuleNotFoundError" in deploy.logs("studio")


def test_calls_run_side_by_side(deploy: Deployer, tmp_path: Path) -> None:
    function_id = build(deploy, "meet")["meet"]
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    for call in [deploy.spawn(function_id, one, other), deploy.spawn(function_id, other, one)]:
        assert deploy.result(call).status == Result.GENERIC_STATUS_SUCCESS


def test_a_function_can_spawn_another(deploy: Deployer) -> None:
    functions = build(deploy, "spawn", "add")
    result = deploy.result(deploy.call(functions["spawn"], 5))
    assert pickle.loads(result.data) == 10  # noqa: S301 - our own function's value


@pytest.mark.parametrize("host", ["example.com", "192.0.2.1", "0123.r2.cloudflarestorage.com"])
def test_a_container_reaches_nothing_but_this_machine(deploy: Deployer, host: str) -> None:
    function_id = build(deploy, "dial")["dial"]
    assert "does not resolve in the sandbox" in deploy.call(function_id, host)


def test_containers_come_from_one_parent_and_share_nothing(deploy: Deployer) -> None:
    first = deploy.call(build(deploy, "leave")["leave"], "first")
    second = deploy.call(build(deploy, "leave")["leave"], "second")
    assert first["parent"] == second["parent"]
    assert second["variable"] is None
    assert second["attribute"] is None
    assert first["draw"] != second["draw"]
    assert first["temporary"] != second["temporary"]
    assert second["modal"] == []


def test_a_stop_terminates_what_runs(deploy: Deployer, rpc: Rpc) -> None:
    call_id = deploy.spawn(build(deploy, "wait")["wait"], 60)
    started(rpc)
    deploy.stop("studio")
    assert deploy.result(call_id).status == Result.GENERIC_STATUS_TERMINATED


def test_a_bucket_mount_needs_both_aws_keys(deploy: Deployer) -> None:
    secret = deploy.secret("r2-credentials", AWS_ACCESS_KEY_ID="x", R2_SECRET_ACCESS_KEY="y")
    mount = api_pb2.CloudBucketMount(
        bucket_name="studio",
        mount_path="/assets",
        credentials_secret_id=secret,
        bucket_endpoint_url="https://0123.r2.cloudflarestorage.com",
    )
    function_id = build(deploy, "add", cloud_bucket_mounts=[mount])["add"]
    result = deploy.result(deploy.spawn(function_id, 1, 1))
    assert result.status == Result.GENERIC_STATUS_INIT_FAILURE
    assert "secret 'r2-credentials' has no AWS_SECRET_ACCESS_KEY" in result.exception
    assert "has no AWS_SECRET_ACCESS_KEY" in deploy.logs("studio")


def test_a_deleted_secret_keeps_the_container_from_starting(deploy: Deployer, rpc: Rpc) -> None:
    secret = deploy.secret("s", A="1")
    function_id = build(deploy, "add", secret_ids=[secret])["add"]
    rpc("SecretDelete", api_pb2.SecretDeleteRequest(secret_id=secret))
    result = deploy.result(deploy.spawn(function_id, 1, 1))
    assert result.status == Result.GENERIC_STATUS_INIT_FAILURE
    assert secret in result.exception


def test_a_reset_ends_the_containers(deploy: Deployer, sandbox: RunningSandbox, rpc: Rpc) -> None:
    deploy.spawn(build(deploy, "wait")["wait"], 60)
    started(rpc)
    sandbox.reset()
    assert not rpc("TaskList", api_pb2.TaskListRequest()).tasks
    assert not rpc("AppList", api_pb2.AppListRequest()).apps


def test_the_log_counts_and_filters(deploy: Deployer, rpc: Rpc) -> None:
    function_id = build(deploy, "add")["add"]
    for number in range(3):
        deploy.call(function_id, number, 0)
    until(lambda: deploy.logs("studio").count("adding") == 3, "the lines that the calls printed")
    app_id = deploy.app("studio")
    count = api_pb2.AppCountLogsRequest(app_id=app_id, bucket_secs=3600, search_text="adding")
    count.until.FromSeconds(int(time.time()) + 60)
    assert sum(bucket.stdout_logs for bucket in rpc("AppCountLogs", count).buckets) == 3
    fetch = api_pb2.AppFetchLogsRequest(app_id=app_id, search_text="adding 1")
    fetch.until.FromSeconds(int(time.time()) + 60)
    lines = [item.data for batch in rpc("AppFetchLogs", fetch).batches for item in batch.items]
    assert lines == ["adding 1 0\n"]
