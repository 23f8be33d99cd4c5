"""The operator's own application in the sandbox: built from a checkout as its hosts would build it, and run with its variables alone."""
