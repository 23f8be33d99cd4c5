"""The clouds on loopback: same wire protocols, credentials that the sandbox issues and checks itself.

Nothing here imports from ``deploybook.clouds``: the two meet only on the wire, so that a shared misunderstanding cannot hide.
"""
