"""Proofs at scale: lists of independent scenarios, executed on this machine's cores, on a cluster or in shards, with one report."""
