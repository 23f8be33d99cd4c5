from __future__ import annotations

import markdown

from deploybook.site.cards import with_labels


def test_each_cell_has_the_heading_of_its_column() -> None:
    page = markdown.markdown("| Name | *What* & why |\n| --- | :-: |\n| `a` | b |\n| c | d |\n", extensions=["tables"])
    labelled = with_labels(page)
    assert labelled.count('data-label="Name"') == 2
    assert labelled.count('data-label="What &amp; why"') == 2


def test_a_table_with_a_class_stays_as_it_is() -> None:
    page = '<table class="db-names">\n<tr><td>x</td></tr>\n</table>'
    assert with_labels(page) == page
