"""Programs that an image installs by steps that are not executed here, and that this machine does not have.

In the image they are there. A program of the application that starts one must not fail as if they were missing: what stands in for
each says why it did not run.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

# What brings programs of other names, as packages of Debian and Alpine; any other word stands for itself.
BRINGS = {
    "ffmpeg": ("ffmpeg", "ffprobe"),
    "imagemagick": ("convert", "magick", "identify"),
    "ghostscript": ("gs",),
    "poppler-utils": ("pdftotext", "pdftoppm", "pdfinfo"),
    "tesseract-ocr": ("tesseract",),
    "libreoffice": ("soffice", "libreoffice"),
    "graphicsmagick": ("gm",),
    "libimage-exiftool-perl": ("exiftool",),
    "yt-dlp": ("yt-dlp",),
    "rclone": ("rclone",),
    "pandoc": ("pandoc",),
    "sox": ("sox",),
    "wkhtmltopdf": ("wkhtmltopdf",),
    "chromium": ("chromium",),
}
STAND_IN = """#!/bin/sh
echo "Not run here: {program}, which the image installs and this machine does not have" >&2
exit 127
"""


def missing_programs(left_out: Iterable[str]) -> list[str]:
    """The programs of steps that were not executed, as far as this machine lacks them."""
    words = {word.partition("=")[0] for step in left_out for word in re.findall(r"[\w.=:+~-]+", step)}
    programs = {program for package, brought in BRINGS.items() if package in words for program in brought}
    return sorted(program for program in programs if shutil.which(program) is None)


def stand_in_for(programs: Iterable[str], folder: Path) -> Path:
    """Write what stands in for each program into a folder, which belongs at the end of PATH."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs:
        file = folder / program
        file.write_text(STAND_IN.format(program=program))
        file.chmod(0o755)
    return folder
