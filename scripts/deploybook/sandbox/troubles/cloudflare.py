"""Troubles at Cloudflare: R2, its tokens and its CORS rules."""
