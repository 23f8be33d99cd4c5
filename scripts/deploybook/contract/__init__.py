"""The contract as a model, and what follows from it: what a consumer takes, and the inventory of variables."""
