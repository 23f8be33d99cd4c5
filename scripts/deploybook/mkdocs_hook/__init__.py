"""Where mkdocs calls in (``hooks`` in mkdocs.yml): read the guide, add the runbooks' pages, fill every page.

A folder of its own: mkdocs puts a hook's folder at the head of ``sys.path``, and the package's would hide the standard library's ``http``.
"""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import PluginError
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from deploybook.cli import cli
from deploybook.errors import DeploybookError
from deploybook.guide.guide import Guide
from deploybook.layout import Layout
from deploybook.runbook import markup
from deploybook.site import (
    accessible,
    cards,
    footer,
    history,
    marks,
    messages,
    names,
    navigation,
    not_executed,
    other_notebooks,
    placeholders,
    proofs,
    quoted,
    runbook_page,
)
from deploybook.site.blocks import generator
from deploybook.site.diagrams import Diagrams

# Below mkdocs' own logger: a strict build counts its warnings.
log = logging.getLogger("mkdocs.hooks.deploybook")
# mike sets it for the build of a version (mike/mkdocs_utils.py).
ONE_OF_SEVERAL = "MIKE_DOCS_VERSION"
P = ParamSpec("P")
T = TypeVar("T")


def _without_traceback(event: Callable[P, T]) -> Callable[P, T]:
    """An error of ours ends the build as one message, without a traceback."""

    @functools.wraps(event)
    def guarded(*arguments: P.args, **options: P.kwargs) -> T:
        try:
            return event(*arguments, **options)
        except DeploybookError as error:
            raise PluginError("\n".join([str(error), *error.lines()[1:]])) from None

    return guarded


@_without_traceback
def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Read the guide anew for each build, and say in every footer when it was proved."""
    guide = Guide.read(Layout(Path(config.config_file_path).parent))
    config.extra["guide"] = guide
    config.copyright = footer.proved_line(guide)
    config.nav = navigation.with_runbooks(config.nav, guide)
    if ONE_OF_SEVERAL not in os.environ:
        # No other versions stand beside this site, and its pages are not to ask for them.
        config.extra.pop("version", None)
    return config


@_without_traceback
def on_pre_build(*, config: MkDocsConfig) -> None:
    """Warn of each output that a page quotes and the latest dry run did not print."""
    for finding in quoted.differing(_guide(config)):
        log.warning("'%s', line %s: %s", finding.path.removeprefix("docs/"), finding.line, finding.message)


@_without_traceback
def on_files(files: Files, *, config: MkDocsConfig) -> Files:
    """A page for each runbook, the notebook itself beside it, the messages that the search box knows, and the style of what a run shows."""
    guide = _guide(config)
    files.append(File.generated(config, messages.PATH, content=messages.messages(guide)))
    files.append(File.generated(config, "assets/report.css", content=markup.stylesheet()))
    for slug in [*guide.contract.order(), *other_notebooks.NOTEBOOKS]:
        if guide.has_runbook(slug):
            files.append(_page(guide, slug, files, config))
            notebook = str(guide.layout.notebook(slug))
            # A browser shows the one as it is written, and saves the other.
            for name in (f"{slug}.ipynb.txt", f"{slug}.ipynb"):
                files.append(File.generated(config, f"runbooks/{name}", abs_src_path=notebook))
    return files


@_without_traceback
def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Fill what is generated, turn the repository's links into the site's, and mark the names that are the reader's own."""
    del files
    guide, path = _guide(config), f"docs/{page.file.src_uri}"
    if not page.file.generated_by:
        names.refuse_secrets(guide, markdown, path)
        published = not_executed.with_reasons(
            generator(cli).published(marks.with_marks(markdown, guide, path), guide, path)
        )
        filled = proofs.with_proofs(published, guide, path)
        markdown = _diagrams(guide).placed(filled, path, markdown)
    return placeholders.marked(markdown, names.known_names(guide), names.taken_by(guide))


@_without_traceback
def on_page_content(html: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:
    """Give each cell its column's heading, each name an element that the page's script can fill, and the script what it must know."""
    content = cards.with_labels(placeholders.elements(html, f"docs/{page.file.src_uri}"))
    if not placeholders.has_any(content):
        return content
    checklist = files.get_file_from_path("DEPLOY_PROD_CHECKLIST.md")
    if checklist and checklist is not page.file:
        environment_line = names.whose_names(checklist.url_relative_to(page.file))
        head, title, rest = content.partition("</h1>")
        # Behind the paragraph that says what the page is.
        content = head + title + rest.replace("</p>", f"</p>\n{environment_line}", 1)
    return content + names.names_data(_guide(config))


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Name what a screen reader would find without a name, and put the diagrams in their places: the search need not read them."""
    del page
    return _diagrams(_guide(config)).drawn(accessible.with_names(output))


@_without_traceback
def on_post_build(*, config: MkDocsConfig) -> None:
    """Remember the dry runs that this site tells of."""
    history.remember(_guide(config).layout, Path(config.site_dir) / "assets")


def on_serve(server: Any, *, config: MkDocsConfig, builder: Any) -> Any:
    """While writing: a new run shows at once."""
    del builder
    runs = _guide(config).layout.runs
    runs.mkdir(parents=True, exist_ok=True)
    server.watch(str(runs))
    return server


def _guide(config: MkDocsConfig) -> Guide:
    guide: Guide = config.extra["guide"]
    return guide


def _diagrams(guide: Guide) -> Diagrams:
    return Diagrams(guide.layout.root / ".cache" / "diagrams")


def _page(guide: Guide, slug: str, files: Files, config: MkDocsConfig) -> File:
    page = File.generated(config, f"runbooks/{slug}.md", content="")

    def url_of(path: str) -> str:
        target = files.get_file_from_path(path.removeprefix("docs/"))
        if target is None:
            raise DeploybookError(f"The {slug} runbook links to {path}, which is no page of the guide.")
        return str(target.url_relative_to(page))

    text = (
        other_notebooks.notebook_page(guide, slug, url_of)
        if slug in other_notebooks.NOTEBOOKS
        else runbook_page.runbook_page(guide, slug, url_of)
    )
    return File.generated(config, page.src_uri, content=text)
