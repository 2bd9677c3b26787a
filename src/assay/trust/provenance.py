"""Policy on provenance: is the artifact built by whom, and from what, it should be (SLSA v1.2, verifying artifacts).

Evidence comes in verified; here its words are compared with what was expected, and with what the certificate itself
says. Each refusal is an `UntrustedError` whose `code` names the first thing that differs.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence

import msgspec

from assay.formats import predicates, slsa
from assay.model.errors import MalformedError, UntrustedError
from assay.model.evidence import Check, Evidence, Signer
from assay.model.provenance import Provenance, Source
from assay.trust import levels
from assay.trust.extensions import extension
from assay.trust.levels import BuilderRow, Level
from assay.trust.sources import source, sources

_BRANCH, _TAG = "refs/heads/", "refs/tags/"
_NUMBER = r"(0|[1-9][0-9]*)"
_VERSION = re.compile(rf"v{_NUMBER}(?:\.{_NUMBER}(?:\.{_NUMBER}(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?)?)?", re.ASCII)
"""A tag as Go and SemVer people write it; missing parts are zero, build metadata does not count (SemVer 2, 10)."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What a provenance must say. What is empty is not asked; every field that is given must hold."""

    builders: tuple[str, ...] = ()
    """Ids of which one must be the builder's; without `@version` any version. Empty: a row must vouch for it."""
    build_types: tuple[str, ...] = ()
    """Patterns (`*`, `**`), of which one must fit."""
    source: str = ""
    """Repository, `https://host/path` or `host/path`."""
    ref: str = ""
    """A full reference."""
    branch: str = ""
    tag: str = ""
    versioned_tag: str = ""
    """A prefix in SemVer's terms: `v13` means every tag of version 13."""
    commit: str = ""
    parameters: dict[str, str] = {}
    """External parameters by dotted path, with the text each must have (JSON where it is no text)."""
    allowed_parameters: tuple[str, ...] | None = None
    """The only top-level external parameters there may be ("reject unrecognised ones", SLSA v1.2); None allows all."""
    materials: tuple[str, ...] = ()
    """Patterns of URIs, of which one must fit each material."""
    pinned: bool = False
    """Whether each material must have a digest."""
    level: int = 0
    """Least Build level."""


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A provenance that is as expected."""

    provenance: Provenance
    sources: tuple[Source, ...]
    level: Level
    checks: tuple[Check, ...]


def read(evidence: Evidence, *, name: str = "") -> Provenance:
    """The provenance in a piece of evidence.

    Raises:
        UntrustedError: it is about something else (`PREDICATE_TYPE`), or cannot be read (`PROVENANCE_FORM`).
    """
    kind = evidence.statement.predicate_type
    where = name or str(evidence.digest)
    if predicates.canonical_type(kind) != predicates.PROVENANCE:
        raise _no("PREDICATE_TYPE", "form", where, f"a statement of type {kind[:100]!r} is no provenance")
    try:
        return slsa.read(kind, evidence.statement.predicate, where=where)
    except MalformedError as error:
        raise _no("PROVENANCE_FORM", "form", where, error.why) from error


def judge(
    evidence: Evidence, expectation: Expectation, rows: Sequence[BuilderRow] | None = None, *, name: str = ""
) -> tuple[Check, ...]:
    """Say that a verified provenance is as expected, or why not.

    Args:
        evidence: out of `trust.verify`, which matched its subject.
        expectation: what to ask.
        rows: who may vouch for which builder; None takes those that come with the program.
        name: where it was found, for messages.

    Raises:
        UntrustedError: the first check that refused; `code` and `step` name it.
    """
    return judged(evidence, expectation, rows, name=name).checks


def judged(
    evidence: Evidence, expectation: Expectation, rows: Sequence[BuilderRow] | None = None, *, name: str = ""
) -> Judged:
    """As `judge`, with what was read.

    Raises:
        UntrustedError: as `judge`.
    """
    where = name or str(evidence.digest)
    provenance = read(evidence, name=where)
    case = _Case(
        provenance=provenance,
        signer=evidence.signer,
        asked=expectation,
        sources=sources(provenance),
        level=levels.of(provenance, evidence.signer, rows),
        where=where,
    )
    checks = tuple(check for step in _STEPS for check in step(case))
    return Judged(provenance=provenance, sources=case.sources, level=case.level, checks=checks)


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    """One provenance before its judges."""

    provenance: Provenance
    signer: Signer
    asked: Expectation
    sources: tuple[Source, ...]
    level: Level
    where: str

    def refuse(self, code: str, step: str, why: str) -> UntrustedError:
        return _no(code, step, self.where, why)


def _builder(case: _Case) -> Iterator[Check]:
    """The builder is one of those asked for, and the signer is one who may speak for it."""
    found = case.provenance.builder_id
    if case.asked.builders:
        if not any(_is_builder(wanted, found) for wanted in case.asked.builders):
            wanted = ", ".join(case.asked.builders)[:300]
            raise case.refuse("BUILDER_MISMATCH", "builder", f"built by {found[:200]}, expected {wanted}")
    elif not case.level.build:
        raise case.refuse("BUILDER_MISMATCH", "builder", f"no builder was asked for, and {case.level.why}")
    if case.signer.kind == "certificate" and case.signer.identity != found and not case.level.build:
        # A signature by anybody with an account would otherwise do for any builder's name.
        raise case.refuse("BUILDER_IDENTITY", "builder", case.level.why)
    yield Check("builder", "pass", f"{found}, Build level {case.level.build}" + _by(case.level))


def _build_type(case: _Case) -> Iterator[Check]:
    wanted, found = case.asked.build_types, case.provenance.build_type
    if wanted and not any(levels.glob(pattern, found) for pattern in wanted):
        raise case.refuse("BUILD_TYPE_MISMATCH", "build type", f"{found[:200]} is none of {', '.join(wanted)[:300]}")
    if wanted:
        yield Check("build type", "pass", found)


def _source(case: _Case) -> Iterator[Check]:
    """Every place that names the source names the one expected."""
    if not case.asked.source:
        return
    wanted = source(case.asked.source).repository
    if not case.sources:
        raise case.refuse("SOURCE_MISMATCH", "source", f"it names no source, expected {wanted}")
    for found in case.sources:
        if found.repository != wanted:
            raise case.refuse("SOURCE_MISMATCH", "source", f"built from {found.repository[:200]}, expected {wanted}")
    said = extension(case.signer, "sourceRepositoryURI")
    if said and source(said).repository != wanted:
        raise case.refuse("SOURCE_MISMATCH", "source", f"the certificate is of {said[:200]}, expected {wanted}")
    yield Check("source", "pass", wanted)


def contradiction(found: Sequence[Source], signer: Signer) -> str:
    """Where a provenance's sources and its signer's certificate differ, in words; empty where they do not."""
    said = _certified(signer)
    repository = source(said["repository"]).repository if said["repository"] else ""
    for one in found:
        pairs = [("repository", repository, one.repository), ("ref", said["ref"], one.ref)]
        if one.ref:  # a delegated builder may build a commit it has just made; then it names no ref
            pairs.append(("commit", said["commit"], one.commit))
        for word, certified, claimed in pairs:
            if certified and claimed and certified != claimed:
                return f"the {word} is {claimed[:200]}, the certificate says {certified[:200]}"
    return ""


def _certificate(case: _Case) -> Iterator[Check]:
    """What the authority saw of the build weighs more than what the build says of itself: both must agree."""
    if not any(_certified(case.signer).values()):
        yield Check("certificate", "skip", "the signer's certificate says nothing of the source")
        return
    if why := contradiction(case.sources, case.signer):
        raise case.refuse("CERTIFICATE_MISMATCH", "certificate", why)
    yield Check("certificate", "pass", "it agrees with the provenance on the source")


def _certified(signer: Signer) -> dict[str, str]:
    return {
        "repository": extension(signer, "sourceRepositoryURI"),
        "ref": extension(signer, "sourceRepositoryRef"),
        "commit": extension(signer, "sourceRepositoryDigest").lower(),
    }


def _reference(case: _Case) -> Iterator[Check]:
    asked = case.asked
    if not (asked.ref or asked.branch or asked.tag or asked.versioned_tag):
        return
    found = {one.ref for one in case.sources if one.ref}
    if len(found) != 1:
        raise case.refuse("REF_INVALID", "ref", f"it names {len(found)} different refs, expected one")
    ref = found.pop()
    if asked.ref and ref != asked.ref:
        raise case.refuse("REF_MISMATCH", "ref", f"built from {ref[:200]}, expected {asked.ref}")
    if asked.branch and (branch := _under(case, ref, _BRANCH)) != asked.branch:
        raise case.refuse("BRANCH_MISMATCH", "ref", f"built from branch {branch[:200]}, expected {asked.branch}")
    if asked.tag and (tag := _under(case, ref, _TAG)) != asked.tag:
        raise case.refuse("TAG_MISMATCH", "ref", f"built from tag {tag[:200]}, expected {asked.tag}")
    if asked.versioned_tag:
        _versioned(case, _under(case, ref, _TAG))
    yield Check("ref", "pass", ref)


def _under(case: _Case, ref: str, prefix: str) -> str:
    if not ref.startswith(prefix) or ref == prefix:
        raise case.refuse("REF_INVALID", "ref", f"built from {ref[:200]}, which is not under {prefix}")
    return ref.removeprefix(prefix)


def _versioned(case: _Case, tag: str) -> None:
    """As many parts as were asked for are equal; with the patch, so is the pre-release."""
    wanted, found = _VERSION.fullmatch(case.asked.versioned_tag), _VERSION.fullmatch(tag)
    if wanted is None or found is None:
        text = case.asked.versioned_tag if wanted is None else tag
        raise case.refuse("SEMVER_INVALID", "ref", f"{text[:100]!r} is no version like v1.2.3")
    count = sum(part is not None for part in wanted.groups()[:3])
    same = _parts(wanted)[:count] == _parts(found)[:count]
    if not same or (count == 3 and wanted[4] != found[4]):
        why = f"built from tag {tag[:100]}, expected one of {case.asked.versioned_tag}"
        raise case.refuse("VERSIONED_TAG_MISMATCH", "ref", why)


def _parts(version: re.Match[str]) -> list[str]:
    """Texts, for a number may have thousands of digits; without leading zeros they are equal as the numbers are."""
    return [part or "0" for part in version.groups()[:3]]


def _commit(case: _Case) -> Iterator[Check]:
    wanted = case.asked.commit.lower()
    if not wanted:
        return
    found = {one.commit for one in case.sources if one.commit}
    if found != {wanted}:
        raise case.refuse("COMMIT_MISMATCH", "commit", f"built from {_list(found)}, expected {wanted}")
    yield Check("commit", "pass", wanted)


def _parameters(case: _Case) -> Iterator[Check]:
    given = case.provenance.external_parameters
    allowed = case.asked.allowed_parameters
    if allowed is not None and (more := sorted(set(given) - set(allowed))):
        raise case.refuse("PARAMETER_UNKNOWN", "parameters", f"{more[0][:100]!r} is no parameter that may be given")
    for path, wanted in sorted(case.asked.parameters.items()):
        found = _parameter(given, path)
        if found != wanted:
            said = "missing" if found is None else repr(found[:200])
            raise case.refuse("PARAMETER_MISMATCH", "parameters", f"{path} is {said}, expected {wanted!r}")
    if allowed is not None or case.asked.parameters:
        yield Check("parameters", "pass", f"{len(case.asked.parameters)} as expected")


def _parameter(given: object, path: str) -> str | None:
    """The text at a dotted path; other values as JSON. A name that itself holds dots is found by its whole text."""
    if isinstance(given, dict) and path in given:
        value = given[path]
        return value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    first, _, rest = path.partition(".")
    if not rest or not isinstance(given, dict):
        return None
    return _parameter(given.get(first), rest)


def _materials(case: _Case) -> Iterator[Check]:
    found = case.provenance.resolved_dependencies
    for one in found:
        called = (one.uri or one.name or one.download_location)[:200]
        if case.asked.materials and not any(levels.glob(pattern, one.uri) for pattern in case.asked.materials):
            raise case.refuse("MATERIAL_MISMATCH", "materials", f"{called or 'one without a URI'} is not allowed")
        if case.asked.pinned and not any(one.digest.values()):
            raise case.refuse("MATERIAL_UNPINNED", "materials", f"{called or 'one without a URI'} has no digest")
    if case.asked.materials or case.asked.pinned:
        yield Check("materials", "pass", f"{len(found)} as expected")


def _level(case: _Case) -> Iterator[Check]:
    if case.level.build < case.asked.level:
        why = f"Build level {case.level.build}{_by(case.level)}, expected {case.asked.level}"
        raise case.refuse("LEVEL_TOO_LOW", "level", why)
    if case.asked.level:
        yield Check("level", "pass", f"Build level {case.level.build}{_by(case.level)}")


_STEPS: tuple[Callable[[_Case], Iterator[Check]], ...] = (
    _builder, _build_type, _source, _reference, _commit, _certificate, _parameters, _materials, _level,
)  # fmt: skip


def _is_builder(wanted: str, found: str) -> bool:
    """Whether an id is the one asked for; `@v1` and `@refs/tags/v1` are one version, without `@` any will do."""
    wanted_name, _, wanted_version = wanted.partition("@")
    found_name, _, found_version = found.partition("@")
    if wanted_name != found_name:
        return False
    return not wanted_version or wanted_version.removeprefix(_TAG) == found_version.removeprefix(_TAG)


def _by(level: Level) -> str:
    said = " ".join(filter(None, (level.row and f"({level.row})", level.why)))
    return f" {said}" if said else ""


def _list(texts: set[str]) -> str:
    return ", ".join(sorted(texts))[:200] or "none"


def _no(code: str, step: str, where: str, why: str) -> UntrustedError:
    remedy = _REMEDIES.get(code, "build it from what is expected, by whom is expected, or correct the expectation")
    return UntrustedError(
        "the provenance is not as expected", where=where, why=why, remedy=remedy, code=code, step=step
    )


_REMEDIES = {
    "LEVEL_TOO_LOW": "build it on a platform that a row vouches for, or add a row for the one you trust",
    "BUILDER_IDENTITY": "let the builder sign its own provenance, or add a row that binds the two",
    "PREDICATE_TYPE": "attest SLSA provenance",
}
