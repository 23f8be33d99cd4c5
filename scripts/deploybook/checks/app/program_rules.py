"""Programs that a part starts and that its host does not have."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from deploybook.checkout.dockerfile import run_text, stages
from deploybook.checks.app.comparison import Compared, listed
from deploybook.checks.app.syntax import line, literal, text
from deploybook.checks.finding import Finding, Severity

CALLS = "(call_expression arguments: (arguments . (_) @node))"
STARTS = frozenset({"spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync"})
CHILD_PROCESS = re.compile(r"(node:)?child_process")
# What neither Vercel's functions nor the images of Node.js (slim, alpine) have, and the packages that bring it under another name.
PROGRAMS = {
    "ffmpeg": "ffmpeg",
    "ffprobe": "ffmpeg",
    "yt-dlp": "yt-dlp",
    "rclone": "rclone",
    "sox": "sox",
    "convert": "imagemagick",
    "magick": "imagemagick",
    "gs": "ghostscript",
    "pandoc": "pandoc",
    "soffice": "libreoffice",
    "libreoffice": "libreoffice",
    "tesseract": "tesseract",
    "exiftool": "exiftool",
    "wkhtmltopdf": "wkhtmltopdf",
    "pdftotext": "poppler",
    "docker": "docker",
}
OF_NODE = re.compile(r"(docker\.io/)?(library/)?node:|gcr\.io/distroless/nodejs")


def missing_programs(compared: Compared) -> Iterator[Finding]:
    """Programs that routes of the web app start on Vercel, and the worker in its image."""
    graph, app = compared.app.graph, compared.app
    routes = graph.reachable(
        route.file for route in app.traffic.routes if route.file.endswith((".ts", ".tsx", ".js", ".mjs"))
    )
    yield from _findings("The web app's routes start", "Vercel's functions do not have", _started(compared, routes))
    if app.worker:
        content = app.sources.content(app.worker.home)
        images = stages(content)
        installed = " ".join(run_text(step) for stage in images for step in stage.steps if step.instruction == "RUN")
        if images and all(OF_NODE.match(stage.base) or stage.base in {it.name for it in images} for stage in images):
            missing = {
                program: places
                for program, places in _started(compared, app.worker.files).items()
                if not re.search(rf"{PROGRAMS[program]}|{re.escape(program)}", installed, re.IGNORECASE)
            }
            yield from _findings("The worker starts", "its image does not install", missing)


def _findings(who: str, host: str, programs: dict[str, list[tuple[str, int]]]) -> Iterator[Finding]:
    if programs:
        names = sorted(programs)
        first, *others = sorted({place for places in programs.values() for place in places})
        message = f"{who} {listed(names)}, which {host}: spawn {names[0]} ENOENT."
        hint = "Leave that work to a part that has it, or bring the program along."
        yield Finding(*first, "app-program-absent", message, hint, Severity.WARNING, tuple(others), tuple(names))


def _started(compared: Compared, paths: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    """The programs that files start by their names, with the places."""
    programs: dict[str, list[tuple[str, int]]] = {}
    for path in sorted(paths):
        script = compared.app.graph.script(path)
        if not any(CHILD_PROCESS.fullmatch(specifier) for specifier in script.imports):
            continue
        for node in compared.app.graph.syntax(path).nodes(CALLS):
            call = node.parent.parent if node.parent else None
            name = text(call.child_by_field_name("function")).rpartition(".")[2] if call else ""
            written = literal(node) or (text(node).strip("`") if node.type == "template_string" else "")
            program = written.split()[0] if written.split() else ""
            if name in STARTS and program in PROGRAMS:
                programs.setdefault(program, []).append((path, line(node)))
    return programs
