"""What R2 refuses and other S3 servers take; and the bytes themselves."""

from __future__ import annotations

import base64
import http.client
import ssl
import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from tests.waiting import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from tests.sandbox.r2.conftest import Key, Storage

PATH = "/studio-audio/assets/voice.wav"


def connection(storage: Storage) -> http.client.HTTPSConnection:
    """A bare connection, for what httpx does not send."""
    at = urlsplit(storage.url)
    trust = ssl.create_default_context(cafile=storage.sandbox.exports["SSL_CERT_FILE"])
    return http.client.HTTPSConnection(at.hostname or "", at.port, context=trust, timeout=10)


@pytest.mark.parametrize("hashed", ["STREAMING-UNSIGNED-PAYLOAD-TRAILER", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"])
def test_a_streamed_signature_is_not_implemented(storage: Storage, error: Any, hashed: str) -> None:
    headers = {"x-amz-content-sha256": hashed, "content-encoding": "aws-chunked"}
    answer = storage.send(storage.key(), "PUT", PATH, content=b"5\r\nsound\r\n0\r\n\r\n", then=headers)
    assert error(answer) == (501, "NotImplemented")
    assert f"{hashed} not implemented" in answer.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("content-encoding", "aws-chunked"),
        ("x-amz-trailer", "x-amz-checksum-crc32"),
        ("x-amz-tagging", "a=b"),
        ("x-amz-server-side-encryption", "AES256"),
        ("x-amz-object-lock-mode", "GOVERNANCE"),
    ],
)
def test_a_header_that_r2_lacks_is_not_implemented(storage: Storage, error: Any, name: str, value: str) -> None:
    answer = storage.send(storage.key(), "PUT", PATH, content=b"sound", headers={name: value})
    assert error(answer) == (501, "NotImplemented")
    assert f"Header '{name}' with value '{value}' not implemented" in answer.text


def test_a_bucket_that_is_there_is_not_created_again(storage: Storage, error: Any) -> None:
    storage.cors({"allowed": {"methods": ["PUT"], "origins": ["https://studio.example"]}})
    assert error(storage.send(storage.key("admin"), "PUT", "/studio-audio")) == (409, "BucketAlreadyOwnedByYou")
    assert "https://studio.example" in storage.send(storage.key("admin"), "GET", "/studio-audio?cors").text


@pytest.mark.parametrize("acl", ["private", "public-read"])
def test_an_acl_is_taken_and_changes_nothing(storage: Storage, acl: str) -> None:
    assert storage.send(storage.key(), "PUT", PATH, content=b"sound", headers={"x-amz-acl": acl}).status_code == 200


@pytest.mark.parametrize("query", ["acl", "tagging", "versioning", "policy", "object-lock", "versions", "lifecycle"])
def test_an_operation_that_r2_or_the_sandbox_lacks_is_not_implemented(storage: Storage, error: Any, query: str) -> None:
    assert error(storage.send(storage.key("admin"), "GET", f"/studio-audio?{query}")) == (501, "NotImplemented")


def test_signature_version_2_is_refused_in_header_and_query(storage: Storage, error: Any) -> None:
    key = storage.key()
    header = storage.s3.get(storage.url + PATH, headers={"Authorization": f"AWS {key.token_id}:c2lnbmF0dXJl"})
    query = storage.s3.get(
        storage.url + PATH, params={"AWSAccessKeyId": key.token_id, "Signature": "x", "Expires": "9"}
    )
    for answer in (header, query):
        assert error(answer) == (401, "Unauthorized")
        assert "SigV2 authorization is not supported. Please use SigV4 instead." in answer.text


@pytest.mark.parametrize("region", ["auto", "us-east-1", ""])
def test_the_region_is_auto_or_what_stands_for_it(storage: Storage, region: str) -> None:
    assert storage.send(storage.key(), "GET", "/studio-audio?list-type=2", region=region).status_code == 200


