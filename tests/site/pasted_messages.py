"""Texts pasted into the site's search box, as an operator does it, and what the box lists for each."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page

# Empties the box, inserts the text, and takes down the links that can be seen: not those of a fold that is closed, nor a page that is
# there only as the heading of its sections. Emptied first, so that every list is a new one, though two messages may have one answer.
_SEARCH = """
async (texts) => {
  const box = document.querySelector("[data-md-component=search-query]");
  const list = document.querySelector(".md-search-result__list");
  let patience = 8000;
  const changed = () => new Promise((resolve) => {
    // A search that is broken does not answer the next ones either.
    const late = setTimeout(() => { seen.disconnect(); patience = Math.max(patience / 2, 50); resolve(); }, patience);
    const seen = new MutationObserver(() => { clearTimeout(late); seen.disconnect(); resolve(); });
    seen.observe(list, { childList: true });
  });
  const links = () => [...list.querySelectorAll("a.md-search-result__link")]
    .filter((link) => !link.closest("details:not([open])"))
    .filter((link) => Number(link.querySelector("[data-md-score]").dataset.mdScore) > 0)
    .map((link) => link.href.replace(/[?]h=[^#]*/, ""));
  const found = [];
  box.focus();
  for (const text of texts) {
    if (list.children.length) {
      const emptied = changed();
      box.select();
      document.execCommand("delete");
      await emptied;
    }
    const listed = changed();
    document.execCommand("insertText", false, text);
    await listed;
    found.push(links());
  }
  return found;
}
"""


def search(page: Page, texts: Sequence[str]) -> list[list[str]]:
    """For each text the addresses of the links that the search box shows for it, best first."""
    results: list[list[str]] = page.evaluate(_SEARCH, list(texts))
    return results
