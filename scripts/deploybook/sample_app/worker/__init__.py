"""The background worker, as it runs on Render."""
