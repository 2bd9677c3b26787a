"""What other tools' SBOMs say, in our words: package names, versions, source packages, distributions, licences.

Peers put what the formats have no field for into properties (CycloneDX) or annotations (SPDX) of their own; the tables
below name those we read. What cannot be understood is told: a component without a usable package URL keeps ecosystem
"" and a gap says that it cannot be matched.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from assay.formats import purl as purls
from assay.formats.purl_inference import Inferred, infer
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.image import Subject
from assay.model.inventory import Component, Distro, Gap, Licence, Occurrence, SourcePackage
from assay.model.limits import DEFAULT_LIMITS
from assay.model.purl import Purl

INFERRED = "sbom:purl-confidence"
"""The property of a component whose package URL nobody wrote: `strong` or `weak`."""
CLUE = "sbom:purl-clue"
"""The property that says of what it was inferred."""
Notes = Mapping[str, list[str]]
"""A peer's properties by name."""

_DIGEST = re.compile(r"(?:[^@]*@)?(sha256:[0-9a-f]{64})", re.ASCII)
_NO_LICENCE = frozenset({"", "NOASSERTION", "NONE"})
_JOINED = {"maven": ":", "npm": "/", "golang": "/", "composer": "/", "github": "/", "bitbucket": "/", "swift": "/"}
"""purl types whose namespace is part of the name as people write it, with the sign between."""
_EPOCHS = frozenset({"deb", "ebuild", "rpm"})
_SOURCE_RPM = (".src.rpm", ".nosrc.rpm")
_DISTRIBUTIONS = {
    "alma": "almalinux",
    "amazon": "amzn",
    "cbl-mariner": "mariner",
    "opensuse.leap": "opensuse-leap",
    "opensuse.tumbleweed": "opensuse-tumbleweed",
    "oracle": "ol",
    "redhat": "rhel",
    "suse linux enterprise server": "sles",
}
"""Trivy's family → `ID` of os-release."""
_MAJOR_ONLY = frozenset({"debian"})
"""Distributions whose VERSION_ID is the major release, where peers quote etc/debian_version (12.5)."""


class Package(msgspec.Struct, kw_only=True):
    """One package of a foreign document, as its format says it."""

    key: str
    place: str
    """JSON path in the document."""
    name: str
    group: str = ""
    version: str = ""
    purl: str = ""
    maintainer: str = ""
    supplier: str = ""
    licence: Licence = Licence(reason="no licence in the SBOM")
    hashes: tuple[str, ...] = ()
    occurrences: tuple[Occurrence, ...] = ()
    source: SourcePackage | None = None
    cpe: str = ""
    scope: str = ""
    notes: Notes = {}
    references: tuple[str, ...] = ()
    """Addresses the document gives for it."""


def component(package: Package) -> tuple[Component, Gap | None]:
    """The package as a component, and the gap it leaves when nothing can be matched against it."""
    purl, trouble = _purl(package)
    guess = _inferred(package) if trouble else None
    if guess is not None:
        purl = guess.purl
    ecosystem = purl.type if purl else ""
    version = _version(package, purl)
    value = Component(
        key=package.key,
        purl=(purls.to_string(purl) if guess else package.purl) if purl else "",
        ecosystem=ecosystem,
        name=_name(package, purl),
        version=version,
        source=package.source or _source(package.notes, purl, version),
        architecture=_qualifier(purl, "arch") or _first(package.notes, "syft:metadata:architecture"),
        licence=package.licence,
        maintainer=package.maintainer,
        supplier=package.supplier,
        cataloguer="sbom",
        occurrences=package.occurrences or _occurrences(package.notes),
        hashes=tuple(sorted(set(package.hashes))),
        properties=_properties(package, trouble, guess),
    )
    if purl is not None and version:
        return value, None
    reason = f"{ascii(package.name[:100])[1:-1]} cannot be matched: {trouble or 'no version'}"
    return value, Gap(kind="skipped", path=package.place, layer=None, reason=reason, by="sbom")


