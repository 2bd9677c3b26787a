"""package.json and the locks of npm, Yarn, pnpm and Bun (npm documentation, "package.json", "package-lock.json")."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import bun_lock, npm_lock, pnpm_lock, yarn_lock
from assay.dependencies.lockfiles import table, text
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Entry, Sheet, Wish
from assay.formats import strictjson, yamlsubset
from assay.model.patterns import lazy

_GROUPS = {"dependencies": "", "devDependencies": "dev", "optionalDependencies": "optional"}
PEER = "peer"
"""Group of wishes a lock may hold (pnpm and Bun install peers) and need not."""
_LOCAL = ("file:", "link:", "portal:", "workspace:", "./", "../", "/", "~/")
_GIT = ("git+", "git:", "git@", "github:", "gitlab:", "bitbucket:", "gist:")
_URL = ("http:", "https:", "catalog:", "patch:", "exec:", "jsr:")
_SHORTHAND = lazy(r"[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_.-]+(?:#.*)?")
_SHRINKWRAP = "npm-shrinkwrap.json"


def catalogue(file: File) -> Fragment:
    """One `package.json` or JavaScript lock of a project.

    Raises:
        MalformedError, UnsupportedError: as the lock's cataloguer.
    """
    if reading.foreign(file.path):
        return Fragment()
    return reading.fragment(_READERS[file.path.rpartition("/")[2]](file))


def _manifest(file: File) -> Sheet | None:
    body = reading.json_object(file)
    found = list(wishes(body))
    if not found:
        return None
    peers = (Wish(name, group=PEER) for name in table(body.get("peerDependencies")))
    return Sheet(role="manifest", ecosystem="npm", tool="npm", wishes=reading.bounded([*found, *peers], file))


def wishes(body: Mapping[str, Any]) -> Iterator[Wish]:
    """The direct dependencies of a manifest, or of a lock's copy of one. `optionalDependencies` override (npm)."""
    optional = table(body.get("optionalDependencies"))
    for kind, group in _GROUPS.items():
        for name, wanted in table(body.get(kind)).items():
            if isinstance(wanted, str) and not (group != "optional" and name in optional):
                yield Wish(name, wanted.strip(), source(wanted.strip()), group=group)


def source(wanted: str) -> str:
    """Where a wish comes from when not from a registry."""
    if wanted.startswith(_LOCAL):
        return "local"
    if wanted.startswith(_GIT) or _SHORTHAND.fullmatch(wanted):
        return "git"
    return "url" if wanted.startswith(_URL) else ""


def _npm(file: File) -> Sheet:
    """npm's own lock: entries by their folder, and in versions 2 and 3 a copy of each manifest."""
    lock = reading.json_object(file)
    npm_lock.check(file)  # the cataloguer's checks of the frame
    packages = lock.get("packages")
    if not isinstance(packages, dict):
        return Sheet(role="lock", ecosystem="npm", tool="npm", entries=tuple(_version1(lock)))
    found = []
    recorded = []
    for place, value in packages.items():
        body = table(value)
        if "node_modules/" not in f"{place}/":
            recorded.append((place, reading.bounded(wishes(body), file)))
        elif body.get("link") is True:
            found.append(Entry(place.rpartition("node_modules/")[2], local=True, place=place))
        else:
            found.append(_entry(place, body))
    return Sheet(
        role="lock",
        ecosystem="npm",
        tool="npm",
        entries=tuple(found),
        recorded=tuple(recorded),
        members=tuple(place for place, _ in recorded if place),
    )


def _entry(place: str, body: Mapping[str, Any]) -> Entry:
    resolved = text(body, "resolved")
    return Entry(
        name=place.rpartition("node_modules/")[2],
        version=text(body, "version"),
        hashed=bool(text(body, "integrity")) or ("#" in resolved and resolved.startswith(_GIT)),
        local=body.get("inBundle") is True or resolved.startswith("file:"),
        grouped=any(body.get(flag) is True for flag in ("dev", "optional", "devOptional", "peer", "extraneous")),
        place=place,
    )


def _version1(lock: Mapping[str, Any]) -> Iterator[Entry]:
    stack = [("", table(lock.get("dependencies")))]
    while stack:
        outer, level = stack.pop()
        for name, value in level.items():
            body = table(value)
            place = f"{outer}node_modules/{name}"
            stack.append((place + "/", table(body.get("dependencies"))))
            version = text(body, "version")
            if version.startswith("npm:"):
                version = version.rpartition("@")[2]
            yield Entry(
                name=name,
                version="" if ":" in version else version,
                hashed=bool(text(body, "integrity")) or (version.startswith(_GIT) and "#" in version),
                local=body.get("bundled") is True or version.startswith("file:"),
                grouped=body.get("dev") is True or body.get("optional") is True,
                place=place,
            )


