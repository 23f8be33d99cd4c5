"""Names for what would have none: a screen reader says which step a checkbox belongs to, and that the search is one."""

from __future__ import annotations

import html
import re

from deploybook.guide.markdown import slugify

_BOX = re.compile(
    r'<input type="checkbox"(?P<state>[^>]*)/>'
    r'(?P<between><span class="task-list-indicator"></span></label>\s*<strong>(?P<name>.*?)</strong>)'
)
_HEADING = re.compile(r'<h2 id="(?P<id>[^"]+)"')
# The theme's search is a dialog without a name (mkdocs-material 9.8, partials/search.html).
_SEARCH = '<div class="md-search" data-md-component="search" role="dialog">'


def with_names(page: str) -> str:
    """A whole page of HTML with its checkboxes and its search named. A checkbox has an id that stays when steps are added."""

    def named(match: re.Match[str]) -> str:
        headings = _HEADING.findall(page, 0, match.start())
        name = re.sub(r"<[^>]+>", "", match["name"]).rstrip(".")
        identity = f"step-{headings[-1] if headings else 'page'}-{slugify(html.unescape(name))}"
        return f'<input type="checkbox" id="{identity}" aria-label="{name}"{match["state"]}/>{match["between"]}'

    return _BOX.sub(named, page).replace(_SEARCH, _SEARCH.replace(">", ' aria-label="Search">'))