def test_another_region_is_refused(storage: Storage, error: Any) -> None:
    key = storage.key()
    answer = storage.send(key, "GET", "/studio-audio?list-type=2", region="eu-central-1")
    assert error(answer) == (400, "InvalidRegionName")
    assert "Must be one of: wnam, enam, weur, eeur, apac, oc, auto" in answer.text
    presigned = storage.presign(key, "GET", PATH, region="eu-central-1")
    assert error(storage.s3.get(presigned)) == (400, "InvalidRegionName")


def test_a_presigned_url_does_what_it_was_signed_for_and_nothing_else(storage: Storage, error: Any) -> None:
    key = storage.key()
    assert storage.s3.put(storage.presign(key, "PUT", PATH), content=b"sound").status_code == 200
    url = storage.presign(key, "GET", PATH)
    assert storage.s3.get(url).content == b"sound"
    assert storage.s3.head(storage.presign(key, "HEAD", PATH)).status_code == 200
    assert error(storage.s3.put(url, content=b"other")) == (403, "SignatureDoesNotMatch")
    assert error(storage.s3.get(url.replace("voice", "noise"))) == (403, "SignatureDoesNotMatch")
    longer = url.replace("X-Amz-Expires=60", "X-Amz-Expires=600")
    assert error(storage.s3.get(longer)) == (403, "SignatureDoesNotMatch")
    assert storage.s3.delete(storage.presign(key, "DELETE", PATH)).status_code == 204


def test_a_presigned_post_is_not_implemented(storage: Storage, error: Any) -> None:
    url = storage.presign(storage.key(), "POST", f"{PATH}?uploads=")
    assert error(storage.s3.post(url)) == (501, "NotImplemented")
    form = storage.s3.post(f"{storage.url}/studio-audio", files={"file": b"sound"}, data={"key": "a"})
    assert error(form) == (501, "NotImplemented")


def test_a_signed_content_type_must_be_sent(storage: Storage, error: Any) -> None:
    url = storage.presign(storage.key(), "PUT", PATH, headers={"content-type": "audio/wav"})
    wrong = storage.s3.put(url, content=b"sound", headers={"content-type": "audio/mp3"})
    assert error(wrong) == (403, "SignatureDoesNotMatch")
    assert storage.s3.put(url, content=b"sound", headers={"content-type": "audio/wav"}).status_code == 200


def refused(answer: httpx.Response) -> httpx.Response | None:
    """The answer, if it is a refusal."""
    return answer if answer.is_error else None


def test_a_presigned_url_expires(storage: Storage, error: Any) -> None:
    key = storage.key()
    storage.send(key, "PUT", PATH, content=b"sound").raise_for_status()
    assert storage.s3.get(storage.presign(key, "GET", PATH, seconds=3600)).status_code == 200
    url = storage.presign(key, "GET", PATH, seconds=1)
    answer = until(lambda: refused(storage.s3.get(url)), "the end of the URL")
    assert error(answer) == (400, "ExpiredRequest")


@pytest.mark.parametrize(("seconds", "accepted"), [(1, True), (604800, True), (604801, False), (0, False), (-5, False)])
def test_a_presigned_url_lives_one_second_to_seven_days(
    storage: Storage, error: Any, seconds: int, *, accepted: bool
) -> None:
    answer = storage.s3.put(storage.presign(storage.key(), "PUT", PATH, seconds=seconds), content=b"sound")
    if accepted:
        assert answer.status_code == 200
    else:
        assert error(answer) == (400, "InvalidArgument")


def test_temporary_credentials_are_loudly_absent(storage: Storage, error: Any) -> None:
    answer = storage.send(storage.key(), "GET", PATH, headers={"x-amz-security-token": "x"})
    assert error(answer) == (501, "NotImplemented")


