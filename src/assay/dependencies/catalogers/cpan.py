"""Perl: distributions that cpanm or a like installer put in place, `.meta/NAME-VERSION/install.json`.

App::cpanminus documentation and CPAN::Meta::Spec 2; purl-spec, type `cpan`: the author's id is the namespace. What the
classic `CPAN` shell installs leaves only `.packlist` files, which name no version.
"""

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import malformed, table, text
from assay.formats import strictjson
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_PLACE = lazy(r"(?:.*/)?\.meta/[^/]+/install\.json")
_NAME = lazy(r"[A-Za-z0-9_][A-Za-z0-9_.+-]{0,200}")
_VERSION = lazy(r"v?[0-9][0-9A-Za-z._-]{0,100}")
_AUTHOR = lazy(r"[A-Z]/[A-Z0-9-]{2}/([A-Z0-9-]{2,60})/[^\s]+")
_LICENCE = Licence(reason="the installer's record names no licence")


def catalogue(file: File) -> Fragment:
    """One installed distribution; nothing for an `install.json` elsewhere.

    Raises:
        MalformedError: no JSON object, or without a usable distribution name or version.
    """
    if not _PLACE.fullmatch(file.path):
        return Fragment()
    record = table(strictjson.loads(file.data(), where=file.path, limit=file.limits.metadata_bytes))
    dist, version = text(record, "dist"), text(record, "version")
    name = dist.removesuffix(f"-{version}") if version else ""
    if not version or name == dist:  # `v1.2.3` of the archive is 1.2.3 or v1.2.3 in the record, or none is told
        name, _, version = dist.rpartition("-")
    if not (_NAME.fullmatch(name) and _VERSION.fullmatch(version)):
        raise malformed(
            file, "record of an installed Perl distribution", f"dist {dist[:80]!r}, version {version[:80]!r}"
        )
    author = _AUTHOR.fullmatch(text(record, "pathname"))
    package = Package(
        ecosystem="cpan",
        name=name,
        version=version,
        namespace=author[1] if author else "",
        licence=_LICENCE,
        provides=tuple(sorted(key for key in table(record.get("provides")) if len(key) <= 200)),
    )
    return Fragment(packages=(package,))


CATALOGUER = Cataloguer(
    name="cpan",
    version=1,
    ecosystem="cpan",
    wants=Wanted(names=frozenset(["install.json"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
