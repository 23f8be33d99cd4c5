from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from deploybook.layout import find_layout

ROOT = find_layout().root
LANGUAGES = {"sh", "python", "json", "toml", "yaml", "text", "dockerfile"}
_BLOCK = re.compile(
    r"^(?P<indent> *)(?P<fence>`{3,})(?P<language>\S*)\n(?P<text>.*?)^(?P=indent)(?P=fence)$", re.DOTALL | re.MULTILINE
)


def blocks() -> list[tuple[str, str, str]]:
    found = []
    for path in sorted((ROOT / "docs").rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        for block in _BLOCK.finditer(text):
            place = f"{path.relative_to(ROOT)}:{text.count(chr(10), 0, block.start()) + 1}"
            lines = [line.removeprefix(block["indent"]) for line in block["text"].splitlines()]
            found.append((place, block["language"], "\n".join(lines)))
    return found


@pytest.mark.parametrize(("place", "language", "text"), [pytest.param(*block, id=block[0]) for block in blocks()])
def test_a_code_block_names_its_language_and_parses(place: str, language: str, text: str, tmp_path: Path) -> None:
    assert language in LANGUAGES, place
    # A placeholder stands where a name will stand.
    named = re.sub(r"<([A-Z][A-Z0-9_]*)>", r"\1", text)
    if language == "json":
        json.loads(named)
    if language == "python":
        compile(named, place, "exec")
    if language == "sh":
        script = tmp_path / "block.sh"
        script.write_text(named, encoding="utf-8")
        checked = subprocess.run(["bash", "-n", script], capture_output=True, text=True, check=False)
        assert checked.returncode == 0, checked.stderr
