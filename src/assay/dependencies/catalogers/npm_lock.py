"""npm lock files, versions 1 to 3: `package-lock.json`, `npm-shrinkwrap.json`, `node_modules/.package-lock.json`.

npm documentation, "package-lock.json". In a source tree a lock file lists packages. In an image it lists wishes: the
packages are found in `node_modules`, and the lock only adds what their own manifests do not tell: which folders of the
project npm linked there, and, as `Note`s on folders, `npm:dev`, `npm:optional`, `npm:bundled`, `npm:direct`,
`npm:registry`, `npm:deprecated`.
"""

import binascii
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Package, Wanted
from assay.dependencies.licences import licence
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_HIDDEN = ".package-lock.json"
_COMMIT = lazy(r"(?:git[+:]|github:|gitlab:|bitbucket:)[^#]*#(?:.*[^0-9a-f])?([0-9a-f]{40})")
_TARBALL = lazy(r"(https?)://(?:[^/@?#]*@)?([A-Za-z0-9.\-]{1,253}(?::[0-9]{1,5})?)(?=/)", re.IGNORECASE)
INSTALL_SCRIPT = "npm:install-script"
"""Property: npm ran code of the package when it installed it; here `true`, in `node_modules` which."""
REGISTRY = "npm:registry"
"""Property: scheme and authority it was fetched from."""
_NAME = lazy(r"(?:@[^/@\s%]+/)?[^/@\s%][^/@\s%]*")
_OUTSIDE = lazy(r"\A/|(?:\A|/)(?:\.{0,2}|node_modules)(?:/|\Z)|[:\x00]")
"""A place that is not a folder of the project itself."""
_TOLD_CHARACTERS = 500
_FOLDERS_COUNT = 400
"""Folders above each other in which a package is looked for; npm's own trees have a dozen."""
_HASH_BYTES = {"sha1": 20, "sha256": 32, "sha384": 48, "sha512": 64}
_GROUPS = ("npm:bundled", "npm:dev", "npm:optional")
_FLAGS = frozenset(["inBundle", "bundled", "devOptional", "dev", "optional"])
_SCOPES = (
    ("devDependencies", "dev"),
    ("peerDependencies", "peer"),
    ("dependencies", "runtime"),
    ("optionalDependencies", "optional"),
)
"""What a package needs and for what; of one name that stands in several tables the later one holds (npm documentation,
"package.json")."""
_STRENGTH = {"runtime": 0, "peer": 1, "optional": 2, "dev": 3}


class _Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a lock, whatever its version. `place` is its folder, relative to the lock's project."""

    place: str
    name: str
    version: str
    hashes: tuple[str, ...]
    commit: str
    groups: frozenset[str]
    depends: tuple[str, ...]
    licence: Licence
    scope: str = ""
    """What `depends` are for; "" where the lock does not tell (version 1)."""
    scoped: tuple[tuple[str, str], ...] = ()
    """(name, scope) of those of `depends` that are for something else."""
    facts: tuple[tuple[str, str], ...] = ()
    """Where it came from and what its publisher says of it, as properties."""


_UNREAD = Licence(reason="not read")


class _Lock(msgspec.Struct):
    packages: dict[str, dict[str, Any]] | None = None
    dependencies: dict[str, dict[str, Any]] | None = None


def catalogue(file: File) -> Fragment:
    """One lock file.

    Raises:
        MalformedError: not a JSON object, or entries that are none.
        UnsupportedError: more entries than `packages_count`.
    """
    directory, _, base = file.path.rpartition("/")
    hidden = base == _HIDDEN
    inside = "/node_modules/" in f"/{directory}/"
    if inside and not (hidden and directory.endswith("node_modules")):
        return Fragment()  # a lock that a package was published with: npm does not obey it there
    lock = _decode(file)
    if file.installed or hidden:
        root = directory.removesuffix("node_modules").rstrip("/") if hidden else directory
        linked = tuple(_linked(lock, root)) if hidden and file.installed else ()
        return Fragment(packages=linked, notes=tuple(_notes(lock, root, file)))
    return Fragment(packages=_packages(_entries(lock, file)))


