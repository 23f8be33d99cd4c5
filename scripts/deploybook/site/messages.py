"""What the search box knows of the troubleshooting entries: the messages that an operator pastes, and the title that each leads to."""

from __future__ import annotations

import json

from deploybook.guide.entries import PAGE, read_entries
from deploybook.guide.guide import Guide

# Read by docs/assets/search.js, beside it.
PATH = "assets/messages.js"


def messages(guide: Guide) -> str:
    """A script that sets ``deploybook.messages``: a list of {message, title}, the most literal message first.

    So the first that fits is the most specific; ``…`` in a message stands for any text, as on the page.
    """
    messages = [
        {"message": message, "title": entry.title}
        for entry in read_entries(guide.layout.root / PAGE).values()
        for message in entry.messages
    ]
    data = json.dumps(sorted(messages, key=lambda message: -_literal(message["message"])), ensure_ascii=False)
    return f"window.deploybook = window.deploybook || {{}};\ndeploybook.messages = {data};\n"


def _literal(message: str) -> int:
    return len(message.replace("…", ""))
