"""What the pages are made from, as data: the guide, its Markdown, its links, its troubleshooting entries, the evidence of runs."""
