"""What the rules go by: the checkout as a tree, the names that the package knows, the text of its source, the tools of others."""
