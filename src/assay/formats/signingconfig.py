"""Where to sign, and whom to trust: SigningConfig v0.2 and ClientTrustConfig v0.1 of Sigstore, read and written.

A signing config is advice to the signer and no trust decision, so it is read as trusted roots are: strict JSON, unknown
names ignored; what decides (media type, addresses, windows, selectors) is judged (protobuf-specs, sigstore_trustroot).
"""

from typing import Any, Literal

import msgspec

from assay.formats import strictjson, trustroot
from assay.formats.trustroot import TrustedRoot, Validity
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits

MEDIA_TYPE = "application/vnd.dev.sigstore.signingconfig.v0.2+json"
CLIENT_MEDIA_TYPE = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
Selector = Literal["ANY", "ALL", "EXACT"]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """One service that signers may use within its window (closed at both ends)."""

    url: str
    major_api_version: int
    valid_for: Validity
    operator: str = ""


class Selection(msgspec.Struct, frozen=True):
    """How many services to use: `ANY` one, `ALL`, or `EXACT` `count` of different operators."""

    selector: Selector = "ANY"
    count: int = 0


class SigningConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Services by role, newest first."""

    authorities: tuple[Service, ...] = ()
    """`caUrls`."""
    issuers: tuple[Service, ...] = ()
    """`oidcUrls`."""
    logs: tuple[Service, ...] = ()
    """`rekorTlogUrls`."""
    log_selection: Selection = Selection()
    timestamps: tuple[Service, ...] = ()
    """`tsaUrls`."""
    timestamp_selection: Selection = Selection()


class ClientTrustConfig(msgspec.Struct, frozen=True):
    """Both halves of what a client needs: whom to trust, and where to sign."""

    trusted_root: TrustedRoot
    signing_config: SigningConfig


class _Window(msgspec.Struct):
    start: str
    end: str | None = None


class _Service(msgspec.Struct):
    url: str
    majorApiVersion: int  # noqa: N815  (the wire's name)
    validFor: _Window  # noqa: N815
    operator: str | None = None


class _Selection(msgspec.Struct):
    selector: str
    count: int | None = None


class _Config(msgspec.Struct):
    mediaType: str  # noqa: N815
    caUrls: list[_Service] | None = None  # noqa: N815
    oidcUrls: list[_Service] | None = None  # noqa: N815
    rekorTlogUrls: list[_Service] | None = None  # noqa: N815
    rekorTlogConfig: _Selection | None = None  # noqa: N815
    tsaUrls: list[_Service] | None = None  # noqa: N815
    tsaConfig: _Selection | None = None  # noqa: N815


def read(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> SigningConfig:
    """Read a signing config.

    Raises:
        MalformedError: not strict JSON, another shape, a service without a web address.
        UntrustedError: `TRUST_FORM`: a service without a start of its window, or whose window ends before it begins.
        UnsupportedError: another media type.
    """
    return _config(strictjson.loads(data, where=where, limit=limits.trust_file_bytes), where)


def write(config: SigningConfig) -> bytes:
    """Canonical JSON of a signing config."""
    return strictjson.canonical(to_object(config)) + b"\n"


def read_client(data: bytes, *, where: str, limits: Limits = DEFAULT_LIMITS) -> ClientTrustConfig:
    """Read a client trust config: a trusted root and a signing config in one document.

    Raises:
        MalformedError: not strict JSON, or one of the halves is missing or malformed.
        UnsupportedError: a media type nobody knows.
    """
    value = strictjson.loads(data, where=where, limit=limits.trust_file_bytes)
    if not isinstance(value, dict) or not {"trustedRoot", "signingConfig"} <= value.keys():
        raise _bad(where, "trustedRoot and signingConfig are expected")
    if value.get("mediaType") != CLIENT_MEDIA_TYPE:
        raise _unsupported(where, value.get("mediaType"), CLIENT_MEDIA_TYPE)
    root = trustroot.read(strictjson.canonical(value["trustedRoot"]), where=f"{where}: trustedRoot", limits=limits)
    return ClientTrustConfig(root, _config(value["signingConfig"], f"{where}: signingConfig"))


def write_client(config: ClientTrustConfig) -> bytes:
    """Canonical JSON of a client trust config."""
    root = msgspec.json.decode(trustroot.write(config.trusted_root))
    halves = {"trustedRoot": root, "signingConfig": to_object(config.signing_config)}
    return strictjson.canonical({"mediaType": CLIENT_MEDIA_TYPE, **halves}) + b"\n"


def from_object(value: object, *, where: str) -> SigningConfig:
    """The signing config inside an already parsed JSON value; errors as `read`."""
    return _config(value, where)


def to_object(config: SigningConfig) -> dict[str, object]:
    """The JSON value of a signing config; empty lists are left out."""
    lists = {
        "caUrls": config.authorities,
        "oidcUrls": config.issuers,
        "rekorTlogUrls": config.logs,
        "tsaUrls": config.timestamps,
    }
    value: dict[str, object] = {"mediaType": MEDIA_TYPE}
    value |= {name: [_service_object(s) for s in services] for name, services in lists.items() if services}
    if config.logs:
        value["rekorTlogConfig"] = _selection_object(config.log_selection)
    if config.timestamps:
        value["tsaConfig"] = _selection_object(config.timestamp_selection)
    return value


def _config(value: Any, where: str) -> SigningConfig:
    kind = value.get("mediaType") if isinstance(value, dict) else None
    if kind != MEDIA_TYPE:
        raise _unsupported(where, kind, MEDIA_TYPE)
    try:
        wire = msgspec.convert(value, _Config)
    except msgspec.ValidationError as error:
        raise _bad(where, str(error)) from error
    return SigningConfig(
        authorities=_services(wire.caUrls, where),
        issuers=_services(wire.oidcUrls, where),
        logs=_services(wire.rekorTlogUrls, where),
        log_selection=_selection(wire.rekorTlogConfig, where),
        timestamps=_services(wire.tsaUrls, where),
        timestamp_selection=_selection(wire.tsaConfig, where),
    )


def _services(wires: list[_Service] | None, where: str) -> tuple[Service, ...]:
    return tuple(_service(wire, where) for wire in wires or ())


def _service(wire: _Service, where: str) -> Service:
    if not wire.url.startswith(("https://", "http://")):
        raise _bad(where, f"{wire.url[:80]!r} is not a web address")
    if wire.majorApiVersion < 1:
        raise _bad(where, f"majorApiVersion {wire.majorApiVersion}")
    return Service(
        url=wire.url,
        major_api_version=wire.majorApiVersion,
        valid_for=trustroot.validity(wire.validFor.start, wire.validFor.end or "", where=where),
        operator=wire.operator or "",
    )


def _selection(wire: _Selection | None, where: str) -> Selection:
    if wire is None:
        return Selection()
    if wire.selector not in {"ANY", "ALL", "EXACT"}:
        raise _bad(where, f"selector {wire.selector[:40]!r}")
    if wire.selector == "EXACT" and (wire.count is None or wire.count < 1):
        raise _bad(where, "EXACT needs a count of at least 1")
    return Selection(wire.selector, wire.count or 0)  # type: ignore[arg-type]


def _service_object(service: Service) -> dict[str, object]:
    end = {"end": service.valid_for.end} if service.valid_for.end else {}
    return {
        "url": service.url,
        "majorApiVersion": service.major_api_version,
        "validFor": {"start": service.valid_for.start, **end},
        "operator": service.operator,
    }


def _selection_object(selection: Selection) -> dict[str, object]:
    return {"selector": selection.selector, **({"count": selection.count} if selection.selector == "EXACT" else {})}


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a signing config", where=where, why=why, remedy="ask its author for a valid document")


def _unsupported(where: str, kind: object, expected: str) -> UnsupportedError:
    return UnsupportedError(
        "not a signing config this program reads",
        where=where,
        why=f"media type {str(kind)[:100]!r}, expected {expected}",
        remedy="ask its author for one of this version",
    )
