"""What a verifier expects: whose signature, and how well proven. Nothing is believed without it."""

from typing import Literal

import msgspec

from assay.formats.note import Checkpoint
from assay.trust.keyring import Keyring


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """One certificate identity and the issuer that vouched for it; both must be, byte for byte."""

    identity: str
    issuer: str
    glob: bool = False
    """`*` in either text then stands for any text; the pattern is anchored on the whole string."""

    def names(self, identity: str, issuer: str) -> tuple[bool, bool]:
        """Whether the identity is this one, and whether the issuer is."""
        if self.glob:
            return matches(self.identity, identity), matches(self.issuer, issuer)
        return self.identity == identity, self.issuer == issuer


class Require(msgspec.Struct, frozen=True, kw_only=True):
    """How well a signature must be proven beyond what always holds."""

    log: Literal["", "required", "optional"] = ""
    """Empty: required of certificates, optional beside a managed key."""
    timestamps: Literal["required", "optional"] = "optional"
    """Whether a timestamp authority's word is required, even where a log's promise gives a time."""
    timestamps_count: int = 0
    """How many timestamp authorities must agree that it existed; one per operator counts."""
    witnesses: str = ""
    """A C2SP tlog-policy text: the quorum that must have cosigned the checkpoint."""


class Legacy(msgspec.Struct, frozen=True, kw_only=True):
    """Old forms that prove less, each read only if it is asked for by name."""

    v01_promise: bool = False
    """Bundles v0.1 with a promise and no inclusion proof, and with the root in their chain."""
    cosign_v2: bool = False
    """Signatures and attestations at `sha256-….sig` and `….att` tags."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Whom to believe: keys, or identities with their issuers. Empty believes nobody."""

    keys: Keyring = Keyring()
    identities: tuple[Identity, ...] = ()
    require: Require = Require()
    legacy: Legacy = Legacy()
    seen: tuple[Checkpoint, ...] = ()
    """Checkpoints seen before: another root for one origin and size is a fork."""


def matches(pattern: str, text: str) -> bool:
    """Whether a pattern means the whole text; `*` stands for any text, everything else for itself.

    The pieces between the asterisks are found one after another, each at its first place: it never backtracks.

    >>> matches("https://ci.example/*@refs/tags/v*", "https://ci.example/a/b@refs/tags/v1"), matches("a*", "ba")
    (True, False)
    """
    first, *rest = pattern.split("*")
    if not rest:
        return pattern == text
    *middle, last = rest
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, place, end)
        if found < 0:
            return False
        place = found + len(piece)
    return True
