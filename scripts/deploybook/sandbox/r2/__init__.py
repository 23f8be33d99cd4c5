"""Objects as R2 keeps them: the real SeaweedFS behind a front that enforces what only R2 refuses."""
