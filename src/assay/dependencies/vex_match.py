"""Whether a VEX statement speaks of a finding: vulnerability, product, subcomponent (OpenVEX 0.2.0, "Product").

A product is the component itself, the package that owns it, or the image; then a subcomponent narrows it down.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

import msgspec

from assay.dependencies.vers_range import contains
from assay.formats import purl as purls
from assay.model.errors import MalformedError
from assay.model.image import Subject
from assay.model.inventory import Component
from assay.model.purl import Purl
from assay.model.vex import VexProduct

_DIGEST = re.compile(r"sha(?:256|384|512):[0-9a-f]+")
_IMAGES = frozenset({"oci", "docker"})


class Miss(msgspec.Struct, frozen=True):
    """The first field in which a product fails to name a finding; the fields' order is `FIELDS`."""

    field: str
    says: str = ""
    """What stands there, and what was there to match."""


FIELDS = (
    "signature",
    "author's scope",
    "vulnerability alias",
    "product type",
    "name",
    "version",
    "qualifier",
    "index versus platform digest",
    "subcomponent",
    "time",
    "expiry",
    "status rule",
    "matched",
)
"""In which order a statement is held against a finding: later is nearer to a match."""


def speaks_of(
    product: VexProduct, subject: Subject, component: Component | None, purl: str, owners: Mapping[str, Component]
) -> str:
    """How the product matches, in words, or empty when it does not.

    Args:
        product: of the statement.
        subject: the image or tree the finding is of.
        component: the finding's; None when the inventory lost it.
        purl: the finding's own package URL.
        owners: components by key.
    """
    how = product_fit(product, subject, component, purl, owners)
    return how if isinstance(how, str) else ""


def product_fit(
    product: VexProduct, subject: Subject, component: Component | None, purl: str, owners: Mapping[str, Component]
) -> str | Miss:
    """How the product matches, in words, or in which field it fails; the arguments are those of `speaks_of`."""
    exact = tuple(identifier for identifier in product.identifiers if _has_digest(identifier))
    image = _nearest(subject_fit(identifier, subject) for identifier in exact or product.identifiers)
    within = _nearest(package_fit(identifier, purl, component) for identifier in product.subcomponents)
    if image is None:
        if not product.subcomponents or within is None:
            return "the image"
        return Miss("subcomponent", f"{within.field}: {within.says}")
    direct = _nearest(package_fit(identifier, purl, component) for identifier in product.identifiers)
    if not product.subcomponents:
        return "the package" if direct is None else _nearer(direct, image)
    owner = owners.get(component.owner) if component is not None and component.owner else None
    if owner is None:
        return image
    whole = _nearest(package_fit(identifier, owner.purl, owner) for identifier in product.identifiers)
    if whole is not None:
        return _nearer(image, whole)
    return "its owner" if within is None else Miss("subcomponent", f"{within.field}: {within.says}")


def _nearest(found: Iterable[Miss | None]) -> Miss | None:
    """None as soon as one fits, else the miss that came farthest."""
    best: Miss | None = None
    for miss in found:
        if miss is None:
            return None
        best = miss if best is None else _nearer(best, miss)
    return best or Miss("product type", "no identifier")


def _nearer(one: Miss, other: Miss) -> Miss:
    return max(one, other, key=lambda miss: (FIELDS.index(miss.field), miss is one, bool(miss.says)))


def _has_digest(identifier: str) -> bool:
    """Whether it names one image by content: then a name beside it names no other image."""
    if _DIGEST.fullmatch(identifier):
        return True
    wanted = parsed(identifier)
    return wanted is not None and wanted.type in _IMAGES and ":" in wanted.version


def names_package(identifier: str, purl: str, component: Component | None) -> bool:
    """Whether an identifier of a statement names this package, as `package_fit` says."""
    return package_fit(identifier, purl, component) is None