def check(file: File) -> None:
    """Whether a lock file is one that can be read.

    Raises:
        MalformedError, UnsupportedError: as `catalogue` on a source tree.
    """
    lock = _decode(file)
    if lock.packages is None or len(lock.packages) > file.limits.packages_count:  # else nothing of it can be refused
        for _ in _entries(lock, file, brief=True):
            pass


def _decode(file: File) -> _Lock:
    """The lock, read once for all rows that ask for it."""
    lock = file.view.learnt
    if isinstance(lock, _Lock):
        return lock
    try:
        file.view.learnt = lock = msgspec.json.decode(file.data().removeprefix(b"\xef\xbb\xbf"), type=_Lock)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise MalformedError(
            "not an npm lock file", where=file.path, why=str(error)[:200], remedy="run `npm install` again"
        ) from error
    return lock


def _entries(lock: _Lock, file: File, *, brief: bool = False) -> Iterator[_Entry]:
    """All entries except the project itself and links (their target has an entry of its own).

    `brief`: without what only a package needs, its name, hashes, needs and licence.
    """
    if lock.packages is None:
        source = _version1(lock.dependencies or {})
    else:
        source = _brief(lock.packages) if brief else _version2(lock.packages)
    for count, entry in enumerate(source):
        if count == file.limits.packages_count:
            raise UnsupportedError("the lock file has too many entries", where=file.path, why=f"limit {count}")
        yield entry


def _brief(packages: dict[str, dict[str, Any]]) -> Iterator[_Entry]:
    """What `_version2` gives, as far as an image needs it: an installed package tells its own name."""
    for place, body in packages.items():
        if place and body.get("link") is not True:
            yield _Entry(
                place=place,
                name="",
                version="",
                hashes=(),
                commit="",
                groups=_groups(body, "inBundle"),
                depends=(),
                licence=_UNREAD,
                facts=_facts(body, _text(body, "resolved")),
            )


def _version2(packages: dict[str, dict[str, Any]]) -> Iterator[_Entry]:
    """`packages` by folder (lock versions 2 and 3)."""
    places = {place: named for place, body in packages.items() if (named := _named(place, body, packages))}
    for place, body in packages.items():
        if not place or body.get("link") is True:
            continue
        resolved = _text(body, "resolved")
        wants = _wants(body, place, places, development="node_modules/" not in place)
        name, version = _named(place, body, packages) or ("", "")
        yield _Entry(
            place=place,
            name=name,
            version=version,
            hashes=_hashes(_text(body, "integrity")),
            commit=_commit(resolved),
            groups=_groups(body, "inBundle"),
            depends=tuple(sorted(wants)),
            licence=_licence(body),
            scope="runtime",
            scoped=_scoped(wants),
            facts=_facts(body, resolved),
        )


def _named(place: str, body: dict[str, Any], packages: dict[str, dict[str, Any]]) -> tuple[str, str] | None:
    """Name and version of what lies in a folder; of a link, those of its target."""
    if body.get("link") is True:
        target = _text(body, "resolved")
        body = packages.get(target, {})
        return _named(target, body, packages) if body and body.get("link") is not True else None
    alias = place.rpartition("node_modules/")[2] if "node_modules/" in place else place.rpartition("/")[2]
    name = _text(body, "name") or alias
    return (name, _text(body, "version")) if name else None


def _answer(place: str, name: str, places: dict[str, tuple[str, str]]) -> str:
    """Node's own search (documentation of Node.js, "Loading from `node_modules` folders"), as `name@version`.

    Empty for what is not there: an optional package, a peer nobody asked for.
    """
    while place.count("/") <= _FOLDERS_COUNT:
        found = places.get(f"{place}/node_modules/{name}" if place else f"node_modules/{name}")
        if found is not None:
            return "@".join(found) if found[1] else found[0]
        if not place:
            break
        place = place.rpartition("/")[0]
    return ""


def _version1(dependencies: dict[str, dict[str, Any]]) -> Iterator[_Entry]:
    """Nested `dependencies` (lock version 1); an explicit stack, for their depth is the file's choice."""
    rows = list(_nested(dependencies))
    places = {place: _released(place, body)[:2] for place, body in rows}
    for place, body in rows:
        name, version, commit = _released(place, body)
        yield _Entry(
            place=place,
            name=name,
            version=version,
            hashes=_hashes(_text(body, "integrity")),
            commit=commit,
            groups=_groups(body, "bundled"),
            depends=_answers(place, _names(body, "requires"), places),
            licence=Licence(reason="lock files of version 1 record no licence"),
        )


