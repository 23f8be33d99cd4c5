"""Cloudflare R2: the bucket, its token, its CORS rule, and the checks that prove them."""

from deploybook.clouds.r2.checks import (
    lists_writes_reads_deletes,
    may_manage_r2,
    other_buckets_are_refused,
    other_origins_are_refused,
    presigned_get_works,
    presigned_put_works,
    token_is_active,
    wrong_secret_is_refused,
)
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.r2.resources import Bucket, BucketToken, Cors

__all__ = [
    "Bucket",
    "BucketToken",
    "Cors",
    "Store",
    "lists_writes_reads_deletes",
    "may_manage_r2",
    "other_buckets_are_refused",
    "other_origins_are_refused",
    "presigned_get_works",
    "presigned_put_works",
    "token_is_active",
    "wrong_secret_is_refused",
]
