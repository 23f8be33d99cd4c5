"""One client for each provider. Knows nothing of notebooks and nothing of the sandbox."""
