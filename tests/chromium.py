"""The browser that the tests open pages in."""

from __future__ import annotations

import shutil

# Debian's headless shell first: the same engine and network stack without a browser's own windows, which are pages too and cost more
# than half of the time that a page of ours takes.
NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, NAMES)), None)
MISSING = "there is no Chromium here: apt-get install chromium-headless-shell"