def test_a_range_is_answered_with_206(storage: Storage, error: Any) -> None:
    key = storage.key()
    storage.send(key, "PUT", PATH, content=bytes(range(256)) * 16).raise_for_status()
    url = storage.presign(key, "GET", PATH)
    part = storage.s3.get(url, headers={"Range": "bytes=0-1023"})
    assert part.status_code == 206
    assert part.headers["content-range"] == "bytes 0-1023/4096"
    assert part.content == (bytes(range(256)) * 16)[:1024]
    assert error(storage.s3.get(url, headers={"Range": "bytes=5000-6000"})) == (416, "InvalidRange")


@pytest.mark.parametrize("name", ["a b.wav", "ünï/çødé.wav", "a+b&c=d.wav", "a//b.wav", "100%.wav", "it's (1).wav"])
def test_names_arrive_as_they_are(storage: Storage, name: str) -> None:
    import boto3
    from botocore.config import Config

    key = storage.key()
    client = boto3.client(
        "s3",
        endpoint_url=storage.url,
        region_name="auto",
        aws_access_key_id=key.credentials.access_key,
        aws_secret_access_key=key.credentials.secret_key,
        verify=storage.sandbox.exports["AWS_CA_BUNDLE"],
        config=Config(request_checksum_calculation="when_required", response_checksum_validation="when_required"),
    )
    client.put_object(Bucket="studio-audio", Key=name, Body=name.encode())
    assert client.get_object(Bucket="studio-audio", Key=name)["Body"].read() == name.encode()


@pytest.mark.parametrize("size", [6, 9_000_000])
def test_a_body_other_than_the_signed_one_is_refused_and_not_kept(storage: Storage, error: Any, size: int) -> None:
    key = storage.key()
    answer = storage.send(key, "PUT", PATH, content=b"s" * size, forged=b"f" * size)
    assert error(answer) == (400, "XAmzContentSHA256Mismatch")
    assert storage.send(key, "HEAD", PATH).status_code == 404


@pytest.mark.parametrize("size", [6, 9_000_000])
def test_a_body_without_the_checksum_that_was_stated_is_refused_and_not_kept(
    storage: Storage, error: Any, size: int
) -> None:
    key, content = storage.key(), b"s" * size
    crc32 = base64.b64encode(zlib.crc32(content).to_bytes(4, "big")).decode()
    answer = storage.send(key, "PUT", PATH, content=content, headers={"x-amz-checksum-crc32": "AAAAAA=="})
    assert error(answer) == (400, "BadDigest")
    assert storage.send(key, "HEAD", PATH).status_code == 404
    assert storage.send(key, "PUT", PATH, content=content, headers={"x-amz-checksum-crc32": crc32}).status_code == 200


@pytest.mark.parametrize(("total", "sent"), [(6, 0), (6, 3), (3_000_000, 10), (9_000_000, 8_000_000)])
def test_an_upload_that_breaks_off_leaves_nothing(storage: Storage, total: int, sent: int) -> None:
    key, bare = storage.key(), connection(storage)
    url = urlsplit(storage.presign(key, "PUT", PATH))
    bare.putrequest("PUT", f"{url.path}?{url.query}")
    bare.putheader("Content-Length", str(total))
    bare.endheaders()
    bare.send(b"x" * sent)
    bare.close()
    # While another upload is taken whole, this one would have been stored.
    assert storage.send(key, "PUT", f"{PATH}.whole", content=b"x" * min(total, 3_000_000)).status_code == 200
    assert storage.send(key, "HEAD", PATH).status_code == 404


def test_an_empty_object_can_be_stored(storage: Storage) -> None:
    key = storage.key()
    empty = storage.s3.put(storage.presign(key, "PUT", PATH), headers={"Content-Length": "0"})
    assert empty.status_code == 200
    assert storage.send(key, "HEAD", PATH).headers["content-length"] == "0"


def test_an_upload_states_its_length(storage: Storage, error: Any) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"sound"

    answer = storage.s3.put(storage.presign(storage.key(), "PUT", PATH), content=chunks())
    assert error(answer) == (411, "MissingContentLength")


