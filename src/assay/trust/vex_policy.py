"""Whose VEX counts, and for what: a table of signers, each with a scope.

    [[vex.trust]]
    name = "distribution"
    key = "distribution.pub"            # a file beside this one; or key_pem = "-----BEGIN PUBLIC KEY-----…"
    products = ["pkg:deb/debian/*"]     # `*` stands for any text; a pattern without version means every version
    images = ["registry.example/team/*"]
    vulnerabilities = ["CVE-*"]
    statuses = ["not_affected", "fixed"]
    not_before = "2026-01-01T00:00:00Z"
    not_after = "2027-01-01T00:00:00Z"

    [[vex.trust]]
    name = "release pipeline"
    identity = "https://github.com/team/app/.github/workflows/vex.yml@refs/heads/main"
    issuer = "https://token.actions.githubusercontent.com"       # both exact; with `glob = true`, `*` is any text
    images = ["registry.example/team/*"]

`products` or `images` must be there: nobody is trusted for everything by an omission; `products = ["*"]` says so.
`trusted_root = "root.json"` in a table `[vex]` before the rows names whose certificates and logs are believed; without
it the public ones are. `legacy = ["cosign-v2"]` there also believes certificates in the annotations of cosign 2's tags,
which prove less.
"""

from collections.abc import Callable, Sequence
from typing import Any, get_args

import msgspec

from assay.formats import purl as purls
from assay.formats import trustroot, wire
from assay.formats.trustroot import TrustedRoot
from assay.model.errors import MalformedError
from assay.model.evidence import Signer
from assay.model.vex import VexProduct, VexStatement, VexStatus
from assay.trust import keyring
from assay.trust.expect import Identity, matches
from assay.trust.keyring import Key, Keyring, is_open
from assay.trust.vex_rows import ScopedRow, Table

_TABLE = Table("trust", "not a VEX trust policy", "correct the trust policy", 1_000)
STATUSES: tuple[VexStatus, ...] = get_args(VexStatus)
"""Every status, for a scope that leaves none out."""


class Scope(msgspec.Struct, frozen=True, kw_only=True):
    """What a signer may speak of; an empty tuple = anything."""

    products: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    vulnerabilities: tuple[str, ...] = ()
    statuses: tuple[VexStatus, ...] = STATUSES


class Trusted(msgspec.Struct, frozen=True, kw_only=True):
    """One row: a signer and its scope. `key` is None for a certificate's identity."""

    name: str
    key: Key | None
    identity: str = ""
    issuer: str = ""
    glob: bool = False
    not_before: str = ""
    not_after: str = ""
    """Window of an identity's row; a key has its own."""
    scope: Scope

    @property
    def expected(self) -> Identity:
        """The identity a certificate must have."""
        return Identity(identity=self.identity, issuer=self.issuer, glob=self.glob)


class VexTrust(msgspec.Struct, frozen=True):
    """The whole table; without rows nobody is believed."""

    rows: tuple[Trusted, ...] = ()
    roots: TrustedRoot | None = None
    """Whose certificates and logs are believed, where the table names them."""
    cosign_v2: bool = False
    """Whether certificates count that lie in annotations, as cosign 2 wrote them."""

    @property
    def identities(self) -> tuple[Identity, ...]:
        """Every identity of the table."""
        return tuple(row.expected for row in self.rows if row.identity)

    def keyring(self, now: str = "") -> Keyring:
        """Every key of the table; of a key with several windows the one that is open comes first, for it is asked."""
        keys = [row.key for row in self.rows if row.key is not None]
        return Keyring(tuple(sorted(keys, key=lambda key: not is_open(key, now))))

    def of_key(self, key_id: str, now: str) -> tuple[Trusted, ...]:
        """The rows of one key that are open now: it may speak within any of them."""
        return tuple(r for r in self.rows if r.key is not None and r.key.key_id == key_id and is_open(r.key, now))

    def of_signer(self, signer: Signer, times: Sequence[str], now: str) -> tuple[Trusted, ...]:
        """The rows of whoever was verified to have signed, of an identity those open at every proven time."""
        if signer.kind == "key":
            return self.of_key(signer.key_id, now)
        return tuple(
            row
            for row in self.rows
            if row.identity
            and row.expected.names(signer.identity, signer.issuer) == (True, True)
            and all(_is_within(row, wire.instant(moment)) for moment in times or (now,))
        )


def _is_within(row: Trusted, moment: str) -> bool:
    return not ((row.not_before and moment < row.not_before) or (row.not_after and moment > row.not_after))


class _Row(ScopedRow):
    key: str = ""
    key_pem: str = ""
    identity: str = ""
    issuer: str = ""
    glob: bool = False
    not_before: str = ""
    not_after: str = ""


