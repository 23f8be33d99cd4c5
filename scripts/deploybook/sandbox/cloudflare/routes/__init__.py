"""The operations of Cloudflare's API that the sandbox has."""

from __future__ import annotations

from deploybook.sandbox.cloudflare.routes import accounts, buckets, tokens

OPERATIONS = (*tokens.operations("account"), *tokens.operations("user"), *buckets.OPERATIONS, *accounts.OPERATIONS)
