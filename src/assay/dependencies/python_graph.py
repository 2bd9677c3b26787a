"""Which installed Python distributions a program reaches by import, from its entry point, file by file.

Modules are found as CPython's path finder does it (Python reference §5.5, PEP 420), but nothing is run: a package's
`__init__` is a file whose imports are read. Sources of the standard library are not followed: it imports nothing that
is installed, but for the modules that `_DOORS` names.

That something is *not* imported is said only where nothing on the way can import by other means. Statements at the top
of a module happen whenever it is imported; those inside functions, conditions and `try` may, and are followed last.
"""

import re
import zlib
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from posixpath import normpath

import msgspec

from assay.dependencies.importing import Arrival, ImportGraph
from assay.dependencies.python_start import Start
from assay.formats import pyimports
from assay.formats.pyimports import Import, Imports
from assay.model.limits import DEFAULT_LIMITS, Limits

_CHAIN_COUNT = 12
_DOUBTS_COUNT = 5
_PLACES_COUNT = 64
_SITES = ("site-packages", "dist-packages")
_STANDARD = re.compile(r"(?:^|/)lib/python3\.\d{1,2}\Z", re.ASCII)
_USER_SITE = re.compile(r"(?:^|/)\.local/lib/python3\.\d{1,2}/site-packages\Z", re.ASCII)
"""What `pip install --user` fills; it comes before the interpreter's own (PEP 370)."""
_LARGE = Imports(opaque="too large to be read")
_CUSTOM = ("sitecustomize", "usercustomize")
_DOORS = {
    **dict.fromkeys(("imp", "runpy", "pkgutil", "zipimport", "code", "codeop"), "imports by name"),
    **dict.fromkeys(("pickle", "shelve", "_pickle"), "may import what a pickle names"),
    **dict.fromkeys(("logging.config", "unittest", "doctest", "pydoc"), "imports by name"),
    **dict.fromkeys(("subprocess", "multiprocessing"), "may start other programs"),
}
"""Modules of the standard library through which something else may be imported."""


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """The Python side of an image's final root; paths without a leading slash."""

    sources: Mapping[str, bytes] = {}
    """`.py` files and scripts, deflated; empty where one is too large to be read."""
    shebangs: Mapping[str, str] = {}
    """First line of scripts, after `#!`."""
    extensions: frozenset[str] = frozenset()
    """Compiled modules: the path up to the first dot of the name."""
    records: Mapping[str, tuple[str, ...]] = {}
    """Metadata directory of a distribution → paths of its files, from RECORD or installed-files.txt."""
    tops: Mapping[str, tuple[str, ...]] = {}
    """Metadata directory → its top-level modules, from top_level.txt."""
    hooks: Mapping[str, tuple[str, ...]] = {}
    """`.pth` file → its lines."""
    cut: str = ""
    """Why not everything was read."""


def graph(start: Start, tree: Tree, limits: Limits = DEFAULT_LIMITS) -> ImportGraph:
    """Follow the imports of a program.

    Args:
        start: where it begins.
        tree: what there is to import.
        limits: `python_files_count` files are followed, and no more.
    """
    if start.reason:
        return ImportGraph(start=start.says, reason=start.reason)
    if tree.cut:
        return ImportGraph(start=start.says, reason=tree.cut)
    walk = _Walk(start, tree, limits)
    if why := walk.begin():
        return ImportGraph(start=start.says, reason=why)
    walk.run()
    owners = _Owners(tree)
    reached: dict[str, Arrival] = {}
    for path in walk.parents:
        for owner in owners.of(path):
            if owner not in reached:
                reached[owner] = Arrival(walk.chain(path), path in walk.unsure)
    return ImportGraph(
        start=start.says,
        reached=reached,
        known=tuple(sorted({*tree.records, *tree.tops})),
        doubts=tuple(walk.doubts)[:_DOUBTS_COUNT],
        files=len(walk.parents),
    )