def licence(expressions: Iterable[str], names: Iterable[str], concluded: Iterable[str] = ()) -> Licence:
    """A licence of what a document calls expressions or identifiers, of what it only names, and of its conclusions.

    NOASSERTION and NONE are never licences. Several without an operator have no meaning both formats agree on, so they
    are kept as raw texts with that reason; of conclusions only a single valid expression is one.
    """
    base = _declared(expressions, names)
    judged = sorted({c for c in concluded if c not in _NO_LICENCE})
    found = _expression(judged[0]) if len(judged) == 1 else ""
    if found:
        return msgspec.structs.replace(base, concluded=found, confidence="weak", method="sbom")
    if judged and not base.declared:
        return Licence(declared=tuple(judged), reason="what the SBOM concludes is not one SPDX expression")
    return base


def _declared(expressions: Iterable[str], names: Iterable[str]) -> Licence:
    stated = [e for e in expressions if e not in _NO_LICENCE]
    named = [n for n in names if n not in _NO_LICENCE]
    declared = tuple(sorted({*stated, *named}))
    if not declared:
        return Licence(reason="no licence in the SBOM")
    if len(declared) > 1:
        return Licence(declared=declared, reason="several licences, and how they combine is not said")
    expression = _expression(declared[0])
    if expression:
        return Licence(expression=expression, declared=declared)
    return Licence(declared=declared, reason="the SBOM's licence is no SPDX expression")


def distro(name: str, version: str, description: str, notes: Notes) -> Distro | None:
    """The distribution an operating-system component names."""
    name = (_first(notes, "syft:distro:id") or name).lower()
    if not name:
        return None
    name = _DISTRIBUTIONS.get(name, name)
    version = _first(notes, "syft:distro:versionID") or version
    return Distro(
        id=name,
        version_id=version.partition(".")[0] if name in _MAJOR_ONLY else version,
        codename=_first(notes, "syft:distro:versionCodename"),
        name=_first(notes, "syft:distro:prettyName") or description,
        id_like=tuple(value for key in sorted(notes) if key.startswith("syft:distro:idLike") for value in notes[key]),
    )


def distro_of_purls(components: Iterable[Component]) -> Distro | None:
    """The distribution all OS packages' `distro` qualifiers (`debian-12`) agree on, where no component names it."""
    found: set[tuple[str, str]] = set()
    for c in components:
        if c.ecosystem in {"alpm", "apk", "deb", "rpm"}:
            name, _, version = _qualifier(purls.parse(c.purl), "distro").rpartition("-")
            found.add((name, version))
    if len(found) != 1:
        return None
    name, version = found.pop()
    return distro(name, version, "", {}) if name else None


def subject(name: str, claims: Iterable[str]) -> Subject:
    """The subject a foreign document is about; its digest from the first claim that ends in one (`…@sha256:…`)."""
    digest = None
    for text in claims:
        match = _DIGEST.fullmatch(text.partition("?")[0])
        if match:
            digest = Digest.parse(match[1])
            break
    # A local path of the host the other tool ran on says nothing here.
    return Subject(name=name.rpartition("/")[2] if name.startswith("/") else name, kind="sbom", digest=digest)


def bounded(gaps: list[Gap]) -> tuple[Gap, ...]:
    """The gaps, sorted, with those beyond `gaps_count` counted in a closing one."""
    limit = DEFAULT_LIMITS.gaps_count
    if len(gaps) > limit:
        rest = Gap(kind="limit", path="", layer=None, reason=f"{len(gaps) - limit} more gaps (gaps_count)", by="sbom")
        gaps = [*gaps[:limit], rest]
    return tuple(sorted(gaps, key=lambda g: (g.kind, g.path, g.reason)))


def _purl(package: Package) -> tuple[Purl | None, str]:
    if not package.purl:
        return None, "no package URL"
    try:
        return purls.parse(package.purl), ""
    except MalformedError as error:
        return None, f"its package URL {error.why}"