def package_fit(identifier: str, purl: str, component: Component | None) -> Miss | None:
    """None if an identifier of a statement names this package, else the first field that fails.

    A package URL names it if type, namespace and name are equal, and version, subpath and every qualifier it has are
    the package's too: what it leaves out may be anything. `arch=source` speaks of the source package; `vers=` is a
    range of versions (vers-spec), and a version that cannot be compared is not in it. A digest names a package whose
    hashes hold it; any other text must be the purl itself.
    """
    wanted = parsed(identifier)
    if wanted is None:
        same = bool(identifier) and (identifier == purl or (component is not None and identifier in component.hashes))
        return None if same else Miss("product type", f"{identifier[:200]!a} is neither this package nor a hash of it")
    actual = parsed(purl)
    if wanted.type in _IMAGES or actual is None or wanted.type != actual.type:
        return Miss("product type", f"{wanted.type} is not {actual.type if actual else 'a package'}")
    qualifiers = dict(actual.qualifiers)
    name, version = actual.name, actual.version
    if ("arch", "source") in wanted.qualifiers and component is not None and component.source is not None:
        name, version = component.source.name, component.source.version
        qualifiers["arch"] = "source"
    said, here = _full(wanted.namespace, wanted.name), _full(actual.namespace, name)
    if said != here and (wanted.type != "golang" or said.lower() != here.lower()):  # purl-spec, golang: in lower case
        return Miss("name", f"{said[:200]} is not {here[:200]}")
    if wanted.version not in ("", version):
        return Miss("version", f"{wanted.version[:100]} is not {version[:100]}")
    for key, value in wanted.qualifiers:
        if key == "vers":
            if contains(value, version) is not True:
                return Miss("version", f"{version[:100]} is not known to be in {value[:200]}")
        elif qualifiers.get(key) != value:
            return Miss("qualifier", f"{key}={value[:100]} is not {key}={qualifiers.get(key, '')[:100]}")
    if wanted.subpath not in ("", actual.subpath):
        return Miss("qualifier", f"the subpath {wanted.subpath[:100]} is not {actual.subpath[:100]!a}")
    return None


def _full(namespace: str, name: str) -> str:
    return f"{namespace}/{name}" if namespace else name


def names_subject(identifier: str, subject: Subject) -> bool:
    """Whether an identifier names the image, as `subject_fit` says."""
    return subject_fit(identifier, subject) is None


def subject_fit(identifier: str, subject: Subject) -> Miss | None:
    """None if an identifier names the image, else the first field that fails.

    It may be its digest, the index it was chosen from, its reference, an oci purl, or `urn:assay:repository:NAME` for
    every image in that repository or below it. What is said of an index is said of every platform in it; what is said
    of one platform says nothing of another.
    """
    digests = {str(digest) for digest in (subject.digest, subject.index) if digest is not None}
    if identifier in digests:
        return None
    repository, tag = _reference(subject.name)
    if identifier.startswith(REPOSITORY):
        wide = identifier.removeprefix(REPOSITORY).strip("/")
        inside = bool(wide) and (repository == wide or repository.startswith(f"{wide}/"))
        return None if inside else Miss("name", f"{repository[:200]!a} is not in {wide[:200]!a}")
    wanted = parsed(identifier)
    if wanted is None:
        if _DIGEST.fullmatch(identifier):
            return _other_digest(identifier, subject)
        same = bool(identifier) and identifier == subject.name
        return None if same else Miss("product type", f"{identifier[:200]!a} is not this image")
    if wanted.type not in _IMAGES:
        return Miss("product type", f"{wanted.type} is no image")
    qualifiers = dict(wanted.qualifiers)
    url = qualifiers.get("repository_url", "")
    miss = _repository_miss(wanted, url, repository)
    if wanted.version and ":" in wanted.version:
        if wanted.version in digests:
            return None
        return _other_digest(wanted.version, subject) if miss is None else miss
    if miss is not None:
        return miss
    said_tag = qualifiers.get("tag", "") or wanted.version
    return None if said_tag in ("", tag) else Miss("version", f"the tag {said_tag[:100]} is not {tag[:100]!a}")


REPOSITORY = "urn:assay:repository:"
"""Prefix of a product that is every image of a repository, or of all repositories below it (an organisation)."""


def _other_digest(said: str, subject: Subject) -> Miss:
    mine = " or of its index ".join(str(d) for d in (subject.digest, subject.index) if d is not None)
    return Miss("index versus platform digest", f"{said[:100]} is not the digest of this image, {mine or 'unknown'}")


def _repository_miss(wanted: Purl, url: str, repository: str) -> Miss | None:
    same = (
        bool(repository)
        and wanted.name == repository.rpartition("/")[2].lower()
        and (not url or repository in (url, f"{url}/{wanted.name}"))
        and (not wanted.namespace or repository.endswith(f"{wanted.namespace}/{wanted.name}"))
    )
    return None if same else Miss("name", f"{(url or _full(wanted.namespace, wanted.name))[:200]} is not {repository}")


def _reference(name: str) -> tuple[str, str]:
    """Repository and tag of an image reference; the digest is left out."""
    name = name.partition("@")[0]
    head, colon, tag = name.rpartition(":")
    return (head, tag) if colon and "/" not in tag else (name, "")


@lru_cache(maxsize=65_536)
def parsed(text: str) -> Purl | None:
    """A package URL as a value; None for any other text."""
    if not text.startswith("pkg:"):
        return None
    try:
        return purls.parse(text)
    except MalformedError:
        return None
