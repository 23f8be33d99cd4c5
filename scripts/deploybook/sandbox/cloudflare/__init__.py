"""Cloudflare's REST API as far as a deployment needs it: API tokens and R2 buckets."""
