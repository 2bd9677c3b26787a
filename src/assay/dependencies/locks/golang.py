"""Go: `go.mod` asks and chooses versions, `go.sum` binds their content, `vendor/modules.txt` says what lies there.

Go Modules Reference, "go.sum files": a line `path version h1:…` is of the module, `path version/go.mod h1:…` of its
`go.mod` alone. `go.sum` may keep lines nobody needs any more: they are no disagreement.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import go_mod
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Entry, Sheet, Wish
from assay.model.patterns import lazy

_SUM = lazy(r"(\S+) (v[^\s/]+)(/go\.mod)? h1:[A-Za-z0-9+/]{43}=")
_VENDORED = lazy(r"# (\S+)(?: (v\S+))?(?: => (\S+)(?: (v\S+))?)?")
_NOT_MODULES = frozenset({"stdlib"})


def catalogue(file: File) -> Fragment:
    """One `go.mod`, `go.sum` or `vendor/modules.txt`.

    Raises:
        UnsupportedError: as the cataloguer.
    """
    directory, _, base = file.path.rpartition("/")
    if reading.foreign(file.path) or ("/vendor/" in f"/{directory}/" and base != "modules.txt"):
        return Fragment()
    return reading.fragment(_READERS[base](file))


def _mod(file: File) -> Sheet | None:
    wishes = []
    for package in reading.listed(file, go_mod.catalogue):
        facts = dict(package.properties)
        if package.name in _NOT_MODULES:
            continue
        source = "local" if facts.get("go:replaced-by") else ""
        group = "indirect" if facts.get("go:indirect") else ""
        wishes.append(Wish(package.name, package.version, source, group=group))
    if not wishes:
        return None
    return Sheet(role="manifest", ecosystem="golang", tool="go", wishes=reading.bounded(wishes, file))


def _sum(file: File) -> Sheet:
    """A module with the line of its `go.mod` alone was needed to choose versions: no content of it is used."""
    found: dict[tuple[str, str], None] = {}
    wrong = 0
    for line in reading.lines(file):
        match = _SUM.fullmatch(line.strip())
        if match is not None:
            found[match[1], match[2]] = None
        elif line.strip():
            wrong += 1
    return Sheet(
        role="lock",
        ecosystem="golang",
        tool="go",
        entries=tuple(Entry(path, version, hashed=True) for path, version in found),
        undecided=(f"{wrong} lines of go.sum are no checksums",) if wrong else (),
    )


def _vendored(file: File) -> Sheet | None:
    if file.path.split("/")[-2:-1] != ["vendor"]:
        return None
    return Sheet(role="installed", ecosystem="golang", tool="go", entries=tuple(_modules(file)))


def _modules(file: File) -> Iterator[Entry]:
    """`# path version`, or `# path version => other version`; lines without a version replace every one."""
    for line in reading.lines(file):
        match = _VENDORED.fullmatch(line.strip())
        if match is not None and match[2]:
            local = bool(match[3] and not match[4])
            yield Entry(match[3] if match[4] else match[1], match[4] or match[2], local=local)


_READERS = {"go.mod": _mod, "go.sum": _sum, "modules.txt": _vendored}
ROW = Cataloguer(
    name="locks-go",
    version=1,
    ecosystem="golang",
    wants=Wanted(names=frozenset(_READERS)),
    catalogue=catalogue,
)
