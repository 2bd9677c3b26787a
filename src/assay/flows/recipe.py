"""Out of what lies beside an image: the spec and the lock it was built from.

Nothing here is believed because somebody signed it. The digests of provenance and of the record must agree, and what a
rebuild shows, it shows by the bytes it makes; the steps of a spec run sealed off as always.
"""

from collections.abc import Iterator
from datetime import datetime

import msgspec

from assay.build import lock as locks
from assay.build.run import BUILD_TYPE
from assay.build.spec_read import PlacedSpec, read_spec, spec_digest
from assay.flows.attached import Place, Wanted, attached, fetched
from assay.flows.build import check_lock
from assay.formats import bundle, dsse, intoto, predicates, slsa, strictjson, wire
from assay.model.comparison import Conditions
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnavailableError, UntrustedError
from assay.model.limits import Limits
from assay.model.provenance import Provenance
from assay.model.statement import Statement


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """Spec and lock of a build, as its record has them."""

    placed: PlacedSpec
    lock: locks.Lock


def statement_of(data: bytes, *, where: str, limits: Limits) -> Statement:
    """The statement in a bundle, an envelope, or by itself; no signature is looked at.

    Raises:
        MalformedError: it is none of these.
    """
    value = strictjson.loads(data, where=where, limit=limits.bundle_bytes)
    if not isinstance(value, dict):
        raise MalformedError("not a statement", where=where, why="no JSON object")
    if "mediaType" in value:
        envelope = bundle.read(data, where=where, limits=limits).envelope
        if envelope is None:
            raise MalformedError("not a statement", where=where, why="the bundle holds no envelope")
        return intoto.read(envelope.payload, where=where, limits=limits)
    if "payload" in value:
        return intoto.read(dsse.read(data, where=where, limit=limits.bundle_bytes).payload, where=where, limits=limits)
    return intoto.read(data, where=where, limits=limits)


def beside(place: Place, subject: Digest, limits: Limits) -> Recorded:
    """Spec and lock from the build record attached to an image.

    Raises:
        UnavailableError: none is attached. UntrustedError: two records disagree.
    """
    found = {recorded.lock.spec + str(recorded.lock): recorded for recorded in _records(place, subject, limits)}
    if not found:
        raise UnavailableError(
            "no build record beside the image", where=str(subject), why="nothing says what it was built from",
            remedy="name the spec with --spec",
        )  # fmt: skip
    if len(found) > 1:
        raise UntrustedError(
            "several build records that disagree", where=str(subject), why=f"{len(found)} different ones",
            remedy="name the spec with --spec", code="RECORDS_DISAGREE", step="record",
        )  # fmt: skip
    return next(iter(found.values()))


def owners_beside(place: Place, subject: Digest, limits: Limits) -> dict[str, int] | None:
    """Owner → how many entries of an image it brought, by the first build record attached; None without one."""
    for told, _ in _statements(place, subject, limits):
        found = told.predicate.get("owners")
        if isinstance(found, dict):
            return {str(name): count for name, count in sorted(found.items()) if isinstance(count, int)}
    return None


def conditions_beside(place: Place, subject: Digest, limits: Limits) -> Conditions:
    """What an image's build ran under, by the first provenance of ours attached to it; nothing where it does not say.

    It is used to show causes, never to believe anything.
    """
    for told, where in _statements(place, subject, limits, predicates.PROVENANCE):
        try:
            found = slsa.read(told.predicate_type, told.predicate, where=where)
        except MalformedError:
            continue
        if found.build_type == BUILD_TYPE:
            return _conditions(found)
    return Conditions()


def _conditions(found: Provenance) -> Conditions:
    told = found.internal_parameters.get("conditions")
    values = told if isinstance(told, dict) else {}
    cpus, kernel, uid = (values.get(name) for name in ("cpus", "kernel", "uid"))
    return Conditions(
        started=_seconds(found.started_on), finished=_seconds(found.finished_on),
        cpus_count=cpus if isinstance(cpus, int) else 0, kernel=kernel if isinstance(kernel, str) else "",
        uid=uid if isinstance(uid, int) else -1,
    )  # fmt: skip


def _seconds(text: str) -> int:
    if not wire.is_instant(text):
        return 0
    try:
        return int(datetime.fromisoformat(text).timestamp())
    except ValueError:  # a leap second
        return 0


def _records(place: Place, subject: Digest, limits: Limits) -> Iterator[Recorded]:
    for told, where in _statements(place, subject, limits):
        yield recorded(told, where=where)


def _statements(
    place: Place, subject: Digest, limits: Limits, kind: str = predicates.BUILD_RECORD
) -> Iterator[tuple[Statement, str]]:
    for item in attached(place, subject, Wanted(types=frozenset({kind})), limits):
        if item.form not in ("bundle", "envelope", "statement"):
            continue
        try:
            told = statement_of(fetched(place.store, item, limits), where=item.place, limits=limits)
        except AssayError:
            continue  # what cannot be read is no record; without one the caller is told
        if predicates.canonical_type(told.predicate_type) == kind and names(told, subject):
            yield told, item.place


def recorded(statement: Statement, *, where: str) -> Recorded:
    """Spec and lock out of a build record.

    Raises:
        MalformedError: it does not hold them. UntrustedError: the lock is not the spec's.
    """
    spec, lock = statement.predicate.get("spec"), statement.predicate.get("lock")
    if not isinstance(spec, str) or not isinstance(lock, dict):
        raise MalformedError("not a build record", where=where, why="it holds no spec or no lock")
    placed = read_spec(spec.encode(), where=f"{where} spec")
    try:
        value = msgspec.convert(lock, locks.Lock)
    except msgspec.ValidationError as error:
        raise MalformedError("not a build record", where=f"{where} lock", why=str(error)) from error
    value = locks.read(locks.write(value), where=f"{where} lock")
    check_lock(placed.spec, value)
    return Recorded(placed=placed, lock=value)


def names(statement: Statement, subject: Digest) -> bool:
    """Whether a statement is about this digest."""
    return any(one.digest.get(subject.algorithm) == subject.hex for one in statement.subject)


def agrees(statement: Statement, recipe: Recorded, *, where: str) -> tuple[Digest, ...]:
    """The images a provenance is about, once it names this very spec and lock.

    Raises:
        UntrustedError: it was built from another spec or lock. MalformedError: no provenance of our build type.
    """
    outer = statement.predicate.get("buildDefinition")
    told = outer.get("externalParameters") if isinstance(outer, dict) else None
    if not isinstance(told, dict):
        raise MalformedError("not provenance of a build from a spec", where=where, why="no external parameters")
    own = {"spec": str(spec_digest(recipe.placed.spec)), "lock": str(Digest.of(locks.write(recipe.lock)))}
    for name, digest in own.items():
        part = told.get(name)
        found = part.get("digest") if isinstance(part, dict) else None
        if not isinstance(found, dict) or f"sha256:{found.get('sha256')}" != digest:
            raise UntrustedError(
                f"the provenance names another {name}", where=where, why=f"this is {digest}, it says {found}",
                remedy="name the spec and the lock it was built from", code="RECIPE_MISMATCH", step=name,
            )  # fmt: skip
    return tuple(Digest("sha256", one.digest["sha256"]) for one in statement.subject if "sha256" in one.digest)
