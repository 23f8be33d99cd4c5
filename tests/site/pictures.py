"""The README's pictures, made from the real thing: the built checklist in Chromium, and what a dry run of R2 prints, drawn by rich.

Use: ``make guide && python -m tests.site.pictures``. ``tests/site/test_pictures.py`` says when they have to be made anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from io import StringIO
from pathlib import Path

from playwright.sync_api import sync_playwright
from rich.console import Console
from rich.terminal_theme import MONOKAI
from tests.chromium import CHROMIUM, MISSING
from tests.conftest import ROOT
from tests.site.conftest import serving

from deploybook.layout import Layout
from deploybook.runbook.events import SIGNS
from deploybook.runner.progress import STYLES, Progress, summarize
from deploybook.runner.report import CellResult, RunReport, SectionResult
from deploybook.site import toolbar

FOLDER = ROOT / "docs" / "assets" / "pictures"
CHECKLIST, RUN, RECORD = FOLDER / "checklist.png", FOLDER / "run.svg", FOLDER / "made-from.json"
MAKE_ANEW = "make guide && .venv/bin/python -m tests.site.pictures"
SECTION = "r2"
WIDTH, HEIGHT, COLUMNS = 1280, 800, 110
_FONT = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)
_BY_HAND = re.compile(r'<div class="db-way-hand".*?</div>', re.DOTALL)


def sources() -> dict[str, str]:
    """A digest of what each picture shows: of the page's first screen with its typeface, and of the runbook with the lines shown."""
    page = (ROOT / "docs" / "DEPLOY_PROD_CHECKLIST.md").read_text(encoding="utf-8")
    drawn_by = (Path(toolbar.__file__), ROOT / "docs" / "assets" / "type.css")
    first_screen = _BY_HAND.sub("", page.partition("### Accounts")[0]) + "".join(
        path.read_text(encoding="utf-8") for path in drawn_by
    )
    cells = json.loads(Layout(ROOT).notebook(SECTION).read_text(encoding="utf-8"))["cells"]
    lines = json.dumps([[cell["source"] for cell in cells if cell["cell_type"] == "code"], SIGNS, STYLES])
    return {CHECKLIST.name: _digest(first_screen.encode()), RUN.name: _digest(lines.encode())}


def record() -> dict[str, dict[str, str]]:
    """What the pictures were made from, and the digest of each as it was made."""
    made: dict[str, dict[str, str]] = json.loads(RECORD.read_text(encoding="utf-8"))
    return made


def digest_of(picture: Path) -> str:
    """The digest of a picture's bytes."""
    return _digest(picture.read_bytes())


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def draw_run(report: Path) -> str:
    """The SVG of what a terminal shows of one section of a run."""
    data = json.loads(report.read_text(encoding="utf-8"))
    section = next(section for section in data["sections"] if section["slug"] == SECTION)
    cells = [CellResult(**cell) for cell in section["cells"]]
    result = SectionResult(SECTION, section["title"], section["status"], section["seconds"], cells=cells)
    console = Console(record=True, width=COLUMNS, force_terminal=True, file=StringIO())
    console.print("$ deploybook run r2", style="bold", highlight=False)
    progress = Progress(console, total=1)
    for cell in cells:
        progress.cell_done(SECTION, cell)
    progress.section_done(result)
    run = RunReport(data["mode"], data["environment"], data["started"], result.seconds, data["commit"], [result])
    summarize(console, run, "build/runs/…")
    # Without rich's web fonts: a picture asks nobody for anything.
    return _FONT.sub("", console.export_svg(title="deploybook", theme=MONOKAI))


def photograph_checklist(site: Path) -> bytes:
    """The first screen of the built checklist."""
    with serving(site) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT})
        page.goto(f"{address}DEPLOY_PROD_CHECKLIST.html")
        page.locator(".db-progress").first.wait_for()
        picture = page.screenshot()
        browser.close()
    return picture


def main() -> None:
    """Make both, and write down what they were made from."""
    if CHROMIUM is None:
        raise SystemExit(MISSING)
    reports = [path / "report.json" for path in sorted((ROOT / "build" / "runs").glob("*-dry-run"))]
    made = [report for report in reports if report.is_file() and f'"slug": "{SECTION}"' in report.read_text("utf-8")]
    if not made:
        raise SystemExit("error: there is no dry run of R2 here.\nhint: make guide makes one.")
    FOLDER.mkdir(exist_ok=True)
    RUN.write_text(draw_run(made[-1]), encoding="utf-8")
    CHECKLIST.write_bytes(photograph_checklist(ROOT / "build" / "site"))
    now = {path.name: {"made_from": sources()[path.name], "picture": digest_of(path)} for path in (CHECKLIST, RUN)}
    RECORD.write_text(json.dumps(now, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