class _Walk:
    """One search, breadth first: imports that happen for certain, then those that may."""

    def __init__(self, start: Start, tree: Tree, limits: Limits) -> None:
        self._start, self._tree, self._limits = start, tree, limits
        self._folders = _folders(tree)
        self._all_sites = sorted(f for f in self._folders if f.endswith(_SITES))
        self._names = self._bytes = 0
        self.doubts: dict[str, None] = {}
        sites, self._standard = self._places()
        hooked = tuple(self._hooked(sites))
        self._path = tuple(dict.fromkeys((*start.first, *self._standard, *sites, *hooked)))
        if len(self._path) > _PLACES_COUNT:
            self._doubt(f"more than {_PLACES_COUNT} directories are on the module path")
            self._path = self._path[:_PLACES_COUNT]
        self.parents: dict[str, str] = {}
        """File → the file that imports it; "" at the entry point."""
        self.unsure: set[str] = set()
        self._certain: deque[str] = deque()
        self._possible: deque[tuple[str, str]] = deque()
        self._found: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {}

    def begin(self) -> str:
        """Lay down where it begins; why that is impossible, or ""."""
        start = self._start
        if start.doubt:
            self._doubt(start.doubt)
        if start.script and start.script not in self._tree.sources:
            return f"{start.script} is not in the image, or is a link"
        if start.script:
            self._add(start.script, "", False)
        if start.code:
            self._follow("", pyimports.read(start.code.encode("utf-8", "surrogateescape")), "python -c", ())
        for module in start.modules:
            files, portions = self._locate(module, self._path)
            main = [f"{place}/__main__.py" for place in (*portions, *(_package(f) for f in files[-1:]))]
            files = (*files, *(path for path in main if path in self._tree.sources))
            if not files:
                return f"module {module[:80]} is not in the image"
            for path in files:
                self._add(path, "", False)
        for name in _CUSTOM:
            if self._locate(name, self._path)[0]:
                self._doubt(f"{name} runs before the program")
        return "" if self.parents or start.code else "nothing to start from"

    def run(self) -> None:
        """Follow everything."""
        while self._certain or self._possible:
            if self._certain:
                path, maybe = self._certain.popleft(), False
            else:
                target, source = self._possible.popleft()
                if target in self.parents:
                    continue
                self.parents[target] = source
                self.unsure.add(target)
                path, maybe = target, True
            if len(self.parents) > self._limits.python_files_count:
                self._doubt(f"more than {self._limits.python_files_count} files are imported")
                return
            self._visit(path, maybe)

    def chain(self, path: str) -> tuple[str, ...]:
        """Modules from the entry point to a file, both named; a long way is cut in its middle."""
        names = []
        while path:
            names.append(self._named(path))
            path = self.parents[path]
        names.reverse()
        half = _CHAIN_COUNT // 2
        return tuple(names) if len(names) <= _CHAIN_COUNT else (*names[:half], "…", *names[-half:])

    def _visit(self, path: str, unsure: bool) -> None:
        data = self._tree.sources.get(path)
        if data is None:
            self._doubt(f"{path} is compiled, and may import anything")
            return
        said = self._read(data) if data else _LARGE
        if said is None:
            return
        if said.opaque:
            self._doubt(f"{path} may import more than its statements say ({said.opaque})")
        self._follow(path, said, self._named(path), self._home(path), unsure)

    def _read(self, data: bytes) -> Imports | None:
        """The imports of one more file; None where that would be too much, which is a doubt."""
        source = zlib.decompress(data)
        self._bytes += len(source)
        if self._bytes > self._limits.python_followed_bytes:
            self._doubt(f"more than {self._limits.python_followed_bytes} bytes of sources are imported")
            return None
        said = pyimports.read(source)
        self._names += sum(1 + len(one.names) for one in said.imports)
        if self._names > self._limits.python_imports_count:
            self._doubt(f"more than {self._limits.python_imports_count} names are imported")
            return None
        return said

    def _follow(self, path: str, said: Imports, name: str, home: Sequence[str], unsure: bool = False) -> None:
        for one in said.imports:
            for target in self._targets(one, name, home):
                if target == path:
                    continue
                if one.maybe or unsure:
                    self._possible.append((target, path))
                else:
                    self._add(target, path, unsure)

    def _add(self, target: str, source: str, unsure: bool) -> None:
        if target not in self.parents:
            self.parents[target] = source
            self._certain.append(target)

    def _targets(self, one: Import, name: str, home: Sequence[str]) -> Iterator[str]:
        """The files one statement loads."""
        if one.level:
            places = [_above(place, one.level - 1) for place in home]
        else:
            places = list(self._path)
            door = next((d for d in _doors(one) if d in _DOORS), "")
            if door:
                self._doubt(f"{name} uses {door}, which {_DOORS[door]}")
        files: tuple[str, ...] = ()
        inside: tuple[str, ...] = tuple(places)
        if one.module:
            key = one.module if not one.level else ""
            files, inside = self._known(key) if key else self._locate(one.module, places)
        elif one.level:
            files = tuple(f for p in places if (f := f"{p}/__init__.py") in self._tree.sources)
        yield from files
        for part in one.names:
            if part == "*":
                if files and files[-1].endswith("/__init__.py") and not self._is_standard(files[-1]):
                    self._doubt(f"{name} imports * of package {one.module or '.'}")
            elif inside and (one.module or one.level):
                yield from self._locate(part, inside)[0]

    def _known(self, module: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
        if module not in self._found:
            self._found[module] = self._locate(module, self._path)
        return self._found[module]

    def _locate(self, module: str, places: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Files that `import module` loads, outermost first, and where its submodules lie.

        Of the standard library nothing is given: it is not followed.
        """
        sources, extensions, folders = self._tree.sources, self._tree.extensions, self._folders
        files: list[str] = []
        inside = tuple(places)
        for part in filter(None, module.split(".")[:64]):
            portions: list[str] = []
            file = ""
            for place in inside:
                base = f"{place}/{part}" if place else part
                package = f"{base}/__init__.py"
                if f"{base}/__init__" in extensions:
                    file, portions = f"{base}/__init__", [base]
                elif package in sources:
                    file, portions = package, [base]
                elif base in extensions:
                    file, portions = base, []
                elif f"{base}.py" in sources:
                    file, portions = f"{base}.py", []
                else:
                    if base in folders:
                        portions.append(base)
                    continue
                break
            if file and self._is_standard(file):
                return (), ()
            if file:
                files.append(file)
            elif not portions:
                return tuple(files), ()
            inside = tuple(portions)
        return tuple(files), inside

    def _is_standard(self, path: str) -> bool:
        return any(
            path.startswith(f"{place}/") and not any(f"/{site}/" in path[len(place) :] for site in _SITES)
            for place in self._standard
        )

    def _home(self, path: str) -> tuple[str, ...]:
        """The package a file's relative imports start from."""
        return (path.rpartition("/")[0],)

    def _named(self, path: str) -> str:
        """A module's dotted name, or the path of a script."""
        place = max((p for p in self._path if p and path.startswith(f"{p}/")), key=len, default="")
        if path == self._start.script or not path.endswith(".py"):
            return path
        name = path[len(place) :].strip("/").removesuffix(".py").removesuffix("/__init__")
        return name.replace("/", ".")

    def _places(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The site directories and the standard library of the interpreter that most likely runs the program."""
        prefixes = (p for p in self._start.prefixes if not p.endswith(".local"))
        used = {prefix: sites for prefix in prefixes if (sites := self._sites(prefix))}
        if len(used) > 1:
            self._doubt(f"Python is installed in {' and in '.join(list(used)[:3])}")
        elif not used and (self._tree.records or self._tree.tops):
            self._doubt("where the interpreter keeps installed packages is not plain")
        sites = next(iter(used.values()), ())
        own = tuple(sorted(f for f in self._folders if _USER_SITE.search(f)))[: _PLACES_COUNT // 4]
        sites = (*own, *(site for site in sites if site not in own))
        versions = {site.split("/")[-2] for site in sites}
        newest = versions - {"python3"}  # Debian's site directory does not say which
        standard = [
            folder
            for folder in self._folders
            if _STANDARD.search(folder) and (not newest or folder.rpartition("/")[2] in newest)
        ]
        return sites, tuple(sorted(standard)[: _PLACES_COUNT // 4])

    def _sites(self, prefix: str) -> tuple[str, ...]:
        """Debian's interpreter looks into what pip installed below `usr/local`, then into what dpkg did."""
        libs = [f"{prefix}/lib".lstrip("/")]
        if prefix == "usr" and "usr/lib/python3/dist-packages" in self._folders:
            libs.insert(0, "usr/local/lib")
        return tuple(f for lib in libs for f in self._all_sites if _is_site(f, lib))[: _PLACES_COUNT // 4]

    def _hooked(self, sites: Sequence[str]) -> Iterator[str]:
        """Directories that `.pth` files of the sites in use add; what they run is a doubt."""
        for path, lines in self._tree.hooks.items():
            place = path.rpartition("/")[0]
            if place not in sites:
                continue
            for line in lines:
                if line.startswith(("import ", "import\t")):
                    self._doubt(f"{path} runs code before the program")
                elif line.strip() and not line.startswith("#"):
                    yield normpath(f"/{place}/{line.strip()}" if line[0] != "/" else line.strip()).lstrip("/")

    def _doubt(self, text: str) -> None:
        if len(self.doubts) < _DOUBTS_COUNT:
            self.doubts.setdefault(text)


class _Owners:
    """Whose a file is, by the records of installed distributions."""

    def __init__(self, tree: Tree) -> None:
        self._exact: dict[str, list[str]] = {}
        self._tops: dict[str, list[str]] = {}
        for record, paths in tree.records.items():
            for path in paths:
                self._exact.setdefault(path, []).append(record)
        for record, names in tree.tops.items():
            if record not in tree.records:
                site = record.rpartition("/")[0]
                for name in names:
                    self._tops.setdefault(f"{site}/{name}", []).append(record)

    def of(self, path: str) -> Iterable[str]:
        """Metadata directories of the distributions that brought the file."""
        found = self._exact.get(path, [])
        if found or not self._tops:
            return found
        parts = path.split("/")
        bases = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
        return [owner for base in bases for owner in self._tops.get(base.removesuffix(".py"), ())]


def _folders(tree: Tree) -> frozenset[str]:
    """Directories that hold modules, at any depth: what may be a namespace package."""
    found: set[str] = set()
    for path in (*tree.sources, *tree.extensions):
        folder = path.rpartition("/")[0]
        while folder and folder not in found:
            found.add(folder)
            folder = folder.rpartition("/")[0]
    return frozenset(found)


def _is_site(folder: str, lib: str) -> bool:
    head, _, last = folder.rpartition("/")
    return last in _SITES and head.startswith(f"{lib}/python") and head.count("/") == lib.count("/") + 1


def _doors(one: Import) -> Iterator[str]:
    """Dotted names a statement may load, each with the packages around it."""
    parts = one.module.split(".")[:8]
    yield from (".".join(parts[:count]) for count in range(1, len(parts) + 1))
    yield from (f"{one.module}.{name}" for name in one.names)


def _above(place: str, levels: int) -> str:
    for _ in range(min(levels, 64)):
        place = place.rpartition("/")[0]
    return place


def _package(path: str) -> str:
    return path.removesuffix("/__init__.py")
