"""The machine's clock."""

import os
import re
from datetime import UTC, datetime

from assay.model.errors import UsageError

_EPOCH = re.compile(r"[0-9]{1,12}", re.ASCII)
_LAST_SECOND = 253_402_300_799
"""9999-12-31T23:59:59Z, the last that RFC 3339 can write."""


class WallClock:
    """A `Clock` that nothing rules: for what is judged by the real time, such as the end of a token."""

    def now(self) -> str:
        """UTC as RFC 3339 with seconds."""
        return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class SystemClock:
    """A `Clock`: now, or the moment `SOURCE_DATE_EPOCH` names (reproducible-builds.org)."""

    def now(self) -> str:
        """UTC as RFC 3339 with seconds.

        Raises:
            UsageError: `SOURCE_DATE_EPOCH` is not a number of seconds.
        """
        fixed = os.environ.get("SOURCE_DATE_EPOCH", "")
        if not fixed:
            moment = datetime.now(UTC)
        elif _EPOCH.fullmatch(fixed) and int(fixed) <= _LAST_SECOND:
            moment = datetime.fromtimestamp(int(fixed), UTC)
        else:
            raise UsageError(
                "SOURCE_DATE_EPOCH is not a time",
                where="environment",
                why=repr(fixed[:60]),
                remedy="set it to seconds since 1970, e.g. $(git log -1 --format=%ct), or unset it",
            )
        return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
