"""in-toto statements: write v1 as canonical JSON (RFC 8785), read v1 and v0.1 (in-toto attestation spec v1)."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from assay.formats import canonicaljson, claims, strictcheck, strictjson
from assay.model.errors import MalformedError
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.patterns import lazy
from assay.model.statement import ResourceDescriptor, Statement

STATEMENT_V1 = "https://in-toto.io/Statement/v1"
STATEMENT_V01 = "https://in-toto.io/Statement/v0.1"
_TYPE_URI = lazy(r"[A-Za-z][A-Za-z0-9+.-]*:[^\s\x00-\x1f\x7f]+", re.ASCII)


class _Statement(msgspec.Struct):
    """Unknown names are ignored: the parsing rule of the in-toto specification ("Parsing rules")."""

    type: str = msgspec.field(name="_type")
    subject: list[dict[str, Any]]
    predicateType: str  # noqa: N815  (the wire's name)
    predicate: dict[str, Any] | None = None


def statement(
    subject: Iterable[ResourceDescriptor], predicate_type: str, predicate: Mapping[str, object] | None
) -> Statement:
    """Make a v1 statement; its payload is canonical JSON, so equal claims have equal bytes.

    Args:
        subject: at least one, each with a digest.
        predicate_type: an absolute URI.
        predicate: None leaves it out, as the specification allows.

    Raises:
        MalformedError: no subject, a subject without a digest, or a predicate type that is no absolute URI.
    """
    subjects = tuple(subject)
    _check([(s.name, s.digest) for s in subjects], predicate_type, where="statement")
    value = {
        "_type": STATEMENT_V1,
        "subject": [{**claims.write(s), "digest": s.digest} for s in subjects],
        "predicateType": predicate_type,
        **({} if predicate is None else {"predicate": predicate}),
    }
    try:
        payload = canonicaljson.dumps(value)
    except ValueError as error:  # a lone surrogate, an infinity: not JSON that others could read
        raise _bad(f"statement of {predicate_type}", str(error)) from error
    return Statement(subject=subjects, predicate_type=predicate_type, predicate=dict(predicate or {}), payload=payload)


def about(subject: Iterable[ResourceDescriptor], predicate_type: str, document: bytes, *, limit: int) -> Statement:
    """As `statement`, of a JSON document: the same payload, without its values, which `predicate` lacks too.

    Raises:
        MalformedError: as `statement`; the document is no strict JSON, or no object.
    """
    canonical = canonicaljson.document(document, where=predicate_type, limit=limit)
    if not canonical.startswith(b"{"):
        raise MalformedError(
            "not a predicate", where=predicate_type, why="no JSON object", remedy="give a JSON document"
        )
    bare = statement(subject, predicate_type, {})
    # Of a canonical statement nothing before its predicate can look like one.
    before, empty, after = bare.payload.partition(b'"predicate":{}')
    payload = b"".join((before, empty[:-2], canonical, after))
    return Statement(subject=bare.subject, predicate_type=predicate_type, predicate={}, payload=payload)


class _Brief(msgspec.Struct):
    """The same, with what is large left as it stands."""

    type: str = msgspec.field(name="_type")
    subject: msgspec.Raw
    predicateType: str  # noqa: N815  (the wire's name)
    predicate: msgspec.Raw = msgspec.Raw(b"null")


def read(payload: bytes, *, where: str, whole: bool = True, limits: Limits = DEFAULT_LIMITS) -> Statement:
    """Read a statement out of payload bytes; the bytes stay in the value.

    Args:
        payload: as signed.
        where: names it in errors.
        whole: False leaves the predicate out of the value, for who asks only whom it is about: it is judged
            nevertheless, but a large one takes many times its size as values.
        limits: `bundle_bytes`, `json_depth_count`, `statement_subjects_count`.

    Raises:
        MalformedError: not strict JSON, an unknown `_type`, no subject, a subject without a digest, or no predicate
            type.
    """
    try:
        wire = _wire(payload, where, limits) if whole else _brief(payload, where, limits)
    except msgspec.DecodeError as error:
        raise _bad(where, str(error)) from error
    if wire.type not in {STATEMENT_V1, STATEMENT_V01}:
        raise _bad(where, f"_type is {wire.type[:100]!r}")
    if len(wire.subject) > limits.statement_subjects_count:
        raise _bad(where, f"{len(wire.subject)} subjects, limit {limits.statement_subjects_count}")
    subjects = tuple(
        claims.read(one, ResourceDescriptor, where=where, what="an in-toto statement") for one in wire.subject
    )
    _check([(s.name, s.digest) for s in subjects], wire.predicateType, where=where)
    return Statement(
        subject=subjects,
        predicate_type=wire.predicateType,
        predicate=wire.predicate or {},
        payload=payload,
    )


def _wire(payload: bytes, where: str, limits: Limits) -> _Statement:
    value = strictjson.loads(payload, where=where, limit=limits.bundle_bytes, depth=limits.json_depth_count)
    return msgspec.convert(value, _Statement)


def _brief(payload: bytes, where: str, limits: Limits) -> _Statement:
    """All of it is checked, the subjects alone are kept."""
    strictcheck.check(payload, where=where, limit=limits.bundle_bytes, depth=limits.json_depth_count)
    brief = msgspec.json.decode(payload, type=_Brief)
    if bytes(memoryview(brief.predicate)[:1]) not in (b"{", b"n"):
        raise _bad(where, "Expected `object | null` - at `$.predicate`")
    subject = strictjson.loads(bytes(brief.subject), where=where, limit=len(payload), depth=limits.json_depth_count)
    named = {"_type": brief.type, "subject": subject, "predicateType": brief.predicateType}
    return msgspec.convert(named, _Statement)


def _check(subjects: list[tuple[str, dict[str, str]]], predicate_type: str, *, where: str) -> None:
    if not subjects:
        raise _bad(where, "no subject")
    for index, (name, digest) in enumerate(subjects):
        if not digest or not all(algorithm and value for algorithm, value in digest.items()):
            raise _bad(where, f"subject[{index}] {name[:100]!r} has no digest")
    if not _TYPE_URI.fullmatch(predicate_type):
        raise _bad(where, f"predicateType {predicate_type[:100]!r} is not an absolute URI")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not an in-toto statement", where=where, why=why, remedy="ask its author for a valid one")
