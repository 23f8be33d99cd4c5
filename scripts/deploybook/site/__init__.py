"""The published guide: pages filled from the contract, the runbooks and what their latest dry runs showed.

Runs nothing, and writes nothing but the site and what ``history.py`` remembers.
``mkdocs_hook`` is where mkdocs calls in, ``blocks.py`` lists what a page may have filled in.
"""
