"""npm packages by their lock: the lock's keys are the folders, its integrity decides, nothing of a package runs.

npm documentation, "package-lock.json", lockfileVersion 2 and 3.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import msgspec

from assay.formats import strictjson, tarread
from assay.formats.codec import inflate
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry

Spool = Callable[[Iterable[bytes]], Span]
_ONE = r"node_modules/(?:@[A-Za-z0-9~_-][A-Za-z0-9~._-]*/)?[A-Za-z0-9~_-][A-Za-z0-9~._-]*"
_PLACE = re.compile(f"{_ONE}(?:/{_ONE})*", re.ASCII)
_INTEGRITY = re.compile(r"sha512-([A-Za-z0-9+/]{86}==)", re.ASCII)
_CPUS = {"amd64": "x64", "arm64": "arm64", "armhf": "arm", "i386": "ia32", "ppc64el": "ppc64", "s390x": "s390x"}
_GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
"""What every tarball of a registry is; nothing is guessed by its first bytes."""
_PACKAGES_COUNT = 100_000


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """One package of the lock."""

    place: str
    """Its folder: `node_modules/a/node_modules/b`."""
    name: str
    version: str
    url: str
    """As the lock has it; empty where it says none."""
    sha512: str
    """Hexadecimal."""
    is_dev: bool = False
    has_scripts: bool = False


def read(data: bytes, *, architecture: str, dev: bool, where: str, limits: Limits) -> tuple[Wanted, ...]:
    """The packages of a lock that belong into an image.

    Args:
        data: package-lock.json.
        architecture: of Debian: packages for other machines are left out.
        dev: also what only development needs.
        where: named in errors.
        limits: on bytes.

    Raises:
        MalformedError: not a lock of version 2 or 3, a package without sha512, a strange folder.
        UnsupportedError: a link, a git dependency, or more packages than any project has.
    """
    document = strictjson.loads(data, where=where, limit=limits.metadata_bytes * 16)
    version = document.get("lockfileVersion") if isinstance(document, dict) else None
    packages = document.get("packages") if isinstance(document, dict) else None
    if version not in (2, 3) or not isinstance(packages, dict):
        raise _bad(where, f"lockfileVersion is {str(version)[:20]}, it must be 2 or 3", "run `npm install` with npm 7+")
    if len(packages) > _PACKAGES_COUNT:
        raise UnsupportedError("too many packages", where=where, why=f"limit {_PACKAGES_COUNT}")
    found = []
    for place, entry in sorted(packages.items()):
        if place and isinstance(entry, dict) and _belongs(entry, architecture, dev, f"{where} {place[:100]}"):
            found.append(_wanted(place, entry, where))
    return tuple(one for one in found if one is not None)


def _belongs(entry: dict[str, Any], architecture: str, dev: bool, where: str) -> bool:
    """Whether a package is for this image; one for other machines may be left out where it is optional, as npm does.

    Raises:
        UnsupportedError: it is not, and something needs it (npm: EBADPLATFORM).
    """
    if entry.get("dev") is True and not dev:
        return False
    fits = (
        _fits(entry.get("os"), "linux")
        and _fits(entry.get("cpu"), _CPUS.get(architecture, architecture))
        and (entry.get("libc") is None or _fits(entry.get("libc"), "glibc"))
    )
    if not fits and entry.get("optional") is not True and entry.get("devOptional") is not True:
        raise UnsupportedError(
            "a package that is not for this platform", where=where,
            why=f"it needs os {entry.get('os')!s:.60}, cpu {entry.get('cpu')!s:.60}; the image is linux {architecture}",
            remedy="leave the platform out, or the package",
        )  # fmt: skip
    return fits


def _fits(wanted: object, here: str) -> bool:
    """`os`, `cpu`: any of a list, none of those with a `!` (package.json documentation)."""
    words = [wanted] if isinstance(wanted, str) else wanted if isinstance(wanted, list) else []
    allowed = [word for word in words if isinstance(word, str) and not word.startswith("!")]
    return f"!{here}" not in words and (not allowed or here in allowed)


def _wanted(place: str, entry: dict[str, Any], where: str) -> Wanted | None:
    spot = f"{where} packages[{place[:100]!r}]"
    if entry.get("link") is True:
        raise UnsupportedError(
            "a linked package", where=spot, why="it lies outside of node_modules", remedy="name it as a source"
        )
    if not _PLACE.fullmatch(place):
        raise _bad(spot, "it is no folder below node_modules", "run `npm install` again")
    if entry.get("inBundle") is True:
        return None  # it comes inside another package's tarball
    url = entry.get("resolved", "")
    if not isinstance(url, str) or (url and not url.startswith(("https://", "http://"))):
        raise UnsupportedError(
            "a package that is no tarball of a registry", where=spot, why=str(url)[:100],
            remedy="pin a published version, or name it as a source",
        )  # fmt: skip
    match = _INTEGRITY.search(str(entry.get("integrity", "")))
    if match is None:
        raise _bad(spot, "it has no sha512 integrity", "run `npm install` again with a registry that gives one")
    try:
        digest = base64.b64decode(match[1], validate=True).hex()
    except binascii.Error as error:
        raise _bad(spot, f"integrity: {error}", "run `npm install` again") from error
    name = entry.get("name") or place.rsplit("node_modules/", 1)[-1]
    return Wanted(
        place=place,
        name=str(name),
        version=str(entry.get("version", "")),
        url=url,
        sha512=digest,
        is_dev=entry.get("dev") is True,
        has_scripts=entry.get("hasInstallScript") is True,
    )


def address(one: Wanted, registry: str) -> str:
    """Where the tarball is asked for: at the registry the machine's own client is configured with."""
    base = registry.rstrip("/")
    if one.url:
        path = re.sub(r"^https?://[^/]+", "", one.url)
        own = re.sub(r"^https?://[^/]+", "", base)
        return f"{base}{path.removeprefix(own)}"
    return f"{base}/{one.name}/-/{one.name.rsplit('/', 1)[-1]}-{one.version}.tgz"


