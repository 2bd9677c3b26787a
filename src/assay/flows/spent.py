"""Tokens that may be used once, remembered until they would have ended: a restart gives none of them back."""

from datetime import UTC, datetime, timedelta

from assay.ports.logs import DurableFiles
from assay.trust import token
from assay.trust.token import Claims

_GONE_HOURS = 48
"""How far back old hours are looked for when they are discarded; what lies further back only takes room."""


class Spent:
    """The memory of single-use tokens: one small file each, in a folder for the hour in which the token ends.

    Args:
        files: a folder of its own, whose files survive a power cut.
    """

    def __init__(self, files: DurableFiles) -> None:
        self._files = files
        self._hour = ""

    def use(self, claims: Claims, now: datetime) -> None:
        """Use a token up, durably: of two requests with one token, also of two processes, one gets through.

        Args:
            claims: of a token that was judged and found good; of an issuer whose tokens count often nothing is kept.
            now: aware.

        Raises:
            UntrustedError: `TOKEN_USED`.
            UnavailableError: the memory cannot be read or written; then nobody knows, and nothing is issued.
        """
        if not claims.is_single_use:
            return
        end = claims.expires + timedelta(seconds=token.SKEW_SECONDS)
        name = f"{_hour(end)}/{claims.fingerprint}"
        with self._files.exclusive():
            known = self._files.read(name, 64)
            token.check_unused(claims, () if known is None else (claims.fingerprint,))
            self._files.write({name: end.isoformat().encode()})
            self._forget(now)

    def _forget(self, now: datetime) -> None:
        """Once an hour: no token of an hour that is over can pass its own expiry any more."""
        hour = _hour(now)
        if hour != self._hour:
            self._files.discard([_hour(now - timedelta(hours=back)) for back in range(1, _GONE_HOURS)])
            self._hour = hour


def _hour(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("h%Y%m%d%H")
