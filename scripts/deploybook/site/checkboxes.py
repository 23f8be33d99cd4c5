"""The checkboxes of the checklist: each gets a name, so that a screen reader says which step it is, and an id that stays."""

from __future__ import annotations

import html
import re

from deploybook.site.markdown import slugify

_BOX = re.compile(
    r'<label class="task-list-control"><input type="checkbox"(?P<state>[^>]*)/><span class="task-list-indicator"></span></label>'
    r"\s*<strong>(?P<name>.*?)</strong>"
)
_HEADING = re.compile(r'<h2 id="(?P<id>[^"]+)"')


def named(page: str) -> str:
    """The page's HTML with every checkbox named after the bold words behind it."""

    def with_name(found: re.Match[str]) -> str:
        headings = _HEADING.findall(page, 0, found.start())
        name = re.sub(r"<[^>]+>", "", found["name"]).rstrip(".")
        section = headings[-1] if headings else "page"
        box = f'<input type="checkbox" id="step-{section}-{slugify(html.unescape(name))}" aria-label="{name}"{found["state"]}/>'
        return found[0].replace(f'<input type="checkbox"{found["state"]}/>', box)

    return _BOX.sub(with_name, page)
