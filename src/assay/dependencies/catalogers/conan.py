"""Conan (C and C++): `conan.lock` of Conan 1 (a graph) and Conan 2 (lists), `conanfile.txt`.

Conan documentation, "Lockfiles" and "conanfile.txt". A reference is `name/version[@user/channel][#revision][%time]`; a
range, `name/[>=1.0]`, is a wish without a version.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import malformed, table, text, texts
from assay.formats import strictjson
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap, Licence
from assay.model.patterns import lazy

_REFERENCE = lazy(
    r"([a-z0-9_+.-]{1,100})/(\[[^\]\n]{1,100}\]|[A-Za-z0-9_+.~-]{1,100})"
    r"(?:@([A-Za-z0-9_+.-]{0,100})(?:/([A-Za-z0-9_+.-]{0,100}))?)?(?:#([0-9a-f]{1,64}))?(?:%[0-9.]{1,40})?"
    r"(?:#[0-9a-f]{1,64})?"
)
_SECTIONS = {"requires": "", "tool_requires": "tool", "build_requires": "tool", "test_requires": "test"}
_LISTS = {"requires": "", "build_requires": "tool", "python_requires": "python", "config_requires": "config"}
_NO_LICENCE = Licence(reason="Conan's files record no licence")


def catalogue(file: File) -> Fragment:
    """One lock or one list of wishes; in an image both are wishes, and nothing is read.

    Returns:
        Packages; `conan:tool`, `conan:python`, `conan:config` and `conan:test` mark what is not linked.

    Raises:
        MalformedError: a lock that is no JSON object of either form. UnsupportedError: more than `packages_count`.
    """
    if file.installed:
        return Fragment()
    if file.path.rpartition("/")[2] == "conanfile.txt":
        return _wishes(file)
    document = strictjson.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes)
    if not isinstance(document, dict):
        raise malformed(file, "conan.lock", "no JSON object")
    nodes = table(table(document.get("graph_lock")).get("nodes"))
    found = list(_graph(nodes) if nodes else _listed(document))
    if not nodes and not any(key in document for key in (*_LISTS, "graph_lock")):
        raise malformed(file, "conan.lock", "neither a graph nor a list of requirements")
    return _fragment(file, found)


def _fragment(file: File, found: list[tuple[Package | None, str]]) -> Fragment:
    if len(found) > file.limits.packages_count:
        raise UnsupportedError("the file has too many requirements", where=file.path, why=str(len(found)))
    wrong = [said for package, said in found if package is None]
    reason = f"{len(wrong)} references are not as Conan writes them, first {wrong[0][:80]!a}" if wrong else ""
    gaps = (Gap("unreadable", file.path, None, reason, "conan"),) if wrong else ()
    packages = {(p.name, p.version, p.qualifiers): p for p, _ in found if p is not None}
    return Fragment(packages=tuple(packages[key] for key in sorted(packages)), gaps=gaps)


def _graph(nodes: Mapping[str, Any]) -> Iterator[tuple[Package | None, str]]:
    """Conan 1: nodes by number; the one with a `path` is the project itself."""
    names = {number: text(table(node), "ref").partition("/")[0] for number, node in nodes.items()}
    tools = {n for node in nodes.values() for n in texts(table(node).get("build_requires"))}
    linked = {n for node in nodes.values() for n in texts(table(node).get("requires"))}
    for number, value in nodes.items():
        node = table(value)
        said = text(node, "ref")
        if not said or node.get("path"):
            continue
        group = "tool" if number in tools - linked else ""
        depends = tuple(sorted({names[n] for n in texts(node.get("requires")) if names.get(n)}))
        yield _package(said, group, depends, locked=True), said


def _listed(document: Mapping[str, Any]) -> Iterator[tuple[Package | None, str]]:
    """Conan 2: one list a kind of requirement, no edges."""
    for name, group in _LISTS.items():
        for said in texts(document.get(name)):
            yield _package(said, group, (), locked=True), said


def _wishes(file: File) -> Fragment:
    found = []
    group: str | None = None
    for raw in file.data().decode("utf-8", "replace").splitlines():
        line = raw.split("#!")[0].partition(" #")[0].strip()
        if not line or line.startswith("#"):
            continue
        if line.startswith("[") and line.endswith("]"):
            group = _SECTIONS.get(line[1:-1])
        elif group is not None:
            found.append((_package(line, group, (), locked=False), line))
    return _fragment(file, found)


def _package(said: str, group: str, depends: tuple[str, ...], *, locked: bool) -> Package | None:
    match = _REFERENCE.fullmatch(said)
    if match is None:
        return None
    name, version, user, channel, revision = match.groups()
    wish = version.startswith("[")
    properties = {f"conan:{group}": "true"} if group else {}
    if wish:
        properties["conan:range"] = version[1:-1]
    qualifiers = {"user": user, "channel": channel, "rrev": revision}
    return Package(
        ecosystem="conan",
        name=name,
        version="" if wish else version,
        qualifiers=tuple(sorted((key, value) for key, value in qualifiers.items() if value and value != "_")),
        licence=_NO_LICENCE,
        properties=tuple(sorted(properties.items())),
        depends=depends,
        kind="lock-file",
        confidence="strong" if locked else "weak",
    )


CATALOGUER = Cataloguer(
    name="conan",
    version=1,
    ecosystem="conan",
    wants=Wanted(names=frozenset(["conan.lock", "conanfile.txt"]), limit="lock_file_bytes"),
    catalogue=catalogue,
)