def _pnpm(file: File) -> Sheet:
    """`importers` (one table per member), or the same tables at the top of an older lock without a workspace."""
    found = reading.entries(file, pnpm_lock.catalogue)
    recorded: list[tuple[str, tuple[Wish, ...]]] = []
    linked: set[str] = set()
    for document in yamlsubset.loads(file.data(), where=file.path, limit=file.limits.lock_file_bytes):
        lock = table(document)
        top = lock.get("importers")
        importers = top if isinstance(top, dict) and top else {".": lock}
        for place, importer in importers.items():
            recorded.append((reading.folder(place), reading.bounded(_pnpm_wishes(table(importer)), file)))
            linked.update(_pnpm_links(table(importer)))
    return Sheet(
        role="lock",
        ecosystem="npm",
        tool="pnpm",
        entries=(*found, *_linked(linked)),
        recorded=tuple(recorded),
        members=tuple(sorted({place for place, _ in recorded if place})),
    )


def _pnpm_wishes(importer: Mapping[str, Any]) -> Iterator[Wish]:
    specifiers = table(importer.get("specifiers"))
    for kind, group in _GROUPS.items():
        for name, value in table(importer.get(kind)).items():
            body = table(value)
            wanted = text(body, "specifier") or text(specifiers, name)
            yield Wish(name, wanted, source(wanted), group=group)


def _pnpm_links(importer: Mapping[str, Any]) -> Iterator[str]:
    for kind in _GROUPS:
        for name, value in table(importer.get(kind)).items():
            if (value if isinstance(value, str) else text(table(value), "version")).startswith("link:"):
                yield name


def _linked(names: Iterable[str]) -> Iterator[Entry]:
    """Members of the workspace that others need."""
    return (Entry(name, local=True) for name in sorted(names))


def _yarn(file: File) -> Sheet:
    """Yarn's keys are `name@range`: the wishes it remembers, of all members together."""
    found = reading.entries(file, yarn_lock.catalogue)
    data = file.data()
    members: list[tuple[str, tuple[Wish, ...]]] = []
    linked: set[str] = set()
    berry = b"\n__metadata:" in data or data.startswith(b"__metadata:")
    if berry:
        for document in yamlsubset.loads(data, where=file.path, limit=file.limits.lock_file_bytes):
            for value in table(document).values():
                name, _, place = text(table(value), "resolution").partition("@workspace:")
                if place:
                    linked.add(name)
                    members.append((reading.folder(place), reading.bounded(_berry_wishes(table(value)), file)))
    return Sheet(
        role="lock",
        ecosystem="npm",
        tool="yarn",
        entries=(*found, *_linked(linked)),
        recorded=tuple(members),
        members=tuple(sorted({place for place, _ in members if place})),
    )


def _berry_wishes(body: Mapping[str, Any]) -> Iterator[Wish]:
    """Development needs stand among `dependencies`; ranges of the registry bear the prefix `npm:`."""
    for name, wanted in table(body.get("dependencies")).items():
        if isinstance(wanted, str):
            bare = wanted.removeprefix("npm:")
            bare = wanted if "@" in bare[1:] else bare
            yield Wish(name, bare, source(bare), group="any")


def _bun(file: File) -> Sheet:
    """`workspaces`: a copy of each member's manifest, by folder."""
    found = reading.entries(file, bun_lock.catalogue)
    if file.path.endswith("bun.lockb"):
        return Sheet(role="lock", ecosystem="npm", tool="bun", undecided=("bun.lockb is not read",))
    plain = bun_lock.COMMA.sub(lambda match: match[1] or "", file.data().decode("utf-8")).encode()
    lock = strictjson.loads(plain, where=file.path, limit=file.limits.lock_file_bytes)
    recorded = tuple(
        (reading.folder(place), reading.bounded(wishes(table(body)), file))
        for place, body in table(table(lock).get("workspaces")).items()
    )
    first = (value[0] for value in table(table(lock).get("packages")).values() if isinstance(value, list) and value)
    linked = {one.partition("@workspace:")[0] for one in first if isinstance(one, str) and "@workspace:" in one}
    return Sheet(
        role="lock",
        ecosystem="npm",
        tool="bun",
        entries=(*found, *_linked(linked)),
        recorded=recorded,
        members=tuple(place for place, _ in recorded if place),
    )


_READERS = {
    "package.json": _manifest,
    "package-lock.json": _npm,
    _SHRINKWRAP: _npm,
    "pnpm-lock.yaml": _pnpm,
    "yarn.lock": _yarn,
    "bun.lock": _bun,
    "bun.lockb": _bun,
}
ROW = Cataloguer(
    name="locks-npm",
    version=1,
    ecosystem="npm",
    wants=Wanted(names=frozenset(_READERS), limit="lock_file_bytes"),
    catalogue=catalogue,
)
