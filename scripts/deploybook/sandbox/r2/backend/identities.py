"""S3 keys put into a running SeaweedFS: its gateway's own cache of identities, over gRPC, effective when the call returns.

Messages: ``weed/pb/iam.proto`` and ``s3.proto`` (service ``SeaweedS3IamCache``). Two flat messages do not need a generated module.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterable
from typing import Any

from grpclib.client import Channel
from grpclib.const import Cardinality
from grpclib.encoding.base import CodecBase


class _Bytes(CodecBase):  # type: ignore[misc]
    """Messages are bytes already."""

    __content_subtype__ = "proto"

    def encode(self, message: Any, message_type: Any) -> bytes:  # noqa: ARG002
        return bytes(message)

    def decode(self, data: bytes, message_type: Any) -> bytes:  # noqa: ARG002
        return data


class Identities:
    """The keys that SeaweedFS accepts; each is an identity of its own, named like its access key."""

    def __init__(self, port: int, tls: ssl.SSLContext) -> None:
        self._channel = Channel("127.0.0.1", port, codec=_Bytes(), ssl=tls)

    async def put(self, access_key_id: str, secret: str, actions: Iterable[str]) -> None:
        """Add a key, or replace its secret and actions."""
        credential = _field(1, access_key_id) + _field(2, secret) + _field(3, "Active")
        identity = _field(1, access_key_id) + _field(2, credential) + b"".join(_field(3, action) for action in actions)
        await self._call("PutIdentity", _field(1, identity))

    async def remove(self, access_key_id: str) -> None:
        """Remove a key; one that is not there is no error."""
        await self._call("RemoveIdentity", _field(1, access_key_id))

    def close(self) -> None:
        """Close the channel."""
        self._channel.close()

    async def _call(self, method: str, message: bytes) -> None:
        path = f"/messaging_pb.SeaweedS3IamCache/{method}"
        async with self._channel.request(path, Cardinality.UNARY_UNARY, bytes, bytes, timeout=5) as stream:
            await stream.send_message(message, end=True)
            await stream.recv_message()


def _field(number: int, value: str | bytes) -> bytes:
    """One length-delimited protobuf field."""
    data = value.encode() if isinstance(value, str) else value
    encoded = bytearray([number << 3 | 2])
    length = len(data)
    while length > 0x7F:
        encoded.append(length & 0x7F | 0x80)
        length >>= 7
    encoded.append(length)
    return bytes(encoded) + data
