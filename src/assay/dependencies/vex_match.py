"""Whether a VEX statement speaks of a finding: vulnerability, product, subcomponent (OpenVEX 0.2.0, "Product").

A product is the component itself, the package that owns it, or the image; then a subcomponent narrows it down.
"""

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from assay.formats import purl as purls
from assay.model.errors import MalformedError
from assay.model.image import Subject
from assay.model.inventory import Component
from assay.model.purl import Purl
from assay.model.vex import VexProduct

_DIGEST = re.compile(r"sha(?:256|384|512):[0-9a-f]+")
_IMAGES = frozenset({"oci", "docker"})


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
    exact = tuple(identifier for identifier in product.identifiers if _has_digest(identifier))
    is_image = any(names_subject(identifier, subject) for identifier in exact or product.identifiers)
    inside = not product.subcomponents or _any(product.subcomponents, purl, component)
    if is_image:
        return "the image" if inside else ""
    if not product.subcomponents:
        return "the package" if _any(product.identifiers, purl, component) else ""
    owner = owners.get(component.owner) if component is not None and component.owner else None
    return "its owner" if owner and inside and _any(product.identifiers, owner.purl, owner) else ""


def _has_digest(identifier: str) -> bool:
    """Whether it names one image by content: then a name beside it names no other image."""
    if _DIGEST.fullmatch(identifier):
        return True
    wanted = parsed(identifier)
    return wanted is not None and wanted.type in _IMAGES and ":" in wanted.version


def _any(identifiers: Iterable[str], purl: str, component: Component | None) -> bool:
    return any(names_package(identifier, purl, component) for identifier in identifiers)


def names_package(identifier: str, purl: str, component: Component | None) -> bool:
    """Whether an identifier of a statement names this package.

    A package URL names it if type, namespace and name are equal, and version, subpath and every qualifier it has are
    the package's too: what it leaves out may be anything. `arch=source` speaks of the source package. A digest names
    a package whose hashes hold it; any other text must be the purl itself.
    """
    wanted = parsed(identifier)
    if wanted is None:
        return bool(identifier) and (identifier == purl or (component is not None and identifier in component.hashes))
    if wanted.type in _IMAGES:
        return False
    actual = parsed(purl)
    if actual is None:
        return False
    qualifiers = dict(actual.qualifiers)
    name, version = actual.name, actual.version
    if ("arch", "source") in wanted.qualifiers and component is not None and component.source is not None:
        name, version = component.source.name, component.source.version
        qualifiers["arch"] = "source"
    return (
        (wanted.type, wanted.namespace, wanted.name) == (actual.type, actual.namespace, name)
        and wanted.version in ("", version)
        and wanted.subpath in ("", actual.subpath)
        and all(qualifiers.get(key) == value for key, value in wanted.qualifiers)
    )


def names_subject(identifier: str, subject: Subject) -> bool:
    """Whether an identifier names the image: its digest, the index it was chosen from, its reference, or an oci purl.

    What is said of an index is said of every platform in it; what is said of one platform says nothing of another.
    """
    digests = {str(digest) for digest in (subject.digest, subject.index) if digest is not None}
    if identifier in digests:
        return True
    wanted = parsed(identifier)
    if wanted is None:
        return bool(identifier) and identifier == subject.name
    if wanted.type not in _IMAGES:
        return False
    if wanted.version and ":" in wanted.version:
        return wanted.version in digests
    repository, tag = _reference(subject.name)
    qualifiers = dict(wanted.qualifiers)
    url = qualifiers.get("repository_url", "")
    said_tag = qualifiers.get("tag", "") or wanted.version
    return (
        bool(repository)
        and wanted.name == repository.rpartition("/")[2].lower()
        and (not url or repository in (url, f"{url}/{wanted.name}"))
        and (not wanted.namespace or repository.endswith(f"{wanted.namespace}/{wanted.name}"))
        and said_tag in ("", tag)
    )


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