def _nested(dependencies: dict[str, dict[str, Any]]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Folder and body of every entry."""
    stack = [("", dependencies)]
    while stack:
        outer, level = stack.pop()
        for alias, body in level.items():
            if not isinstance(body, dict):
                continue
            place = f"{outer}node_modules/{alias}"
            inner = body.get("dependencies")
            if isinstance(inner, dict):
                stack.append((place + "/", inner))
            yield place, body


def _released(place: str, body: dict[str, Any]) -> tuple[str, str, str]:
    """Name, version and commit of an entry of version 1."""
    name, version = place.rpartition("node_modules/")[2], _text(body, "version")
    if version.startswith("npm:"):
        name, _, version = version[4:].rpartition("@")
    commit = _commit(version)
    return name, "" if commit or ":" in version else version, commit


def _answers(place: str, names: tuple[str, ...], places: dict[str, tuple[str, str]]) -> tuple[str, ...]:
    return tuple(sorted({found for name in names if (found := _answer(place, name, places))}))


def _packages(entries: Iterator[_Entry]) -> tuple[Package, ...]:
    """One package for each name, version and commit; it is in a group only if every entry of it is."""
    found: dict[tuple[str, str, str], _Entry] = {}
    for entry in entries:
        key = (entry.name, entry.version, entry.commit)
        first = found.get(key)
        if first is not None:
            entry = _merge(first, entry)
        found[key] = entry
    return tuple(_package(found[key]) for key in sorted(found))


def _merge(first: _Entry, other: _Entry) -> _Entry:
    wants: dict[str, str] = {}
    for entry in (first, other):
        for name, scope in (dict.fromkeys(entry.depends, entry.scope) | dict(entry.scoped)).items():
            wants[name] = _stronger(wants.get(name, scope), scope)
    return msgspec.structs.replace(
        first,
        groups=first.groups & other.groups,
        hashes=tuple(sorted({*first.hashes, *other.hashes})),
        depends=tuple(sorted(wants)),
        scoped=_scoped(wants) if first.scope else (),
    )


def _package(entry: _Entry) -> Package:
    scope, _, base = entry.name.rpartition("/")
    properties = [(group, "true") for group in sorted(entry.groups)]
    if entry.commit:
        properties.append(("npm:commit", entry.commit))
    properties += entry.facts
    return Package(
        ecosystem="npm",
        name=entry.name,
        version=entry.version,
        namespace=scope,
        purl_name=base if scope else "",
        licence=entry.licence,
        hashes=entry.hashes,
        properties=tuple(sorted(properties)),
        kind="lock-file",
        confidence="strong" if entry.version else "weak",
        depends=entry.depends,
        scope=entry.scope,
        scoped=entry.scoped,
        provides=(f"{entry.name}@{entry.version}",) if entry.version else (),
    )


def _notes(lock: _Lock, root: str, file: File) -> Iterator[Note]:
    prefix = root + "/" if root else ""
    for entry in _entries(lock, file, brief=True):
        for group in sorted(entry.groups):
            yield Note(prefix + entry.place, group, "true")
        for name, value in entry.facts:
            if name != INSTALL_SCRIPT:  # the package's own manifest says which
                yield Note(prefix + entry.place, name, value)
    project = (lock.packages or {}).get("", {})
    for name in _names(project, "dependencies", "devDependencies", "optionalDependencies"):
        yield Note(f"{prefix}node_modules/{name}", "npm:direct", "true")


def _linked(lock: _Lock, root: str) -> Iterator[Package]:
    """Workspaces and other folders of the project that npm linked into `node_modules`: installed where they lie."""
    packages = lock.packages or {}
    prefix = root + "/" if root else ""
    for target in sorted({_text(body, "resolved") for body in packages.values() if body.get("link") is True}):
        body = packages.get(target, {})
        name, version = _text(body, "name") or target.rpartition("/")[2], _text(body, "version")
        if not (_NAME.fullmatch(name) and version) or _OUTSIDE.search(target):
            continue
        scope, _, base = name.rpartition("/")
        yield Package(
            ecosystem="npm",
            name=name,
            version=version,
            namespace=scope,
            purl_name=base if scope else "",
            licence=_licence(body),
            path=f"{prefix}{target}/package.json",
            confidence="strong",
            depends=_names(body, "dependencies", "optionalDependencies", "peerDependencies"),
            scope="runtime",
        )


def _groups(body: dict[str, Any], bundled: str) -> frozenset[str]:
    """`devOptional`: needed by a dev or an optional package only, so it is in both groups."""
    if _FLAGS.isdisjoint(body):  # nearly every entry
        return frozenset()
    both = body.get("devOptional") is True
    flags = (body.get(bundled) is True, both or body.get("dev") is True, both or body.get("optional") is True)
    return frozenset(group for group, flag in zip(_GROUPS, flags, strict=True) if flag)


def _names(body: dict[str, Any], *keys: str) -> tuple[str, ...]:
    """Names of dependencies, sorted; an alias (`npm:real@range`) by its folder."""
    names: set[str] = set()
    for key in keys:
        group = body.get(key)
        names.update(group if isinstance(group, dict) else ())
    return tuple(sorted(names))


def _wants(
    body: dict[str, Any], place: str, places: dict[str, tuple[str, str]], *, development: bool
) -> dict[str, str]:
    """`name@version` → scope of all an entry needs and finds.

    `development`: whether what its developers need counts, as it does for a project's own folder (a workspace); npm
    installs it for no other package.
    """
    written: dict[str, str] = {}
    for key, scope in _SCOPES if development else _SCOPES[1:]:
        group = body.get(key)
        written.update(dict.fromkeys(group, scope) if isinstance(group, dict) else {})
    found: dict[str, str] = {}
    for name, scope in written.items():
        if answer := _answer(place, name, places):
            found[answer] = _stronger(found.get(answer, scope), scope)
    return found


def _stronger(one: str, other: str) -> str:
    return min(one, other, key=lambda scope: _STRENGTH.get(scope, 0))


def _scoped(wants: dict[str, str]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((name, scope) for name, scope in wants.items() if scope != "runtime"))


def _hashes(integrity: str) -> tuple[str, ...]:
    """Subresource Integrity (`sha512-<base64>`, blanks between several) as `sha512:<hex>`; unknown ones dropped."""
    found: set[str] = set()
    for item in integrity.split():
        kind, _, value = item.partition("-")
        try:
            raw = binascii.a2b_base64(value.partition("?")[0], strict_mode=True)
        except ValueError:  # binascii.Error, or a sign outside ASCII
            continue
        if len(raw) == _HASH_BYTES.get(kind):
            found.add(f"{kind}:{raw.hex()}")
    return tuple(sorted(found))


def _facts(body: dict[str, Any], resolved: str) -> tuple[tuple[str, str], ...]:
    """npm documentation, "package-lock.json": `resolved`, `hasInstallScript`, `deprecated`."""
    deprecated = body.get("deprecated")
    said = deprecated[:_TOLD_CHARACTERS] if isinstance(deprecated, str) else "true" if deprecated is True else ""
    registry = _registry(resolved)
    facts = ((REGISTRY, registry),) if registry else ()
    if body.get("hasInstallScript") is True:
        facts = ((INSTALL_SCRIPT, "true"), *facts)
    return (("npm:deprecated", said), *facts) if said else facts


def _registry(resolved: str) -> str:
    """Scheme and authority of a tarball's URL: never its path, its query, or a password."""
    match = _TARBALL.match(resolved)
    return f"{match[1].lower()}://{match[2].lower()}" if match else ""


def _commit(resolved: str) -> str:
    match = _COMMIT.fullmatch(resolved)
    return match[1] if match else ""


def _licence(body: dict[str, Any]) -> Licence:
    text = _text(body, "license")
    return licence([text] if text else [], "the lock file")


def _text(body: dict[str, Any], key: str) -> str:
    value = body.get(key)
    return value if isinstance(value, str) else ""


CATALOGUER = Cataloguer(
    name="npm-lock",
    version=5,
    ecosystem="npm",
    wants=Wanted(names=frozenset(["package-lock.json", "npm-shrinkwrap.json", _HIDDEN])),
    catalogue=catalogue,
)
