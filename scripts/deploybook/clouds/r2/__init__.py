"""Cloudflare R2: the bucket, its token, its CORS rule, and the checks that prove them."""

from deploybook.clouds.r2.bucket import Bucket
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
from deploybook.clouds.r2.cors import Cors
from deploybook.clouds.r2.objects import Store
from deploybook.clouds.r2.token import BucketToken

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