def read(
    data: bytes,
    *,
    where: str,
    read_key: Callable[[str], bytes],
    read_root: Callable[[str], bytes] | None = None,
) -> VexTrust:
    """The table out of TOML; tables of other names (an `assay.toml`) are left to their readers.

    Args:
        data: the file's bytes.
        where: named in errors.
        read_key: the bytes of a key file named in a row.
        read_root: the bytes of a trusted root named beside the rows; None reads it as a key file.

    Raises:
        MalformedError: not TOML, an unknown field, a row without key or scope, two rows of one name, a trusted root
            that is none.
        UntrustedError: a trusted root without windows.
        UnsupportedError: a kind of key nobody can use.
    """
    inner, rows = _TABLE.read(data, where)
    found = tuple(_trusted(row, f"{where}: vex.trust[{n}]", read_key) for n, row in enumerate(rows))
    _TABLE.once("name", [row.name for row in found], where)
    legacy = inner.get("legacy", [])
    if legacy not in ([], ["cosign-v2"]):
        raise _TABLE.bad(where, 'vex.legacy is no list that holds "cosign-v2" alone')
    return VexTrust(found, _roots(inner, where, read_root or read_key), bool(legacy))


def _roots(inner: dict[str, Any], where: str, read_root: Callable[[str], bytes]) -> TrustedRoot | None:
    name = inner.get("trusted_root", "")
    if not isinstance(name, str):
        raise _TABLE.bad(where, "vex.trusted_root is no name of a file")
    return trustroot.read(read_root(name), where=name) if name else None


def _trusted(value: Any, where: str, read_key: Callable[[str], bytes]) -> Trusted:
    row = _TABLE.row(value, _Row, where)
    if not row.products and not row.images:
        raise _TABLE.bad(where, "it has no scope: neither products nor images")
    ways = [word for word in ("key", "key_pem", "identity") if getattr(row, word)]
    if len(ways) != 1:
        raise _TABLE.bad(where, f"needs exactly one of key, key_pem and identity, has {' and '.join(ways) or 'none'}")
    if bool(row.identity) != bool(row.issuer):
        raise _TABLE.bad(where, "identity and issuer belong together")
    if row.glob and not row.identity:
        raise _TABLE.bad(where, "glob is for an identity")
    if row.identity:
        _check_window(row, where)
    key = None
    if not row.identity:
        pem = read_key(row.key) if row.key else row.key_pem.encode()
        key = keyring.key(pem, name=row.name, not_before=row.not_before, not_after=row.not_after)
    return Trusted(
        name=row.name,
        key=key,
        identity=row.identity,
        issuer=row.issuer,
        glob=row.glob,
        not_before=row.not_before if row.identity else "",
        not_after=row.not_after if row.identity else "",
        scope=Scope(
            products=tuple(row.products),
            images=tuple(row.images),
            vulnerabilities=tuple(row.vulnerabilities),
            statuses=tuple(row.statuses) or STATUSES,
        ),
    )


def _check_window(row: _Row, where: str) -> None:
    """Times of one width, so that texts compare as times do."""
    for text in filter(None, (row.not_before, row.not_after)):
        if not wire.is_instant(text) or wire.instant(text) != text:
            raise _TABLE.bad(where, f"{text[:40]!r} is not a time like 2026-01-02T03:04:05Z")


def within(statement: VexStatement, scope: Scope, image: str) -> tuple[VexStatement | None, str]:
    """What of a statement lies in a scope, and why the rest does not.

    Names and products out of scope are taken away, never added; where nothing is left the statement is None.

    Args:
        statement: as the document has it.
        scope: the signer's.
        image: repository (or layout) the finding's image was named by; empty for what is no image.
    """
    if scope.images and not any(matches(pattern, image) for pattern in scope.images):
        return None, f"the signer does not speak for the image {image[:200] or '(none)'}"
    if statement.status not in scope.statuses:
        return None, f"the signer may not say {statement.status}"
    names = [n for n in (statement.vulnerability, *statement.aliases) if _named(n, scope)]
    if not names:
        return None, f"the signer does not speak for the vulnerability {statement.vulnerability[:100]}"
    products = tuple(product for product in statement.products if _speaks_for(product, scope))
    if statement.products and not products:
        first = (statement.products[0].subcomponents or statement.products[0].identifiers or ("",))[0]
        return None, f"the signer does not speak for the product {first[:200]}"
    kept = msgspec.structs.replace(statement, vulnerability=names[0], aliases=tuple(names[1:]), products=products)
    return kept, ""


def _named(name: str, scope: Scope) -> bool:
    return not scope.vulnerabilities or any(matches(p.casefold(), name.casefold()) for p in scope.vulnerabilities)


def _speaks_for(product: VexProduct, scope: Scope) -> bool:
    """Whether every identifier of what the statement is about lies in the scope.

    That is the subcomponents, or the product where it has none. Every one must: identifiers are alternatives, and one
    out of scope (the image's own digest beside a package) would reach further than the scope does. An identifier is
    never taken out of a product, for a digest narrows the name beside it.
    """
    if not scope.products:
        return True
    meant = product.subcomponents or product.identifiers
    return bool(meant) and all(any(_covers(p, identifier) for p in scope.products) for identifier in meant)


def _covers(pattern: str, identifier: str) -> bool:
    """A package URL is compared in its canonical spelling, whole and without version, qualifiers and subpath."""
    if pattern == "*":
        return True
    if not identifier.startswith("pkg:"):
        return matches(pattern, identifier)
    try:
        parsed = purls.parse(identifier)
    except MalformedError:
        return False
    bare = msgspec.structs.replace(parsed, version="", qualifiers=(), subpath="")
    return matches(pattern, purls.to_string(parsed)) or matches(pattern, purls.to_string(bare))
