"""What an environment remembers between runs: the vault of values, the ledger of what was made, and our last writes."""
