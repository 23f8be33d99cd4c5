"""A reader sees why a block is not executed."""

from __future__ import annotations

from deploybook.site.not_executed import with_reasons

MARK = "    <!-- manual: it asks the real clouds; reviewed until 2027-06-30 -->\n\n    ```sh\n    ls\n    ```\n"


def test_the_reason_stands_before_the_block_as_far_in_as_it() -> None:
    lines = with_reasons(MARK).splitlines()
    assert lines[2] == (
        "    _Not executed by the guide's own proofs: it asks the real clouds. Reviewed until 2027-06-30._{ .db-proof }"
    )


def test_a_page_without_such_a_block_stays_as_it_is() -> None:
    assert with_reasons("```sh\nls\n```\n") == "```sh\nls\n```\n"
