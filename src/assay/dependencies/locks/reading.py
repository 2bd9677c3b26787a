"""What readers of manifests and locks share: the way from a cataloguer's packages to entries, and guarded shapes."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

import msgspec

from assay.dependencies.cataloger import File, Fragment, Package
from assay.dependencies.names import canonical_name
from assay.dependencies.sheets import Entry, Sheet, Wish
from assay.formats import strictjson, toml
from assay.model.errors import UnsupportedError
from assay.model.patterns import lazy

WISHES_COUNT = 20_000
"""No project names more direct dependencies than this."""
_NO_GROUPS = frozenset({"direct", "bundled", "indirect"})
_LOCAL = frozenset({"local", "path", "directory", "editable", "virtual", "link", "workspace"})
_FOREIGN = frozenset(
    ["node_modules", "site-packages", "dist-packages", "bower_components", "gems", ".cargo", "__pypackages__"]
)
_MODULE_CACHES = ("/pkg/mod/", "/registry/src/", "/usr/share/nodejs/", "/usr/lib/nodejs/")


def foreign(path: str) -> bool:
    """Whether a file lies among installed packages: a published manifest is no project, and its lock is not obeyed."""
    rooted = f"/{path}"
    return not _FOREIGN.isdisjoint(path.split("/")[:-1]) or any(cache in rooted for cache in _MODULE_CACHES)


def fragment(sheet: Sheet | None) -> Fragment:
    """A fragment that holds one sheet, or nothing."""
    return Fragment(sheets=(sheet,)) if sheet is not None else Fragment()


def listed(file: File, catalogue: Callable[[File], Fragment]) -> tuple[Package, ...]:
    """The packages a lock's own cataloguer reads, as if the target were a source tree.

    Raises:
        MalformedError, UnsupportedError: as the cataloguer.
    """
    return catalogue(msgspec.structs.replace(file, installed=False)).packages


def entry(package: Package) -> Entry:
    """A cataloguer's package as an entry. A commit binds the content as a digest does."""
    facts = dict(package.properties)
    kind = package.ecosystem
    source = facts.get(f"{kind}:source", "")
    flags = [name.partition(":")[2] for name, value in package.properties if value == "true"]
    return Entry(
        name=spelled(kind, package.name),
        version=package.version,
        hashed=bool(package.hashes or facts.get(f"{kind}:commit") or facts.get("npm:yarn-checksum")),
        local=source in _LOCAL or "npm:bundled" in facts,
        grouped=any(flag not in _NO_GROUPS for flag in flags),
        needed_by=(("", facts["pypi:markers"]),) if facts.get("pypi:markers") else (),
    )


def entries(file: File, catalogue: Callable[[File], Fragment]) -> tuple[Entry, ...]:
    """A lock's packages as entries."""
    return tuple(entry(package) for package in listed(file, catalogue))


def spelled(ecosystem: str, name: str) -> str:
    """The one spelling under which manifest, lock and disk meet."""
    if ecosystem == "pypi":
        return canonical_name("PyPI", name)
    if ecosystem == "cargo":
        return name.replace("_", "-")
    return name.lower() if ecosystem in ("composer", "nuget", "swift") else name


def bounded(wishes: Iterable[Wish], file: File) -> tuple[Wish, ...]:
    """The wishes, sorted and distinct.

    Raises:
        UnsupportedError: more than any project has.
    """
    found: set[Wish] = set()
    for wish in wishes:
        found.add(wish)
        if len(found) > WISHES_COUNT:
            raise UnsupportedError("the manifest names too many packages", where=file.path, why=f"limit {WISHES_COUNT}")
    return tuple(sorted(found, key=lambda w: (w.name, w.group, w.wanted, w.marker, w.source)))


def json_object(file: File) -> Mapping[str, Any]:
    """A JSON object; anything else is an empty one.

    Raises:
        MalformedError: not JSON.
    """
    value = strictjson.loads(
        file.data().removeprefix(b"\xef\xbb\xbf"), where=file.path, limit=file.limits.text_database_bytes
    )
    return value if isinstance(value, dict) else {}


def toml_table(file: File) -> Mapping[str, Any]:
    """A TOML document.

    Raises:
        MalformedError: not TOML.
    """
    return toml.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)


def lines(file: File) -> Iterator[str]:
    """The lines of a text file, bytes outside UTF-8 replaced."""
    return iter(file.data().decode("utf-8", "replace").removeprefix("\ufeff").splitlines())


_PARENT = lazy(r"(?:\./)+")


def folder(value: str) -> str:
    """A member's folder relative to the lock, without `./` and closing slash."""
    return _PARENT.sub("", value, count=1).rstrip("/") if value not in (".", "./") else ""
