"""Debian, Ubuntu: packages of dpkg's database, and the files they own.

`var/lib/dpkg/status` (dpkg(1)); `status.d/<name>` as distroless images keep it, one file a package; `info/<name>.list`,
`status.d/<name>.md5sums` and `diversions` for ownership; apt's `extended_states` for what nobody asked for.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Ownership, Package, Wanted
from assay.dependencies.maven_repository import FOLDER, witnessed
from assay.dependencies.paths import canonical, path_hashes
from assay.formats.deb822 import blocks, paragraph, paragraphs
from assay.model.errors import MalformedError
from assay.model.inventory import Gap, Licence, SourcePackage

_STATUS = "var/lib/dpkg/status"
_STATUS_D = "var/lib/dpkg/status.d"
EXTENDED_STATES = "var/lib/apt/extended_states"
DIVERSIONS = "var/lib/dpkg/diversions"
_INFO = "var/lib/dpkg/info/"
_FIELDS = frozenset(
    {
        "package",
        "status",
        "version",
        "source",
        "architecture",
        "maintainer",
        "origin",
        "depends",
        "pre-depends",
        "recommends",
        "provides",
        "description",
    }
)
_MAVEN = FOLDER.encode()
_STATE_FIELDS = frozenset({"package", "architecture", "auto-installed"})
_NO_LICENCE = Licence(reason="no readable copyright file")
_DAMAGED, _NAMELESS = "damaged", "without name, version or state"
_BEGUN = "in a state short of `installed`, whose files may lie there all the same"
_WITH_FILES = frozenset({"half-installed", "unpacked", "half-configured", "triggers-awaited", "triggers-pending"})
"""dpkg(1), "Package states": those in which files of the package are, or may be, in place."""
_REMEMBERED_COUNT, _REMEMBERED_CHARACTERS = 2_048, 8_192
"""Records that are remembered, and the longest of them: each layer that installs repeats those of the layers below."""
_TRANSITIONAL = ("transitional package", "transitional dummy package", "transitional empty package")


def catalogue(file: File) -> Fragment:
    """Packages in state `installed`, the files one package owns, or which packages were installed automatically.

    A record without name, version or state is skipped and counted in a gap, and so is a package that dpkg began to
    install and did not finish.

    Raises:
        MalformedError: not one paragraph of the file can be read.
    """
    if file.path == DIVERSIONS:
        return Fragment(notes=tuple(_diversions(file.data())))
    if file.path == EXTENDED_STATES:
        return Fragment(notes=tuple(_automatic(file.data())))
    if file.path.endswith(".list"):
        data = file.data()
        listed = _listed(data)
        notes = tuple(witnessed(listed)) if _MAVEN in data else ()
        return Fragment(ownership=(_owned(file, listed),), notes=notes)
    if file.path.endswith(".md5sums"):
        return Fragment(ownership=(_owned(file, _summed(file.data())),))
    return _packages(file, needs_status=file.path == _STATUS)


def _packages(file: File, *, needs_status: bool) -> Fragment:
    packages: list[Package] = []
    skipped: Counter[str] = Counter()
    for block in blocks(file.data().decode("utf-8", "replace")):
        read = _remembered if len(block) <= _REMEMBERED_CHARACTERS else _read
        found = read(block, needs_status)
        if isinstance(found, Package):
            packages.append(found)
        elif found:
            skipped[found] += 1
    if skipped[_DAMAGED] and not packages and len(skipped) == 1:
        raise MalformedError("not a dpkg status file", where=file.path, why="no paragraph of fields")
    counted = ((skipped[why], why) for why in (_DAMAGED, _NAMELESS, _BEGUN))
    gaps = tuple(Gap("skipped", file.path, None, f"{count} records {why}", "dpkg") for count, why in counted if count)
    return Fragment(packages=tuple(packages), gaps=gaps)


def _read(block: str, needs_status: bool) -> Package | str:
    """The package of one record, else why the record is skipped; "" for one that is not installed."""
    record = paragraph(block, _FIELDS)
    if record is None:
        return _DAMAGED
    status = record.get("status", "")
    state = status.split()[-1] if status.split() else ""
    if state and state != "installed":
        return _BEGUN if state in _WITH_FILES and record.get("package") else ""
    if not record.get("package") or not record.get("version") or (needs_status and not status):
        return _NAMELESS
    return _package(record)


_remembered = lru_cache(maxsize=_REMEMBERED_COUNT)(_read)


def _package(record: dict[str, str]) -> Package:
    name, version = record["package"], record["version"]
    architecture = record.get("architecture", "")
    depends = _names(f"{record.get('pre-depends', '')},{record.get('depends', '')}")
    return Package(
        ecosystem="deb",
        name=name,
        version=version,
        source=_source(record.get("source", ""), name, version),
        architecture=architecture,
        licence=_NO_LICENCE,
        maintainer=record.get("maintainer", ""),
        supplier=record.get("origin", ""),
        properties=_properties(record),
        kind="package-database",
        depends=depends,
        scope="runtime",
        scoped=tuple((name, "optional") for name in _names(record.get("recommends", "")) if name not in depends),
        provides=_names(record.get("provides", "")),
    )


def _properties(record: dict[str, str]) -> tuple[tuple[str, str], ...]:
    description = record.get("description", "").lower()
    if "transitional" in description and any(word in description for word in _TRANSITIONAL):
        return (("deb:transitional", "true"),)
    return ()


def _source(field: str, name: str, version: str) -> SourcePackage:
    """`Source: name (version)`; either part absent means the same as the binary package (Debian Policy 5.6.1)."""
    if not field:
        return SourcePackage(name, version)
    source, _, rest = field.partition(" ")
    return SourcePackage(source, rest.strip("() ") or version)


def _names(field: str) -> tuple[str, ...]:
    """Package names of a relationship field, all alternatives, without versions and architectures (Policy 7.1)."""
    found: dict[str, None] = {}
    for alternative in field.replace("|", ",").split(","):
        words = alternative.split(None, 1)
        if words:
            name = words[0].partition("(")[0].partition(":")[0]
            if name:
                found[name] = None
    return tuple(found)


def _diversions(data: bytes) -> Iterator[Note]:
    """Three lines each: the path packages name, where their file really lies, and the package that wants this (or `:`).

    dpkg-divert(1). The note's name is the real place, its value the package and the named path.
    """
    lines = data.decode("utf-8", "replace").removesuffix("\n").split("\n")
    for named, real, package in zip(lines[::3], lines[1::3], lines[2::3], strict=False):
        yield Note(DIVERSIONS, canonical(real), f"{package}\n{canonical(named)}")


def _automatic(data: bytes) -> Iterator[Note]:
    """apt-mark(8): `Auto-Installed: 1` stands for each package that came as a dependency; all others were asked for.

    The notes' names are `PACKAGE:ARCHITECTURE` and `PACKAGE:`; the first, without a name, says that the file is there.
    """
    yield Note(EXTENDED_STATES, "", "")
    for record in paragraphs(data.decode("utf-8", "replace"), _STATE_FIELDS):
        if record is not None and record.get("package") and record.get("auto-installed") == "1":
            for architecture in dict.fromkeys((record.get("architecture", ""), "")):
                yield Note(EXTENDED_STATES, f"{record['package']}:{architecture}", "1")


def _owned(file: File, paths: Iterable[bytes]) -> Ownership:
    stem = file.path.rpartition("/")[2].rpartition(".")[0]
    name, _, architecture = stem.partition(":")
    return Ownership("deb", name, architecture, path_hashes(paths))


def _listed(data: bytes) -> list[bytes]:
    """Paths of a `.list` file; a directory stands directly before its first child and is left out."""
    lines = data.split(b"\n/")
    lines[0] = lines[0].removeprefix(b"/")
    lines[-1] = lines[-1].removesuffix(b"\n")
    return [
        line
        for line, following in zip(lines, [*lines[1:], b""], strict=True)
        if not following.startswith(line + b"/") and line != b"."
    ]


def _summed(data: bytes) -> list[bytes]:
    """Paths of an md5sums file: 32 hexadecimal digits, two spaces, the path without a leading slash."""
    return [line[34:].removeprefix(b"./").lstrip(b"/") for line in data.split(b"\n") if line[32:34] == b"  "]


ROW = Cataloguer(
    name="dpkg",
    version=5,
    ecosystem="deb",
    wants=Wanted(
        paths=frozenset({_STATUS, DIVERSIONS, EXTENDED_STATES}),
        directories=frozenset({_STATUS_D}),
        suffixes=frozenset({".list"}),
        within=(_INFO,),
    ),
    catalogue=catalogue,
)
