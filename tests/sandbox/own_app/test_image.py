"""A Dockerfile's steps without a container engine: followed, or said not to be; a step that fails is the build's failure."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest
from tests.sandbox.own_app.conftest import write

from deploybook.checkout.ignoring import docker_context
from deploybook.sandbox.own_app.image import Follower, Image, ImageFailed
from deploybook.sandbox.own_app.processes import Machine
from deploybook.sandbox.own_app.stand_ins import missing_programs, stand_in_for
from deploybook.sandbox.own_app.worker import WorkerProcess
from deploybook.sandbox.render.state.containers import WorkerCrashed


def build(machine: Machine, folder: Path, files: dict[str, str]) -> tuple[Image, list[str]]:
    checkout, log = write(folder / "checkout", files), list[str]()
    target = folder / "image"
    target.mkdir(parents=True)
    follower = Follower(docker_context(checkout, checkout), machine, target, log.append)
    return asyncio.run(follower.build((checkout / "worker/Dockerfile").read_bytes(), {})), log


def test_steps_are_followed_and_those_of_the_system_are_said_not_to_be(
    machine: Machine, tmp_path: Path, files: dict[str, str]
) -> None:
    image, log = build(machine, tmp_path, files)
    assert (image.working_directory / "dist/index.js").is_file()
    assert image.variables["ROLE"] == "worker"
    assert "Not executed: apt-get install -y ffmpeg" in log
    assert "Not executed: FROM node:20-slim (this machine's programs stand in)" in log


def test_a_program_that_the_image_installs_and_this_machine_lacks_says_so(tmp_path: Path) -> None:
    steps = ["apt-get install -y --no-install-recommends ffmpeg=7:* sox", "npm ci"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", str(tmp_path / "nothing"))
        missing = missing_programs(steps)
    assert missing == ["ffmpeg", "ffprobe", "sox"]
    folder = stand_in_for(missing, tmp_path / "not-here")
    ran = subprocess.run([folder / "ffprobe"], capture_output=True, text=True, check=False)
    said = "Not run here: ffprobe, which the image installs and this machine does not have\n"
    assert (ran.returncode, ran.stderr) == (127, said)


def test_what_stands_in_is_found_after_everything_else(tmp_path: Path) -> None:
    image = Image(tmp_path, {"PATH": "/app/bin"})
    image.search_too(tmp_path / "not-here")
    assert image.variables["PATH"] == f"/app/bin:{tmp_path / 'not-here'}"


def test_what_dockerignore_names_is_not_copied(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    files["worker/Dockerfile"] = "FROM scratch\nWORKDIR /app\nCOPY . .\n"
    image, _ = build(machine, tmp_path, files)
    assert (image.working_directory / "server.js").is_file()
    assert not (image.working_directory / "local.db").exists()


def test_a_step_writes_below_the_image_s_root_and_fetches_nothing(
    machine: Machine, tmp_path: Path, files: dict[str, str]
) -> None:
    files["worker/Dockerfile"] = (
        "FROM scratch\nWORKDIR /app\n"
        f"RUN curl -fsSL https://example.com/setup | bash - && mkdir -p /deploybook-{tmp_path.name} && touch /tmp/marker\n"
        "RUN python -m pip --version\n"
    )
    image, log = build(machine, tmp_path, files)
    assert (image.root / f"deploybook-{tmp_path.name}").is_dir()
    assert not Path(f"/deploybook-{tmp_path.name}").exists()
    assert (image.root / "tmp/marker").is_file()
    assert "Not executed: curl -fsSL https://example.com/setup | bash -" in log
    assert "Not executed: python -m pip --version" in log


def test_an_installation_in_another_folder_runs_there(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    files["worker/Dockerfile"] = "FROM scratch\nWORKDIR /srv\nCOPY . /app\nRUN cd /app && npm ci && npm run build\n"
    image, _ = build(machine, tmp_path, files)
    assert (image.root / "app/.next/page.js").is_file()


def test_a_step_of_an_earlier_run_is_not_run_again(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    files["worker/Dockerfile"] = "FROM scratch\nCOPY build.js .\nRUN node build.js && rm build.js\n"
    _, first = build(machine, tmp_path / "first", files)
    image, second = build(machine, tmp_path / "second", files)
    restored = "The result of an earlier run is used: the same files, variables and command."
    assert restored not in first
    assert restored in second
    assert (image.root / ".next/page.js").is_file()
    assert not (image.root / "build.js").exists()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "COPY . .",
            "COPY worker/package.json worker/",
            'failed to calculate checksum of ref: "/worker/package.json": not found',
        ),
        (
            "RUN npm ci",
            "RUN npm ci --workspace=worker",
            'process "/bin/sh -c npm ci --workspace=worker" did not complete successfully: exit code: 1',
        ),
        ("npm run build &&", "npm run build:worker &&", "did not complete successfully: exit code: 1"),
        ("COPY --from=build /app/dist", "COPY --from=build /app/out", 'checksum of ref: "/app/out": not found'),
    ],
)
def test_a_step_that_fails_is_the_build_s_failure(
    machine: Machine, tmp_path: Path, files: dict[str, str], old: str, new: str, message: str
) -> None:
    files["worker/Dockerfile"] = files["worker/Dockerfile"].replace(old, new)
    with pytest.raises(ImageFailed) as failure:
        build(machine, tmp_path, files)
    assert message in str(failure.value)


def test_the_worker_runs_with_the_image_s_variables_until_it_is_stopped(
    machine: Machine, tmp_path: Path, files: dict[str, str]
) -> None:
    image, log = build(machine, tmp_path, files)
    asyncio.run(_started(image, machine, tmp_path, log))
    assert "[Worker] Started as worker" in log


def test_a_program_that_cannot_start_fails_the_deploy(machine: Machine, tmp_path: Path, files: dict[str, str]) -> None:
    files["worker/Dockerfile"] = files["worker/Dockerfile"].replace('dist/index.js"]', 'dist/worker/index.js"]')
    image, log = build(machine, tmp_path, files)
    with pytest.raises(WorkerCrashed, match="exited with status 1"):
        asyncio.run(_started(image, machine, tmp_path, log))
    assert any("Cannot find module" in line for line in log)


async def _started(image: Image, machine: Machine, folder: Path, log: list[str]) -> None:
    worker = await WorkerProcess.start(image, "", {}, machine, folder / "home", log.append)
    await worker.stop()
