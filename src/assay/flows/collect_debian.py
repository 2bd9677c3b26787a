"""Debian packages of an image as entries with owners: read from the store, each the very one its lock names."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from assay.build import lock as locks
from assay.build.debian import relations, root
from assay.build.debian.deb import Control
from assay.build.debian.unpack import Unpacked, unpack
from assay.build.platforms import ARCHITECTURES
from assay.dependencies.versions.deb import DEB
from assay.model.digest import Digest
from assay.model.errors import UntrustedError
from assay.model.image import Platform
from assay.model.limits import Limits
from assay.ports.stores import ContentStore, Spool

Sharing = Callable[[Callable[[Any], Any], Sequence[Any]], list[Any]]
"""Shares calls out among threads; the results in the items' order."""


def one_by_one(function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
    """A `Sharing` without threads."""
    return [function(item) for item in items]


def of_role(
    lock: locks.Lock,
    role: str,
    architecture: str,
    *,
    store: ContentStore,
    spool: Spool,
    limits: Limits,
    reviewed: Mapping[str, str],
    acknowledged: Iterable[str] = (),
    strip: Iterable[str] = (),
    mount_points: Iterable[str] = (),
    sharing: Sharing = one_by_one,
) -> root.Tree:
    """The tree that the packages of a role make.

    Args:
        lock: names them.
        role: `image` or `toolchain:NAME`.
        architecture: of Debian.
        store: sealed.
        spool: keeps files.
        limits: on sizes and counts.
        reviewed: digest of a maintainer script → what stands in for it.
        acknowledged: packages whose scripts the spec's author has read.
        strip: words of the spec.
        mount_points: folders a build root needs.
        sharing: packages are inflated beside each other; the tree is the same.

    Raises:
        UntrustedError: one depends on what the lock does not hold for that role: somebody edited it.
        UnsupportedError: a maintainer script nobody has reviewed. MalformedError: two packages own one path.
    """
    wanted = [one for one in lock.packages if role in one.roles and one.architecture in (architecture, "all")]
    left_out = tuple(strip)
    # The largest first, so that no thread is left with it at the end.
    order = sorted(wanted, key=lambda one: (-one.size, one.name))
    unpacked = sharing(lambda one: _unpacked(one, store, spool, left_out, limits), order)
    _closed(role, architecture, [one.control for one in unpacked])
    return root.build(
        unpacked,
        architecture=architecture,
        spool=spool.add,
        read=spool.read,
        reviewed=reviewed,
        acknowledged=acknowledged,
        mount_points=mount_points,
    )


def _closed(role: str, architecture: str, packages: Sequence[Control]) -> None:
    """A resolver leaves nothing out; an editor may."""
    found = relations.wanting(packages, architecture=architecture, compare=DEB.compare)
    if found:
        told = "; ".join(f"{one.package} depends on {one.clause}" for one in found[:3])
        more = f", and {len(found) - 3} more" if len(found) > 3 else ""
        raise UntrustedError(
            "the lock is not whole", where=f"packages for {role}", why=f"{told}{more}: it pins nothing that is that",
            remedy="somebody edited it: write it anew with `assay lock`", code="LOCK_MISMATCH", step="lock",
        )  # fmt: skip


def _unpacked(
    one: locks.DebianPackage,
    store: ContentStore,
    spool: Spool,
    strip: tuple[str, ...],
    limits: Limits,
) -> Unpacked:
    with store.open(Digest.parse(one.sha256)) as pieces:
        found = unpack(
            pieces,
            name=one.name,
            version=one.version,
            architecture=one.architecture,
            spool=spool.add,
            strip=strip,
            where=f"{one.name} {one.version}",
            limits=limits,
        )
        for _ in pieces:  # to the end, where the store's own check stands
            pass
    return found


def architecture_of(platform: Platform) -> str:
    """Debian's name of a platform's machine."""
    return ARCHITECTURES[str(platform)]
