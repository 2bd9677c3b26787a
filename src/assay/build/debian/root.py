"""Many packages, one tree: who may own what, the links their scripts would have made, and what no package brings.

The rules stand in for maintainer scripts, which never run; `VERSION` counts every change of what they write.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping

import msgspec

from assay.build.debian import paths, scripts
from assay.build.debian.unpack import Spool, Unpacked
from assay.model.errors import MalformedError
from assay.model.tree import OwnedEntry, Owner, Span, TreeEntry

VERSION = "1"
CA_BUNDLE = b"etc/ssl/certs/ca-certificates.crt"
_CA_FOLDER = b"usr/share/ca-certificates/"
_CA_LOCAL = b"usr/local/share/ca-certificates/"
_HOSTS = (
    b"127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n"
)
_NSSWITCH = (
    b"passwd:\tfiles\ngroup:\tfiles\nshadow:\tfiles\nhosts:\tfiles dns\n"
    b"networks:\tfiles\nprotocols:\tfiles\nservices:\tfiles\n"
)
_FOLDERS: tuple[tuple[bytes, int, int], ...] = (
    (b"dev", 0o755, 0), (b"etc", 0o755, 0), (b"home", 0o755, 0), (b"mnt", 0o755, 0), (b"opt", 0o755, 0),
    (b"proc", 0o755, 0), (b"root", 0o700, 0), (b"run", 0o755, 0), (b"run/lock", 0o1777, 0), (b"srv", 0o755, 0),
    (b"sys", 0o755, 0), (b"tmp", 0o1777, 0), (b"usr/local/bin", 0o755, 0), (b"usr/local/lib", 0o755, 0),
    (b"var", 0o755, 0), (b"var/cache", 0o755, 0), (b"var/lib", 0o755, 0), (b"var/log", 0o755, 0),
    (b"var/spool", 0o755, 0), (b"var/tmp", 0o1777, 0),
)  # fmt: skip
_REPLACED = (b"var/run", b"var/lock")
"""Folders of base-files that its postinst turns into links."""
Read = Callable[[Span], Iterator[bytes]]


class Tree(msgspec.Struct, frozen=True, kw_only=True):
    """A root made of packages."""

    entries: tuple[OwnedEntry, ...]
    skipped: tuple[scripts.Script, ...]


def build(
    packages: Iterable[Unpacked],
    *,
    architecture: str,
    spool: Spool,
    read: Read,
    reviewed: Mapping[str, str],
    acknowledged: Iterable[str] = (),
    mount_points: Iterable[str] = (),
) -> Tree:
    """Put packages together.

    Args:
        packages: unpacked, in any order.
        architecture: of Debian: `amd64`.
        spool: keeps the bytes of files the rules make up.
        read: gives the bytes of a span.
        reviewed: digest of a maintainer script → what stands in for it.
        acknowledged: packages whose scripts the spec's author has read.
        mount_points: folders that must be there (build roots).

    Raises:
        MalformedError: two packages own one path and neither replaces the other's.
        UnsupportedError: a maintainer script nobody has reviewed.
    """
    known = sorted(packages, key=lambda one: one.control.name)
    skipped = scripts.judge(
        {one.control.name: one.control.scripts for one in known}, reviewed=reviewed, acknowledged=set(acknowledged)
    )
    tree: dict[bytes, OwnedEntry] = {}
    replaces = {one.control.name: _names(one.control.replaces) for one in known}
    for package in known:
        for item in package.entries:
            _add(tree, item, replaces)
    for path in _REPLACED:
        tree.pop(path, None)
    for item in _rules(tree, known, architecture, spool, read, mount_points):
        tree.setdefault(item.entry.path, item)
    return Tree(entries=tuple(tree[path] for path in sorted(tree)), skipped=skipped)


def _names(relation: str) -> frozenset[str]:
    """The package names of a relation field; versions and alternatives make no difference here."""
    return frozenset(re.findall(r"(?:^|[,|])\s*([a-z0-9][a-z0-9+.-]+)", relation))


def _add(tree: dict[bytes, OwnedEntry], item: OwnedEntry, replaces: Mapping[str, frozenset[str]]) -> None:
    """One owner a path; a folder and equal files may be shared, and `Replaces` settles the rest (policy §7.6)."""
    found = tree.get(item.entry.path)
    if found is None:
        tree[item.entry.path] = item
        return
    if _meaning(found) == _meaning(item):
        return
    first, second = found.owner.name, item.owner.name
    if first in replaces[second]:
        tree[item.entry.path] = item
    elif second not in replaces[first]:
        raise MalformedError(
            "two packages own one path",
            where="/" + item.entry.path.decode("utf-8", "surrogateescape"),
            why=f"{first} and {second} bring different {item.entry.kind} entries, and neither replaces the other's",
            remedy="leave one of them out",
        )


def _meaning(item: OwnedEntry) -> tuple[object, ...]:
    entry = item.entry
    content = item.span.digest if item.span else entry.link
    return (entry.kind, entry.mode, entry.uid, entry.gid, entry.xattrs, content)


def _rules(
    tree: Mapping[bytes, OwnedEntry],
    packages: list[Unpacked],
    architecture: str,
    spool: Spool,
    read: Read,
    mount_points: Iterable[str],
) -> Iterator[OwnedEntry]:
    names = {one.control.name for one in packages}
    for path, mode, gid in _FOLDERS:
        yield _folder("base", path, mode, gid)
    yield from folders_to_mount(mount_points)
    for name in paths.LINKS.get(architecture, ("bin", "lib", "sbin")):
        yield _link("merged-usr", name.encode(), f"usr/{name}".encode())
        yield _folder("merged-usr", f"usr/{name}".encode())
    yield _link("base", b"var/run", b"/run")
    yield _link("base", b"var/lock", b"/run/lock")
    yield _file("base", b"etc/hosts", _HOSTS, spool)
    yield _file("base", b"etc/nsswitch.conf", _NSSWITCH, spool)
    yield from _copies(tree, spool, read)
    for link, target in scripts.chosen(wish for one in packages for wish in one.wishes).items():
        place = paths.merged(target.lstrip("/").encode())
        if place in tree:
            yield _link("alternatives", paths.merged(link.lstrip("/").encode()), target.encode())
    if "tzdata" in names:
        yield _link("tzdata", b"etc/localtime", b"/usr/share/zoneinfo/Etc/UTC")
        yield _file("tzdata", b"etc/timezone", b"Etc/UTC\n", spool)
    yield from _certificates(tree, spool, read)


def folders_to_mount(names: Iterable[str]) -> Iterator[OwnedEntry]:
    """Folders a sandbox mounts something over: in a read-only root none can be made."""
    for name in names:
        yield _folder("mount-points", name.encode(), 0o1777 if name == "tmp" else 0o755)


def _copies(tree: Mapping[bytes, OwnedEntry], spool: Spool, read: Read) -> Iterator[OwnedEntry]:
    """Defaults that scripts copy into /etc when nothing is there."""
    for source, target in (
        (b"usr/share/base-files/profile", b"etc/profile"),
        (b"usr/share/base-files/motd", b"etc/motd"),
        (b"usr/share/readline/inputrc", b"etc/inputrc"),
        (b"usr/share/base-passwd/passwd.master", b"etc/passwd"),
        (b"usr/share/base-passwd/group.master", b"etc/group"),
    ):
        found = tree.get(source)
        if found is not None and found.span is not None:
            yield _file("defaults", target, b"".join(read(found.span)), spool)


def _certificates(tree: Mapping[bytes, OwnedEntry], spool: Spool, read: Read) -> Iterator[OwnedEntry]:
    """The bundle of trusted roots, sorted by file name; with it the link that OpenSSL looks through.

    The link lives in the package `openssl`: without that command an image would trust nobody, silently.
    """
    spans = [
        (path, item.span)
        for path, item in sorted(tree.items())
        if path.startswith((_CA_FOLDER, _CA_LOCAL)) and path.endswith(b".crt") and item.span is not None
    ]
    if not spans:
        return
    bundle = b"".join(_with_newline(b"".join(read(span))) for _, span in spans)
    yield _file("ca-bundle", CA_BUNDLE, bundle, spool)
    yield _link("ca-bundle", b"usr/lib/ssl/certs", b"/etc/ssl/certs")
    yield _link("ca-bundle", b"usr/lib/ssl/cert.pem", b"/" + CA_BUNDLE)


def _with_newline(data: bytes) -> bytes:
    return data if data.endswith(b"\n") else data + b"\n"


def _folder(rule: str, path: bytes, mode: int = 0o755, gid: int = 0) -> OwnedEntry:
    return OwnedEntry(TreeEntry(path=path, kind="directory", mode=mode, gid=gid), Owner("rule", rule))


def _link(rule: str, path: bytes, target: bytes) -> OwnedEntry:
    return OwnedEntry(TreeEntry(path=path, kind="symlink", mode=0o777, link=target), Owner("rule", rule))


def _file(rule: str, path: bytes, data: bytes, spool: Spool) -> OwnedEntry:
    return OwnedEntry(TreeEntry(path=path, mode=0o644, size=len(data)), Owner("rule", rule), spool([data]))
