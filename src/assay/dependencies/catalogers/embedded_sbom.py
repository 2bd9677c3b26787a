"""SBOMs that lie inside the image: what the vendor claims, kept apart from what was seen.

Every package of such a document is `weak`, of kind `sbom`, and bears the property `claim` = `vendor`; where the same
package was seen as well, only what was seen counts (`dependencies.claims`). Bitnami's images of before its SBOMs have a
list of their own instead, `.bitnami_components.json`: by component its version, architecture and distribution.
"""

from collections.abc import Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import malformed, table, text
from assay.formats import purl as purls
from assay.formats import strictjson
from assay.model.inventory import Component, Gap
from assay.model.patterns import lazy

_BY = "embedded-sbom"
_BITNAMI = ".bitnami_components.json"
_NAME = lazy(r"[a-z0-9][a-z0-9._-]{0,200}")
_VERSION = lazy(r"[0-9A-Za-z][0-9A-Za-z._+~-]{0,200}")
_MARKS = (b'"bomFormat"', b'"spdxVersion"', b"SPDXVersion:", b"cyclonedx.org/schema/bom", b"spdx.org/rdf")
"""One of these stands in every SBOM; a file of such a name without them is something else (a `bom.json` may be)."""


def catalogue(file: File) -> Fragment:
    """The packages a document lists that have a package URL; the others are counted in a gap.

    Raises:
        MalformedError, UnsupportedError: an SBOM that is damaged or of a form that is not read.
    """
    data = file.data()
    if file.path.rpartition("/")[2] == _BITNAMI:
        return _bitnami(file, data)
    if not any(mark in data for mark in _MARKS):
        return Fragment()
    from assay.formats import sbom  # only images that hold an SBOM pay for its readers

    components = sbom.read(data, file.path).components
    packages = tuple([_package(component) for component in components if component.purl])
    missing = len(components) - len(packages)
    if not missing:
        return Fragment(packages=packages)
    reason = f"{missing} components of the vendor's SBOM have no package URL"
    return Fragment(packages=packages, gaps=(Gap("skipped", file.path, None, reason, _BY),))


def _bitnami(file: File, data: bytes) -> Fragment:
    document = strictjson.loads(data, where=file.path, limit=file.limits.embedded_sbom_bytes)
    if not isinstance(document, dict):
        raise malformed(file, "list of Bitnami's components", "an object was expected")
    entries = [(name, table(body)) for name, body in sorted(document.items())]
    usable = [
        (name, body) for name, body in entries if _NAME.fullmatch(name) and _VERSION.fullmatch(text(body, "version"))
    ]
    lost = len(entries) - len(usable)
    reason = f"{lost} of Bitnami's components without a usable name or version"
    gaps = (Gap("skipped", file.path, None, reason, _BY),) if lost else ()
    return Fragment(packages=tuple(_component(name, body) for name, body in usable), gaps=gaps)


def _component(name: str, body: Mapping[str, Any]) -> Package:
    facts = (("arch", text(body, "arch")[:40]), ("distro", text(body, "distro")[:80]))
    return Package(
        ecosystem="bitnami",
        name=name,
        version=text(body, "version"),
        qualifiers=tuple((key, value) for key, value in facts if value),
        properties=(("claim", "vendor"),),
        kind="sbom",
        confidence="weak",
    )


def _package(component: Component) -> Package:
    purl = purls.parse(component.purl)
    cpe = tuple(pair for pair in component.properties if pair[0] == "cpe")
    return Package(
        ecosystem=purl.type,
        name=component.name,
        version=component.version or purl.version,
        namespace=purl.namespace,
        purl_name=purl.name,
        qualifiers=purl.qualifiers,
        subpath=purl.subpath,
        source=component.source,
        architecture=component.architecture,
        licence=component.licence,
        supplier=component.supplier,
        maintainer=component.maintainer,
        hashes=component.hashes,
        properties=tuple(sorted([*cpe, ("claim", "vendor")])),
        kind="sbom",
        confidence="weak",
    )


CATALOGUER = Cataloguer(
    name="embedded-sbom",
    version=5,
    ecosystem="",
    wants=Wanted(
        names=frozenset({_BITNAMI, "bom.json", "sbom.json"}),
        suffixes=frozenset({".spdx", ".spdx.json", ".cdx.json", ".cyclonedx.json", ".sbom.json"}),
        limit="embedded_sbom_bytes",
    ),
    catalogue=catalogue,
)
