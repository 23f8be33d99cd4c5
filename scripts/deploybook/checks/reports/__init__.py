"""Findings in the forms that terminals, CI and code scanning read."""
