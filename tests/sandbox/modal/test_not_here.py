"""With an application of the operator's: a function that asks for a GPU or a browser is not run here, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest
from modal_proto import api_pb2

from deploybook.sandbox.core.certificates import Certificates
from deploybook.sandbox.core.service import Context
from deploybook.sandbox.modal.service import ModalService
from deploybook.sandbox.modal.state.apps import Function

GPU = api_pb2.Resources(gpu_config=api_pb2.GPUConfig(gpu_type="A10G", count=1))


@pytest.fixture
def service(tmp_path: Path) -> ModalService:
    made = ModalService(Context(tmp_path, Certificates(tmp_path)))
    made.refuse_what_is_not_here()
    return made


def reason(service: ModalService, lines: list[str], resources: api_pb2.Resources | None = None) -> str:
    image = service.workspace.artifacts.image(api_pb2.Image(dockerfile_commands=lines))
    definition = api_pb2.Function(function_name="render", image_id=image.object_id, resources=resources)
    function = Function("fu-1", "ap-1", "render", api_pb2.FunctionPrecreateRequest(), definition=definition)
    return service._fleet.not_here(function)


def test_a_gpu_and_a_browser_are_not_here(service: ModalService) -> None:
    assert reason(service, ["FROM base"], GPU) == "render asks for a GPU (A10G)"
    assert reason(service, ["RUN apt-get install -y chromium"]) == "render needs chromium, which its image installs"
    assert reason(service, ["RUN apt-get install -y ffmpeg"]) == ""


def test_the_sample_application_renders_on_what_is_here(tmp_path: Path) -> None:
    assert reason(ModalService(Context(tmp_path, Certificates(tmp_path))), ["FROM base"], GPU) == ""
