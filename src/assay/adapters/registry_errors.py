"""What a registry's refusal means. Its own text is not repeated: it may reflect what we sent."""

import msgspec

from assay.adapters.http import Answer
from assay.adapters.http_errors import clean
from assay.model.errors import AssayError, UnavailableError, UnsupportedError

_CODES = frozenset(
    {
        "BLOB_UNKNOWN", "BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN", "DIGEST_INVALID", "MANIFEST_BLOB_UNKNOWN",
        "MANIFEST_INVALID", "MANIFEST_UNKNOWN", "MANIFEST_UNVERIFIED", "NAME_INVALID", "NAME_UNKNOWN", "SIZE_INVALID",
        "UNAUTHORIZED", "DENIED", "UNSUPPORTED", "TOOMANYREQUESTS", "TAG_INVALID",
    }
)  # fmt: skip
"""Error codes of the distribution-spec 1.1 and of Docker's registry; others are not shown."""

_REMEDIES = {
    401: "log in (docker login), or check the name: registries answer so for names that do not exist, too",
    403: "ask for access to this repository",
    404: "check the name, the tag and the digest",
    405: "the registry is read-only for you, or does not know this operation",
    413: "the registry has a smaller limit",
}


class _Error(msgspec.Struct):
    code: str = ""


class _Errors(msgspec.Struct):
    errors: list[_Error] = []


def is_missing(answer: Answer) -> bool:
    """Whether the registry says that there is no such manifest: 404, and nothing else."""
    return answer.status == 404


def failure(answer: Answer, what: str, *, writing: bool = False) -> AssayError:
    """The error for an answer that is neither a success nor an expected refusal.

    A registry may be unable to write; whatever keeps it from giving what it has is unavailability.
    """
    kind = UnsupportedError if writing and answer.status in {405, 413, 415, 501} else UnavailableError
    codes = ", ".join(_codes(answer.body))
    return kind(
        what,
        where=clean(answer.url),
        why=f"status {answer.status}" + (f", {codes}" if codes else ""),
        remedy=_REMEDIES.get(answer.status, "ask the registry's operator"),
    )


def _codes(body: bytes) -> list[str]:
    try:
        errors = msgspec.json.decode(body, type=_Errors).errors
    except (msgspec.DecodeError, RecursionError):
        return []
    return sorted({error.code for error in errors if error.code in _CODES})