def test_an_upload_over_five_gib_is_refused_before_it_is_sent(storage: Storage) -> None:
    bare = connection(storage)
    url = urlsplit(storage.presign(storage.key(), "PUT", PATH))
    bare.putrequest("PUT", f"{url.path}?{url.query}")
    bare.putheader("Content-Length", str(5 * 1024**3 + 1))
    bare.putheader("Expect", "100-continue")
    bare.endheaders()
    answer = bare.getresponse()
    assert answer.status == 400
    assert b"EntityTooLarge" in answer.read()
    bare.close()


def test_a_client_that_waits_for_100_continue_receives_it(storage: Storage) -> None:
    bare = connection(storage)
    url = urlsplit(storage.presign(storage.key(), "PUT", PATH))
    bare.putrequest("PUT", f"{url.path}?{url.query}")
    bare.putheader("Content-Length", "5")
    bare.putheader("Expect", "100-continue")
    bare.endheaders()
    assert bare.sock.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    bare.send(b"sound")
    assert bare.getresponse().status == 200
    bare.close()


def test_a_connection_is_of_use_after_a_refused_upload(storage: Storage) -> None:
    bare = connection(storage)
    url = urlsplit(storage.presign(storage.key("read"), "PUT", PATH))
    bare.connect()
    first = bare.sock
    for _ in range(2):
        bare.request("PUT", f"{url.path}?{url.query}", body=b"x" * 3_000_000)
        answer = bare.getresponse()
        assert answer.status == 403
        assert b"AccessDenied" in answer.read()
        assert bare.sock is first
    bare.close()


def test_a_connection_ends_when_the_refused_client_waited_for_100_continue(storage: Storage) -> None:
    bare = connection(storage)
    url = urlsplit(storage.presign(storage.key("read"), "PUT", PATH))
    bare.putrequest("PUT", f"{url.path}?{url.query}")
    bare.putheader("Content-Length", "5")
    bare.putheader("Expect", "100-continue")
    bare.endheaders()
    answer = bare.getresponse()
    assert answer.status == 403
    assert answer.headers["connection"] == "close"
    bare.close()


def test_the_same_key_is_written_once_a_second(storage: Storage, error: Any) -> None:
    key = storage.key()
    # On a slow machine two writes lie more than a second apart, and both are accepted: two of many do not.
    answer = until(lambda: refused(storage.send(key, "PUT", PATH, content=b"1")), "a refused write")
    assert error(answer) == (429, "TooManyRequests")
    assert answer.headers["retry-after"] == "1"
    assert storage.send(key, "PUT", f"{PATH}.other", content=b"2").status_code == 200
    until(lambda: storage.send(key, "PUT", PATH, content=b"2").status_code == 200, "an accepted write")


def test_a_refused_write_does_not_count_as_one(storage: Storage) -> None:
    key = storage.key()
    assert storage.send(type(key)(key.token_id, "", "0" * 64), "PUT", PATH, content=b"1").status_code == 403
    assert storage.send(key, "PUT", PATH, content=b"1").status_code == 200


def test_a_wrong_signature_is_refused_as_such_even_when_the_key_was_just_written(storage: Storage, error: Any) -> None:
    key = storage.key()
    storage.send(key, "PUT", PATH, content=b"1").raise_for_status()
    forged = storage.send(type(key)(key.token_id, "", "0" * 64), "PUT", PATH, content=b"2")
    assert error(forged) == (403, "SignatureDoesNotMatch")
    assert error(storage.send(key, "PUT", PATH, content=b"3")) == (429, "TooManyRequests")
    assert storage.send(key, "GET", PATH).content == b"1"


