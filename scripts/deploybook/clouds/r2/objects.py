"""R2's S3 API as the application uses it: with the four recorded variables and nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

import botocore.configprovider
import botocore.session
import httpx
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError
from pydantic import SecretStr

from deploybook import http
from deploybook.clouds.credentials import endpoint
from deploybook.clouds.r2.shown_answers import show_answers
from deploybook.clouds.refusals import IN_FRONT, Refusal, is_page
from deploybook.errors import InvalidValue, PermissionDenied, RateLimited, ServiceError, UnexpectedResponse, Unreachable

# AWS Signature Version 4: a presigned URL lives 1 second to 7 days; boto3 signs longer ones without a word.
LONGEST_PRESIGN = 7 * 24 * 3600
ENDPOINT_VARIABLE = "R2_ENDPOINT_URL"
# By R2's code (Cloudflare docs, R2 → API → Error codes). *Unauthorized* is said of a key that does not exist any more, and of one that is
# too new: rotating it would only begin the wait again. Only a wrong signature proves that the vault's secret is not the key's.
REFUSALS = {
    "Unauthorized": Refusal(
        PermissionDenied,
        "A new key takes up to a minute: wait, then run deploybook run r2 --mode verify; if it stays, deploybook run r2 --mode apply.",
        "r2-new-key",
    ),
    "SignatureDoesNotMatch": Refusal(
        PermissionDenied,
        "Run deploybook run r2 --mode apply -p rotate true, then the sections that use the key.",
        "r2-keys",
    ),
    "AccessDenied": Refusal(
        PermissionDenied,
        "Run deploybook run r2 --mode apply: it sets the token to read and write this bucket's objects.",
        "token-scope",
    ),
    "RequestTimeTooSkewed": Refusal(
        UnexpectedResponse,
        "Set this machine's clock: R2 refuses a signature that is more than 15 minutes off.",
        "unexpected-response",
    ),
}
# What says nothing of the key, the bucket or the names: R2, or the CDN in front of it, answers nobody for now.
TOO_OFTEN, FIRST_OF_FAILURES = 429, 500
PASSING = "Wait, then run this again; if it persists, check Cloudflare's status page."
# What a CDN answers while it does not reach who is behind it: botocore does not send that again by itself.
UNREACHED = range(520, 531)
ATTEMPTS = 4
OTHER_REFUSAL = Refusal(
    UnexpectedResponse,
    "Check R2_ACCOUNT_ID and R2_BUCKET_NAME in the vault; deploybook run r2 --mode apply records them.",
    "storage-errors",
)
# Their answers have the content type of an object, which may be a page's.
OF_AN_OBJECT = frozenset({"get_object", "head_object"})
# botocore's descriptions of S3 and of its endpoints, parsed once for all stores: it takes longer than many requests.
_DESCRIPTIONS = Loader()


class Store:
    """The objects of one bucket by one set of S3 credentials. Methods raise ServiceError."""

    def __init__(self, endpoint_url: str, access_key_id: str, secret_access_key: SecretStr, bucket: str) -> None:
        self.bucket = bucket
        self.endpoint_url = endpoint_url
        self.access_key_id = access_key_id
        self._secret = secret_access_key
        proxy = http.proxy_for(endpoint_url)
        self.s3 = _session().create_client(
            "s3",
            endpoint_url=endpoint_url,
            aws_access_key_id=access_key_id,
            aws_secret_access_key=secret_access_key.get_secret_value(),
            # Without a region boto3 presigns with Signature Version 2, which R2 refuses.
            region_name="auto",
            verify=http.ca_file("AWS_CA_BUNDLE"),
            config=Config(
                signature_version="s3v4",
                # By default boto3 uploads over https in aws-chunked with a trailing checksum, which R2 has answered with 501.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"mode": "standard", "max_attempts": ATTEMPTS},
                connect_timeout=http.CONNECT_SECONDS,
                read_timeout=http.READ_SECONDS,
                s3={"addressing_style": "path"},
                # An empty dict is none at all; None would be the environment's.
                proxies={"http": proxy, "https": proxy} if proxy else {},
            ),
        )
        # A run that is to stop sends no request more; botocore sends its own.
        self.s3.meta.events.register_first("before-send.s3", lambda **_: http.refuse_after_stop())
        self.s3.meta.events.register_last("needs-retry.s3", _pause_for_cdn)
        show_answers(self.s3)

    @classmethod
    def from_variables(cls, variables: Mapping[str, SecretStr], environ: Mapping[str, str]) -> Store | None:
        """The store that the four R2 variables describe, or None while one of them is missing (before the first ``apply``)."""
        names = ("R2_ACCOUNT_ID", "R2_ACCESS_KEY_ID", "R2_SECRET_ACCESS_KEY", "R2_BUCKET_NAME")
        if any(name not in variables for name in names):
            return None
        account, key, secret, bucket = (variables[name] for name in names)
        default = f"https://{account.get_secret_value()}.r2.cloudflarestorage.com"
        url = endpoint(environ, ENDPOINT_VARIABLE, default)
        return cls(url, key.get_secret_value(), secret, bucket.get_secret_value())

    def close(self) -> None:
        """Close the connections."""
        self.s3.close()

    def with_secret(self, secret: SecretStr) -> Store:
        """The same store, signed with another secret."""
        return Store(self.endpoint_url, self.access_key_id, secret, self.bucket)

    def presign(self, operation: str, key: str, *, seconds: int = 300, content_type: str | None = None) -> str:
        """A presigned URL for ``put_object``, ``get_object`` or ``head_object``; refuses lifetimes that R2 would refuse."""
        if not 1 <= seconds <= LONGEST_PRESIGN:
            raise InvalidValue(
                f"A presigned URL can't live {seconds} seconds.", f"Use 1 to {LONGEST_PRESIGN} (7 days)."
            )
        parameters = {"Bucket": self.bucket, "Key": key} | ({"ContentType": content_type} if content_type else {})
        url: str = self.s3.generate_presigned_url(operation, Params=parameters, ExpiresIn=seconds)
        return url

    def call(self, operation: str, **parameters: Any) -> Any:
        """One S3 call by boto3's name for it, on this bucket unless another is given. ``Body`` is an object's whole content."""
        return self._send(operation, **{"Bucket": self.bucket, **parameters})

    def list_buckets(self) -> Any:
        """ListBuckets, which a bucket's token may not do."""
        return self._send("list_buckets")

    def _send(self, operation: str, **parameters: Any) -> Any:
        try:
            answer = getattr(self.s3, operation)(**parameters)
            if operation not in OF_AN_OBJECT and _is_page(answer["ResponseMetadata"]):
                raise _foreign(operation, answer["ResponseMetadata"]["HTTPStatusCode"])
            # An object's content still comes, and may break off.
            return answer | {"Body": answer["Body"].read()} if "Body" in answer else answer
        except ClientError as error:
            raise _refused(operation, error) from None
        except BotoCoreError as error:
            message = f"R2 could not {operation}: {self.endpoint_url} cannot be reached ({type(error).__name__})."
            raise Unreachable("R2", operation, message, f"Check the network and {ENDPOINT_VARIABLE}.") from None
        except (ResponseParserError, ValueError):
            # botocore's own for a body that is not what its description says.
            message = f"R2 could not {operation}: its answer does not match its description."
            raise UnexpectedResponse(
                "R2", operation, message, f"Check that {ENDPOINT_VARIABLE} is unset or right."
            ) from None


