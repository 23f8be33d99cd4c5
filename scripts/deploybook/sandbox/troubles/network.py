"""Troubles on the way to every service: what a provider or a network does for a while."""
