"""Maven: a `pom.xml` has no lock of its own; that it asks for packages is told, what it asks for is not read."""

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Sheet
from assay.model.patterns import lazy

_ASKS = lazy(rb"<dependency>")


def catalogue(file: File) -> Fragment:
    """One `pom.xml` of a project; those inside archives and caches are none."""
    folders = set(file.path.split("/")[:-1])
    if reading.foreign(file.path) or "META-INF" in folders or _ASKS.search(file.data()) is None:
        return Fragment()
    said = ("what pom.xml asks for is not read",)
    return reading.fragment(Sheet(role="manifest", ecosystem="maven", tool="maven", undecided=said))


ROW = Cataloguer(
    name="locks-others",
    version=3,
    ecosystem="",
    wants=Wanted(names=frozenset(["pom.xml"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
