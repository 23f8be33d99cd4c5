"""The checklist in a browser: its places, and its page as a reader has it who goes by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page
from tests.site.browser import Open

CHECKLIST = "DEPLOY_PROD_CHECKLIST.html"
BY_RUNBOOK, BY_HAND = "#db-way-runbook", "#db-way-hand"
BUCKET = "#step-r2-create-the-bucket"
TOLD, OVERALL = "#db-message", "#db-overall-text"


@pytest.fixture
def page(open_page: Open) -> Page:
    """The checklist, in a browser that knows nothing yet but that its reader goes by hand."""
    page = open_page(CHECKLIST)
    page.check(BY_HAND)
    return page