def _pause_for_cdn(response: Any, attempts: int, **_: Any) -> float | None:
    """Seconds until botocore sends a request again whose answer was a CDN's; None where that is not ours to say."""
    unreached = response is not None and response[0].status_code in UNREACHED
    return 0.5 * 2**attempts if unreached and attempts < ATTEMPTS else None


def _session() -> botocore.session.Session:
    """botocore without what the machine has for AWS: files, profiles, and variables such as AWS_PROFILE and AWS_RETRY_MODE."""
    defaults = botocore.configprovider.BOTOCORE_DEFAUT_SESSION_VARIABLES
    variables = {name: (None, None, default, convert) for name, (_, _, default, convert) in defaults.items()}
    files = dict.fromkeys(("config_file", "credentials_file"), (None, None, os.devnull, None))
    session = botocore.session.Session(session_vars=variables | files)
    session.register_component("data_loader", _DESCRIPTIONS)
    return session


def browser(url: str, method: str, **options: Any) -> httpx.Response:
    """One request as a browser sends it: no credentials but what the URL carries, no retries."""
    try:
        with http.open_client(retry_seconds=0) as client:
            answer = client.request(method, url, **options)
    except httpx.RequestError as error:
        # The URL is a capability: only its host is shown.
        host = httpx.URL(url).host
        raise Unreachable("R2", method, f"{host} {http.unanswered(error)}.", "Check the network.") from None
    if is_page(answer):
        raise _foreign(f"answer the {method} of a presigned URL", answer.status_code)
    return answer


def _refused(operation: str, error: ClientError) -> ServiceError:
    """The error for a refusal. To HEAD it has no body: then botocore gives the status for a code."""
    details = error.response.get("Error", {})
    metadata = error.response.get("ResponseMetadata", {})
    status = metadata.get("HTTPStatusCode", 0)
    code = details.get("Code", "")
    reason = details.get("Message") or code or "no reason given"
    message = f"R2 could not {operation}: {reason} ({', '.join(filter(None, (str(status), code)))})."
    if _is_page(metadata):
        return UnexpectedResponse("R2", operation, message, IN_FRONT, status=status)
    if status == TOO_OFTEN or status >= FIRST_OF_FAILURES:
        passing = RateLimited if status == TOO_OFTEN else UnexpectedResponse
        return passing("R2", operation, message, PASSING, status=status, code=code)
    refusal = REFUSALS.get(code, OTHER_REFUSAL)
    kind = PermissionDenied if status in {401, 403} and code not in REFUSALS else refusal.kind
    return kind("R2", operation, message, str(refusal.hint), refusal.entry, status, code)


def _is_page(metadata: Mapping[str, Any]) -> bool:
    return "html" in metadata.get("HTTPHeaders", {}).get("content-type", "")


def _foreign(operation: str, status: int) -> UnexpectedResponse:
    message = f"R2 could not {operation}: a web page answered in its place ({status})."
    return UnexpectedResponse("R2", operation, message, IN_FRONT, status=status)
