"""What a run must be told and what it may use: the contract as a model, and what follows from it for consumers and the inventory."""