def lay(
    chunks: Iterable[bytes], place: str, *, owner: Owner, spool: Spool, limits: Limits, where: str
) -> Iterator[OwnedEntry]:
    """A tarball's entries in the package's folder, the `node_modules/` of the place left out, and its `.bin` links.

    Modes are levelled: 0755 where anybody may execute and for what `.bin` names, 0644 elsewhere. As npm does, the last
    of two entries of one name counts.
    """
    below = place.removeprefix("node_modules/")
    manifest = b""
    found: dict[bytes, OwnedEntry] = {}
    plain = inflate(chunks, _GZIP, limits, where, limit=limits.archive_inflated_bytes)
    for entry, content in tarread.read(plain, limits, where=where):
        _, _, path = entry.path.partition(b"/")  # npm strips the first folder, whatever its name
        if not path or entry.kind in ("symlink", "hardlink", "character", "block", "fifo"):
            continue  # as npm: a package is files
        target = f"{below}/".encode() + path
        if entry.kind == "directory":
            found[path] = OwnedEntry(TreeEntry(path=target, kind="directory", mode=0o755), owner)
            continue
        data = b"".join(content)
        manifest = data if path == b"package.json" else manifest
        mode = 0o755 if entry.mode & 0o111 else 0o644
        found[path] = OwnedEntry(TreeEntry(path=target, mode=mode, size=len(data)), owner, spool([data]))
    for _ in plain:  # behind a tar's end come zeros, and gzip's own check
        pass
    for program, path in _programs(manifest):
        item = found.get(path)
        if item is not None and item.entry.kind == "file":
            found[path] = OwnedEntry(msgspec.structs.replace(item.entry, mode=0o755), owner, item.span)
            yield _link(below, program, path, owner)
    yield from found.values()


def _programs(manifest: bytes) -> Iterator[tuple[str, bytes]]:
    """(name, path in the package) of each program (package.json, "bin")."""
    try:
        document = msgspec.json.decode(manifest) if manifest else {}
    except (msgspec.DecodeError, RecursionError):
        return
    programs = document.get("bin") if isinstance(document, dict) else None
    name = str(document.get("name", "")).rsplit("/", 1)[-1] if isinstance(document, dict) else ""
    if isinstance(programs, str):
        programs = {name: programs}
    for program, path in sorted(programs.items()) if isinstance(programs, dict) else ():
        clean = str(path).removeprefix("./").strip("/")
        if re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9._-]*", program) and ".." not in clean.split("/"):
            yield program, clean.encode("utf-8", "surrogateescape")


def _link(below: str, program: str, path: bytes, owner: Owner) -> OwnedEntry:
    """`.bin/NAME` beside the package."""
    parent, _, leaf = below.rpartition("node_modules/")
    folder = f"{parent}node_modules/.bin" if parent else ".bin"
    entry = TreeEntry(
        path=f"{folder}/{program}".encode(), kind="symlink", mode=0o777, link=f"../{leaf}/".encode() + path
    )
    return OwnedEntry(entry, owner)


def _bad(where: str, why: str, remedy: str) -> MalformedError:
    return MalformedError("not an acceptable package-lock.json", where=where, why=why, remedy=remedy)
