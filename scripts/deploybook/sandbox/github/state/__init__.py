"""What exists at GitHub: the repository, tokens, workflows and their runs."""