def _inferred(package: Package) -> Inferred | None:
    return infer(
        package.name,
        package.group,
        package.version,
        identifiers=(package.key,),
        notes=package.notes,
        references=package.references,
        cpe=package.cpe,
    )


def _name(package: Package, purl: Purl | None) -> str:
    if purl is not None and purl.namespace and purl.type in _JOINED:
        return f"{purl.namespace}{_JOINED[purl.type]}{purl.name}"
    if purl is None and package.group:
        return f"{package.group}/{package.name}"
    return package.name


def _version(package: Package, purl: Purl | None) -> str:
    """Distributions compare with the epoch; where a purl carries it as a qualifier, it goes back in front."""
    version = package.version or (purl.version if purl else "")
    if purl is not None and purl.type in _EPOCHS and ":" not in version:
        epoch = _qualifier(purl, "epoch")
        if epoch.isascii() and epoch.isdigit() and epoch.strip("0"):
            return f"{epoch}:{version}"
    return version


def _source(notes: Notes, purl: Purl | None, version: str) -> SourcePackage | None:
    if "aquasecurity:trivy:SrcName" in notes:
        own = _first(notes, "aquasecurity:trivy:SrcVersion")
        release, epoch = _first(notes, "aquasecurity:trivy:SrcRelease"), _first(notes, "aquasecurity:trivy:SrcEpoch")
        own = f"{own}-{release}" if release else own
        own = f"{epoch}:{own}" if epoch else own
        return SourcePackage(_first(notes, "aquasecurity:trivy:SrcName"), own or version)
    if "syft:metadata:source" in notes:
        own = _first(notes, "syft:metadata:sourceVersion")
        return SourcePackage(_first(notes, "syft:metadata:source"), own or version)
    if "syft:metadata:originPackage" in notes:
        return SourcePackage(_first(notes, "syft:metadata:originPackage"), version)
    upstream = _first(notes, "syft:metadata:sourceRpm") or _qualifier(purl, "upstream")
    if not upstream:
        return None
    for suffix in _SOURCE_RPM:
        if upstream.endswith(suffix):
            parts = upstream.removesuffix(suffix).rsplit("-", 2)
            return SourcePackage(parts[0], "-".join(parts[1:])) if len(parts) == 3 else None
    name, _, own = upstream.partition("@")
    return SourcePackage(name, own or version)


def _occurrences(notes: Notes) -> tuple[Occurrence, ...]:
    paths = set(notes.get("aquasecurity:trivy:FilePath", ()))
    paths.update(v for key, values in notes.items() if _is_location(key) for v in values)
    return tuple(Occurrence(path.lstrip("/"), None, "sbom", "strong") for path in sorted(paths))


def _is_location(key: str) -> bool:
    return key.startswith("syft:location:") and key.endswith(":path")


def _properties(package: Package, trouble: str, guess: Inferred | None) -> tuple[tuple[str, str], ...]:
    """Facts worth keeping: the layer (peers name a diffID, but no order of layers), CPE, scope, an unusable purl, and
    of an inferred one how sure it is and why."""
    diff_id = _first(package.notes, "aquasecurity:trivy:LayerDiffID", "syft:location:0:layerID")
    facts = {"cpe": package.cpe, "layer:diff-id": diff_id, "scope": package.scope}
    if trouble:
        facts["sbom:purl"] = package.purl
    if guess:
        facts |= {INFERRED: guess.confidence, CLUE: guess.clue}
    return tuple(sorted((name, value) for name, value in facts.items() if value))


def _first(notes: Notes, *names: str) -> str:
    for name in names:
        if notes.get(name):
            return notes[name][0]
    return ""


def _qualifier(purl: Purl | None, name: str) -> str:
    return next((value for key, value in purl.qualifiers if key == name), "") if purl else ""


@lru_cache(maxsize=4096)
def _expression(text: str) -> str:
    """The SPDX expression in its canonical spelling, or ""."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    if len(text) > 2_000:
        return ""
    try:
        return canonicalize_license_expression(text)
    except InvalidLicenseExpression:
        return ""
