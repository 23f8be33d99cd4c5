"""A small application of plain Node.js: no package is installed, so nothing leaves loopback."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploybook.sandbox.own_app.processes import Machine

if shutil.which("node") is None or shutil.which("npm") is None:
    pytest.skip("node and npm run the application", allow_module_level=True)

SERVER = """
const http = require("node:http");
http.createServer((request, response) => {
  let size = 0;
  request.on("data", (chunk) => { size += chunk.length; });
  request.on("end", () => {
    console.log(`${request.method} ${request.url}`);
    if (request.url === "/api/large") return response.end(Buffer.alloc(5_000_000));
    response.setHeader("content-type", "application/json");
    const names = Object.keys(process.env).sort();
    response.end(JSON.stringify({ host: request.headers["x-forwarded-host"], size, port: request.socket.remotePort, names }));
  });
}).listen(Number(process.env.PORT), process.env.HOSTNAME);
"""
BUILD = 'require("node:fs").mkdirSync(".next"); require("node:fs").writeFileSync(".next/page.js", String(process.env.NEXT_PUBLIC_APP_URL));'
PACKAGE = {"name": "small", "version": "1.0.0", "scripts": {"build": "node build.js", "start": "node server.js"}}
LOCK = {
    "name": "small",
    "version": "1.0.0",
    "lockfileVersion": 3,
    "packages": {"": {"name": "small", "version": "1.0.0"}},
}
WORKER = 'console.log("[Worker] Started as " + process.env.ROLE); setInterval(() => {}, 1000);'
DOCKERFILE = """FROM node:20-slim AS build
RUN apt-get update && apt-get install -y ffmpeg
WORKDIR /app
COPY package*.json ./
RUN npm ci
COPY . .
RUN npm run build && mkdir -p /app/dist && cp worker/index.js /app/dist/index.js

FROM node:20-slim
WORKDIR /srv
ENV ROLE=worker
COPY --from=build /app/dist ./dist
CMD ["node", "dist/index.js"]
"""
FILES = {
    "package.json": json.dumps(PACKAGE),
    "package-lock.json": json.dumps(LOCK),
    "server.js": SERVER,
    "build.js": BUILD,
    "worker/index.js": WORKER,
    "worker/Dockerfile": DOCKERFILE,
    ".dockerignore": "local.db\n",
    "local.db": "private",
}


@pytest.fixture
def files() -> dict[str, str]:
    """The application's files, to be changed."""
    return dict(FILES)


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Installed packages and builds of these tests: the same installation is made once."""
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def machine(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A machine on which no host name leads anywhere."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    authority = tmp_path / "authority.pem"
    authority.touch()
    return Machine(tmp_path / "machine", authority, {})


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write the files into a folder."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder
