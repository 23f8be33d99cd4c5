"""R2's refusals: one number for the REST API, one name for the S3 API, one status for both.

Source: cloudflare-docs ``r2/api/error-codes.mdx``; what that page leaves out is quoted from answers that users reported.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploybook.sandbox.core.refusals import Refusal


@dataclass(frozen=True)
class Kind:
    """A kind of refusal with the vendor's default sentence."""

    number: int
    name: str
    status: int
    message: str


class R2Error(Refusal):
    """A refusal; ``message`` replaces the kind's default sentence."""

    def __init__(self, kind: Kind, message: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(kind.status, message or kind.message, kind.number, headers=headers)
        self.kind = kind


INTERNAL_ERROR = Kind(10001, "InternalError", 500, "We encountered an internal error. Please try again.")
UNAUTHORIZED = Kind(10002, "Unauthorized", 401, "Unauthorized")
ACCESS_DENIED = Kind(10003, "AccessDenied", 403, "Access Denied")
INVALID_BUCKET_NAME = Kind(10005, "InvalidBucketName", 400, "The specified bucket name is not valid.")
NO_SUCH_BUCKET = Kind(10006, "NoSuchBucket", 404, "The specified bucket does not exist.")
NO_SUCH_KEY = Kind(10007, "NoSuchKey", 404, "The specified key does not exist.")
BUCKET_NOT_EMPTY = Kind(10008, "BucketNotEmpty", 409, "The bucket you tried to delete is not empty.")
EXPIRED = Kind(10018, "ExpiredRequest", 400, "Request has expired")
INVALID_ARGUMENT = Kind(10029, "InvalidArgument", 400, "Invalid Argument")
MISSING_LENGTH = Kind(10033, "MissingContentLength", 411, "You must provide the Content-Length HTTP header.")
BAD_SIGNATURE = Kind(
    10035,
    "SignatureDoesNotMatch",
    403,
    "The request signature we calculated does not match the signature you provided. "
    "Check your secret access key and signing method.",
)
# The sentence is the REST API's own to an account without R2, quoted in public (cloudflare/moltworker#41).
NOT_ENTITLED = Kind(10042, "NotEntitled", 403, "Please enable R2 through the Cloudflare Dashboard.")
MALFORMED_JSON = Kind(10040, "MalformedJSON", 400, "The JSON you provided was not well formed.")
MALFORMED_XML = Kind(10040, "MalformedXML", 400, "The XML you provided was not well formed or did not validate.")
TOO_MANY_REQUESTS = Kind(10058, "TooManyRequests", 429, "Reduce your concurrent request rate for the same object.")
NO_SUCH_CORS = Kind(10059, "NoSuchCORSConfiguration", 404, "The CORS configuration does not exist.")
# The page has 10073, BucketConflict. Number and sentence are what wrangler 4.120 printed in August 2026; the name is what
# ubicloud (model/github/github_repository.rb) catches from R2, so that creating a bucket again does no harm.
BUCKET_OWNED = Kind(
    10004, "BucketAlreadyOwnedByYou", 409, "The bucket you tried to create already exists, and you own it."
)
TOO_LARGE = Kind(100100, "EntityTooLarge", 400, "Your proposed upload exceeds the maximum allowed object size.")
# The table has no row for these; names and sentences are those of answers quoted in public issues.
NOT_IMPLEMENTED = Kind(10000, "NotImplemented", 501, "Not implemented")
BAD_HASH = Kind(
    10000,
    "XAmzContentSHA256Mismatch",
    400,
    "The provided 'x-amz-content-sha256' header does not match what was computed.",
)
INVALID_REGION = Kind(10000, "InvalidRegionName", 400, "The region name is not valid.")
CORS_FORBIDDEN = Kind(10003, "AccessForbidden", 403, "CORSResponse: This CORS request is not allowed.")
