"""The five errors: named by what the caller can do, each with its exit code and HTTP status.

A "no" is a value (`model.verdict.Verdict`); an error means "I could not tell", and the caller fails closed.
"""

from typing import ClassVar


class AssayError(Exception):
    """What went wrong, where, why, and what to do about it.

    Args:
        what: the thing that failed, one clause, no full stop ("the manifest's digest does not match").
        where: file, URL, layer and path, JSON path or line; empty when there is no place.
        why: the observed fact ("expected sha256:aa…, received sha256:bb…").
        remedy: what the reader can do.
    """

    exit_code: ClassVar[int] = 75
    http_status: ClassVar[int] = 503
    kind: ClassVar[str] = "error"

    def __init__(self, what: str, *, where: str = "", why: str = "", remedy: str = "") -> None:
        self.what, self.where, self.why, self.remedy = what, where, why, remedy
        super().__init__(self.line())

    def line(self) -> str:
        """One line: `what (where): why. remedy`."""
        text = self.what + (f" ({self.where})" if self.where else "") + (f": {self.why}" if self.why else "")
        return f"{text}. {self.remedy}" if self.remedy else text


class MalformedError(AssayError):
    """The bytes do not have the form they claim."""

    exit_code, http_status, kind = 65, 422, "malformed"


class UntrustedError(AssayError):
    """The bytes are well-formed, but a digest, a signature or an identity does not hold.

    `step` and `code` name the check that refused, e.g. `("content", "DIGEST_MISMATCH")`.
    """

    exit_code, http_status, kind = 3, 403, "untrusted"

    def __init__(
        self, what: str, *, where: str = "", why: str = "", remedy: str = "", code: str = "", step: str = ""
    ) -> None:
        super().__init__(what, where=where, why=why, remedy=remedy)
        self.code, self.step = code, step


class UnsupportedError(AssayError):
    """Valid perhaps, but this program (or this installation) cannot do it."""

    exit_code, http_status, kind = 69, 415, "unsupported"


class UnavailableError(AssayError):
    """The outside did not answer, or too late: nobody knows."""

    exit_code, http_status, kind = 75, 503, "unavailable"


class UsageError(AssayError):
    """The caller's words do not fit."""

    exit_code, http_status, kind = 2, 400, "usage"