def test_a_large_object_passes_without_being_held_in_memory(storage: Storage) -> None:
    size, chunk = 96 * 1024 * 1024, b"\0" * (1 << 20)

    def chunks() -> Iterator[bytes]:
        for _ in range(size // len(chunk)):
            yield chunk

    key, before = storage.key(), peak_memory(storage)
    url = storage.presign(key, "PUT", PATH)
    storage.s3.put(
        url, content=chunks(), headers={"Content-Length": str(size)}, timeout=PATIENCE_SECONDS
    ).raise_for_status()
    received = 0
    with storage.s3.stream("GET", storage.presign(key, "GET", PATH), timeout=PATIENCE_SECONDS) as answer:
        for part in answer.iter_raw():
            received += len(part)
    assert received == size
    if before:
        assert peak_memory(storage) - before < 32 * 1024


def peak_memory(storage: Storage) -> int:
    """The sandbox's own peak in kB, 0 where the system does not tell."""
    from pathlib import Path

    status = Path(f"/proc/{storage.sandbox.process.pid}/status")
    if not status.is_file():
        return 0
    return int(status.read_text().partition("VmHWM:")[2].split()[0])


def hosts(storage: Storage) -> dict[str, str]:
    """Hosts by what they are."""
    domain = "r2.cloudflarestorage.com"
    return {
        "account": f"{storage.account}.{domain}",
        "bucket": f"studio-audio.{storage.account}.{domain}",
        "eu": f"{storage.account}.eu.{domain}",
        "other": f"{'0' * 32}.{domain}",
    }


def test_the_vendors_host_names_are_answered_and_certified(storage: Storage) -> None:
    key, names = storage.key(), hosts(storage)
    assert storage.send(key, "PUT", PATH, content=b"sound", host=names["account"]).status_code == 200
    assert storage.send(key, "GET", "/assets/voice.wav", host=names["bucket"]).content == b"sound"
    at = urlsplit(storage.url)
    trust = ssl.create_default_context(cafile=storage.sandbox.exports["SSL_CERT_FILE"])
    import socket

    for name in (names["account"], names["bucket"], names["eu"]):
        with (
            socket.create_connection(("127.0.0.1", at.port or 0)) as plain,
            trust.wrap_socket(plain, server_hostname=name) as wrapped,
        ):
            assert wrapped.version()


def test_a_host_of_another_account_is_refused(storage: Storage, error: Any) -> None:
    assert error(storage.send(storage.key(), "GET", PATH, host=hosts(storage)["other"])) == (401, "Unauthorized")
    assert error(storage.send(storage.key(), "GET", PATH, host="s3.amazonaws.com")) == (400, "InvalidArgument")


def test_a_bucket_of_a_jurisdiction_is_reached_only_at_its_own_host(storage: Storage, error: Any) -> None:
    storage.create("studio-eu", "eu")
    key: Key = storage.key("write", "eu_studio-eu")
    europe = hosts(storage)["eu"]
    assert storage.send(key, "PUT", "/studio-eu/a", content=b"x", host=europe).status_code == 200
    assert error(storage.send(key, "GET", "/studio-eu/a")) == (403, "AccessDenied")
    admin = storage.key("admin")
    assert error(storage.send(admin, "GET", "/studio-eu/a")) == (404, "NoSuchBucket")
    assert "studio-eu" not in storage.send(admin, "GET", "/").text
    assert "studio-eu" in storage.send(admin, "GET", "/", host=europe).text


def test_no_signature_reaches_the_journal(storage: Storage) -> None:
    key = storage.key()
    url = storage.presign(key, "PUT", PATH)
    storage.s3.put(url, content=b"sound").raise_for_status()
    signature = parse_qs(urlsplit(url).query)["X-Amz-Signature"][0]
    journal = storage.sandbox.journal("r2")
    assert journal[-1]["path"] == PATH
    assert journal[-1]["method"] == "PUT"
    assert journal[-1]["status"] == 200
    assert journal[-1]["writes"] is True
    written = str(storage.sandbox.journal())
    assert all(secret not in written for secret in (signature, key.value, key.token_id, "X-Amz"))
