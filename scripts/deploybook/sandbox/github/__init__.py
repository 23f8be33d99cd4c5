"""GitHub on loopback: one repository, its Actions secrets, its workflow files and their runs."""
