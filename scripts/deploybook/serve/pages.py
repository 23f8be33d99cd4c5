"""The built guide as the server delivers it: no script stands in a page, and each page has the one that acts."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

# Everything of the server's own is below it: no page of the guide has such a name.
OWN = "/-"
ACTING = Path(__file__).parent / "acting"
_HEAD = f'<link rel="stylesheet" href="{OWN}/acting/acting.css"><script type="module" src="{OWN}/acting/main.js"></script></head>'
# Data in a script element is not executed: it stays (HTML, "data block"). The text of a script ends at the first end tag.
_ATTRIBUTE = r"\s+(?!src\b)[\w-]+(?:=(?:\"[^\"]*\"|'[^']*'|[^\s>]+))?"
_INLINE = re.compile(rf"<script(?P<attributes>(?:{_ATTRIBUTE})*)\s*>(?P<code>.*?)</script>", re.DOTALL)
_DATA = re.compile(r"\btype=[\"']?application/(?:ld\+)?json")


class Pages:
    """The files below ``site``, a folder that mkdocs built."""

    def __init__(self, site: Path) -> None:
        self._site = site.resolve()
        self._scripts: dict[str, str] = {}

    def page(self, request: Request) -> Response:
        """One file of the guide; a page of it with the acting script."""
        path = self._file(request.path_params["path"])
        if path is None:
            missing = self._site / "404.html"
            return HTMLResponse(self._acting(missing), 404) if missing.is_file() else _no_such_page()
        return HTMLResponse(self._acting(path)) if path.suffix == ".html" else FileResponse(path)

    def own(self, name: str, article: str, title: str) -> Response:
        """A page of the server's own, in the guide's frame: ``article`` stands where the guide's text does."""
        frame = (self._site / name).read_text(encoding="utf-8")
        head, _, rest = frame.partition("<article")
        tag, _, rest = rest.partition(">")
        _, _, foot = rest.partition("</article>")
        head = re.sub(r"<title>.*?</title>", f"<title>{title}</title>", head, flags=re.DOTALL)
        return HTMLResponse(self._without_inline(f"{head}<article{tag}>{article}</article>{foot}"))

    def script(self, request: Request) -> Response:
        """A script that stood in a page."""
        code = self._scripts.get(request.path_params["digest"])
        return _no_such_page() if code is None else Response(code, media_type="text/javascript")

    def _file(self, path: str) -> Path | None:
        try:
            file = (self._site / path).resolve()
        except ValueError:
            # A name with a null character is none.
            return None
        if file.is_dir():
            file /= "index.html"
        return file if file.is_relative_to(self._site) and file.is_file() else None

    def _acting(self, path: Path) -> str:
        return self._without_inline(path.read_text(encoding="utf-8"))

    def _without_inline(self, page: str) -> str:
        return _INLINE.sub(self._moved, page).replace("</head>", _HEAD, 1)

    def _moved(self, script: re.Match[str]) -> str:
        """The same script as a file of its own, executed in the same place; data as it is."""
        if _DATA.search(script["attributes"]):
            return script[0]
        digest = hashlib.sha256(script["code"].encode()).hexdigest()[:32]
        self._scripts[digest] = script["code"]
        return f'<script{script["attributes"]} src="{OWN}/inline/{digest}.js"></script>'


def acting(request: Request) -> Response:
    """The script and the style that act."""
    path = (ACTING / request.path_params["name"]).resolve()
    if not (path.is_relative_to(ACTING) and path.is_file()):
        return _no_such_page()
    return FileResponse(path)


def _no_such_page() -> Response:
    raise HTTPException(404)
