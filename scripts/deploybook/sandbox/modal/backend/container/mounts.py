"""Checks a CloudBucketMount: if its keys do not open its bucket, the container does not start."""

from __future__ import annotations

from collections.abc import Mapping

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError


class MountFailed(Exception):
    """The bucket cannot be mounted."""


def check(mount: Mapping[str, str]) -> None:
    """List one key of the bucket with the mount's own credentials."""
    client = boto3.client(
        "s3",
        endpoint_url=mount["endpoint"],
        aws_access_key_id=mount["access_key_id"],
        aws_secret_access_key=mount["secret_access_key"],
        region_name="auto",
        config=Config(
            signature_version="s3v4",
            s3={"addressing_style": "path"},
            retries={"max_attempts": 1},
            connect_timeout=5,
            read_timeout=5,
        ),
    )
    try:
        client.list_objects_v2(Bucket=mount["bucket"], Prefix=mount["prefix"], MaxKeys=1)
    except (BotoCoreError, ClientError) as refused:
        raise MountFailed(f"{mount['where']} failed: {refused}") from refused
