"""`authority.json`: what an embedded authority is, and every instance it has had; bytes to values and back.

It holds nothing secret. Instances are numbered from 1 and never removed: their windows are closed.
"""

import msgspec

from assay.formats import base64text, strictjson, trustroot
from assay.formats.trustroot import Validity
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits

FORMAT = 1


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One generation of a log or an authority: its own key, its own window."""

    number: int
    valid_for: Validity
    spki: bytes
    """Public key of `key`."""
    key: str
    """File name inside `keys/`, or the URI of a key in a KMS."""
    certificates: tuple[bytes, ...] = ()
    """Of an authority: DER, its own first, the root last."""
    url: str = ""
    """Of a log: its address."""
    origin: str = ""
    """Of a log: its name in checkpoints, never used by another one."""


class Issuer(msgspec.Struct, frozen=True, kw_only=True):
    """An OIDC issuer whose tokens are taken, and how its claims become an identity."""

    issuer: str
    kind: str
    """`email`, `uri`, `username`, `spiffe`, or the name of a CI system (`trust.identity.TEMPLATES`)."""
    audience: str = "sigstore"
    domain: str = ""
    """What identities of the kinds `uri`, `username` and `spiffe` must belong to."""
    url_of_service: str = ""
    """Where a CI service lives, if it is one's own."""
    issuer_claim: str = ""
    """Claim that names the issuer in certificates instead, where an issuer speaks for others."""
    single_use: bool = False
    """Whether a token gives one certificate only."""


class AuthorityFile(msgspec.Struct, frozen=True, kw_only=True):
    """An authority: its name, its address, its instances oldest first."""

    name: str
    url: str
    """Without a slash at its end; the CA lies at the root of its host."""
    organization: str
    issuers: tuple[Issuer, ...] = ()
    authorities: tuple[Instance, ...] = ()
    ct_logs: tuple[Instance, ...] = ()
    logs: tuple[Instance, ...] = ()
    timestamps: tuple[Instance, ...] = ()
    witnesses: str = ""
    """C2SP tlog-policy: who must cosign each checkpoint."""
    witness_logs: str = ""
    """C2SP tlog-policy: the logs this authority cosigns as a witness."""
    witness: Instance | None = None
    """Its key as a witness."""
    test_issuer: Instance | None = None
    """Key of the built-in token issuer; loopback only."""


class _Window(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    start: str
    end: str = ""


class _Instance(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    number: int
    valid_for: _Window
    spki: str
    key: str
    certificates: list[str] = []
    url: str = ""
    origin: str = ""


class _Issuer(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    issuer: str
    kind: str
    audience: str = "sigstore"
    domain: str = ""
    url_of_service: str = ""
    issuer_claim: str = ""
    single_use: bool = False


class _File(msgspec.Struct, forbid_unknown_fields=True, rename="camel", omit_defaults=True):
    format: int
    name: str
    url: str
    organization: str
    issuers: list[_Issuer] = []
    authorities: list[_Instance] = []
    ct_logs: list[_Instance] = []
    logs: list[_Instance] = []
    timestamps: list[_Instance] = []
    witnesses: str = ""
    witness_logs: str = ""
    witness: _Instance | None = None
    test_issuer: _Instance | None = None


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> AuthorityFile:
    """Read an authority's file.

    Raises:
        MalformedError: not strict JSON, an unknown name or format, instances that are not numbered 1, 2, 3, ….
        UntrustedError: `TRUST_FORM`: a window without a start.
    """
    value = strictjson.loads(data, where=where, limit=limits.trust_file_bytes, depth=limits.json_depth_count)
    try:
        wire = msgspec.convert(value, _File)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    if wire.format != FORMAT:
        raise _bad(where, f"format {wire.format}, expected {FORMAT}")
    found = AuthorityFile(
        name=wire.name,
        url=wire.url,
        organization=wire.organization,
        issuers=tuple(msgspec.convert(one, Issuer, from_attributes=True) for one in wire.issuers),
        authorities=_instances(wire.authorities, where),
        ct_logs=_instances(wire.ct_logs, where),
        logs=_instances(wire.logs, where),
        timestamps=_instances(wire.timestamps, where),
        witnesses=wire.witnesses,
        witness_logs=wire.witness_logs,
        witness=_instance(wire.witness, where) if wire.witness else None,
        test_issuer=_instance(wire.test_issuer, where) if wire.test_issuer else None,
    )
    if not (found.authorities and found.ct_logs and found.logs and found.timestamps):
        raise _bad(where, "a certificate authority, a certificate log, a log and a timestamp authority are needed")
    origins = [one.origin for one in (*found.logs, *found.ct_logs)]
    if not all(origins) or len(set(origins)) != len(origins):
        raise _bad(where, "two logs of one origin, or a log without")
    return found


def write(value: AuthorityFile) -> bytes:
    """Indented JSON; `read(write(x)) == x`."""
    wire = _File(
        format=FORMAT,
        name=value.name,
        url=value.url,
        organization=value.organization,
        issuers=[msgspec.convert(one, _Issuer, from_attributes=True) for one in value.issuers],
        authorities=[_wire(one) for one in value.authorities],
        ct_logs=[_wire(one) for one in value.ct_logs],
        logs=[_wire(one) for one in value.logs],
        timestamps=[_wire(one) for one in value.timestamps],
        witnesses=value.witnesses,
        witness_logs=value.witness_logs,
        witness=_wire(value.witness) if value.witness else None,
        test_issuer=_wire(value.test_issuer) if value.test_issuer else None,
    )
    return msgspec.json.format(strictjson.canonical(msgspec.to_builtins(wire)), indent=2) + b"\n"


def _instances(wires: list[_Instance], where: str) -> tuple[Instance, ...]:
    if [one.number for one in wires] != list(range(1, len(wires) + 1)):
        raise _bad(where, "instances are numbered 1, 2, 3, …, oldest first")
    return tuple(_instance(one, where) for one in wires)


def _instance(wire: _Instance, where: str) -> Instance:
    return Instance(
        number=wire.number,
        valid_for=trustroot.validity(wire.valid_for.start, wire.valid_for.end, where=where),
        spki=base64text.decode(wire.spki, where=where),
        key=wire.key,
        certificates=tuple(base64text.decode(one, where=where) for one in wire.certificates),
        url=wire.url,
        origin=wire.origin,
    )


def _wire(value: Instance) -> _Instance:
    return _Instance(
        number=value.number,
        valid_for=_Window(value.valid_for.start, value.valid_for.end),
        spki=base64text.encode(value.spki),
        key=value.key,
        certificates=[base64text.encode(one) for one in value.certificates],
        url=value.url,
        origin=value.origin,
    )


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an authority's file", where=where, why=why, remedy="bring back a copy of authority.json")
