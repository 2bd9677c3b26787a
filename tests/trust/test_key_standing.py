"""Whether a key still counts: its window and its revocation, judged at the verified time."""

from datetime import UTC, datetime

import msgspec
import pytest

from assay.trust.keyring import Key, refused

NOW = "2026-06-01T00:00:00Z"
KEY = Key(
    key_id="k", spki=b"", algorithm="ecdsa-p256", not_before="2026-01-01T00:00:00Z", not_after="2026-03-01T00:00:00Z"
)
REVOKED = msgspec.structs.replace(KEY, not_after="", revoked_since="2026-02-01T00:00:00Z", revoked_reason="lost laptop")


def at(text):
    return datetime.fromisoformat(text).astimezone(UTC)


@pytest.mark.parametrize(
    ("key", "times", "code"),
    [
        (KEY, ["2026-02-15T00:00:00Z"], ""),  # closed since, but proven to be older
        (KEY, ["2026-01-01T00:00:00Z", "2026-03-01T00:00:00Z"], ""),  # both ends belong to the window
        (KEY, ["2025-12-31T23:59:59Z"], "KEY_WINDOW"),
        (KEY, ["2026-02-15T00:00:00Z", "2026-03-01T00:00:01Z"], "KEY_WINDOW"),  # every verified time
        (KEY, [], "KEY_WINDOW"),  # nothing proves its time: judged now
        (REVOKED, ["2026-01-31T23:59:59.9+00:00"], ""),
        (REVOKED, ["2026-02-01T00:00:00Z"], "KEY_REVOKED"),
        (REVOKED, ["2026-01-15T00:00:00Z", "2026-02-02T00:00:00Z"], "KEY_REVOKED"),
        (REVOKED, [], "KEY_REVOKED"),
    ],
)  # fmt: skip
def test_old_signatures_outlive_rotation_and_later_ones_fail(key, times, code):
    assert refused(key, [at(time) for time in times], NOW)[0] == code


def test_the_reason_is_said():
    assert "lost laptop" in refused(REVOKED, [], NOW)[1]
