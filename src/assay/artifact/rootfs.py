"""Merge layers into one root, asked backwards: not "what is in the root?" but "is this layer's file still in it?".

A scan cares for a few thousand files among millions of names. So only these files and their parent directories are
hashed, each layer's names are run past that small set, and every question is answered from the hits.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from struct import Struct, iter_unpack

import msgspec

from assay.artifact.layers import HASH_BYTES, LayerScan, Link, path_hash
from assay.model.limits import DEFAULT_LIMITS, Limits

_MANY = Struct("16s" * 512)
"""Names are taken apart so many at a time: three times as fast as one by one."""
_FEW_COUNT = 8
"""Up to so many names of interest are looked for one after the other; more, and taking all apart is quicker."""

Candidate = tuple[int, str]
"""(index of the layer that holds the file, its clean path)."""


class ResolvedLink(msgspec.Struct, frozen=True, order=True):
    """A hard link with the place of its content: the layer and path of the regular file it names."""

    layer: int
    path: str
    target_layer: int
    target: str


def hidden_by(scans: Sequence[LayerScan], candidates: Iterable[Candidate]) -> dict[Candidate, int | None]:
    """For each candidate the lowest layer above its own that hides, deletes or replaces it, or None: it is visible.

    A file is hidden by a layer that holds the same path (as file or directory), a whiteout of it or of a directory
    above it, an opaque mark on a directory above it, or a file or link where a directory above it was (OCI image-spec
    1.1, layer.md). A layer never hides its own files.

    Args:
        scans: lowest first; a candidate's layer index counts in this sequence.
        candidates: files that were seen.
    """
    answer: dict[Candidate, int | None] = dict.fromkeys(candidates)
    below = _Below()
    on_path: dict[bytes, list[int]] = {}
    on_parent: dict[bytes, list[int]] = {}
    by_layer: dict[int, list[str]] = {}
    for layer, path in answer:
        by_layer.setdefault(layer, []).append(path)
    for index, scan in enumerate(scans):
        if below.own:  # the lowest layer hides nothing: its names are never looked at
            files = _hits(scan.files, below.names) | _hits(scan.whiteouts, below.names)
            for digest in files | _hits(scan.directories, below.names):
                on_path.setdefault(digest, []).append(index)
            for digest in files | _hits(scan.opaques, below.names):
                on_parent.setdefault(digest, []).append(index)
        below.add(by_layer.get(index, ()))
    around = _around(below.folders, on_parent)
    for layer, path in answer:
        events = around[path.rpartition("/")[0]]
        own_events = on_path.get(below.own[path])
        if own_events is not None:
            events = [*own_events, *events]
        if events:
            answer[layer, path] = min([index for index in events if index > layer], default=None)
    return answer


class _Below:
    """The hashes of the files that lie below the layer that is looked at, and of the directories above them."""

    def __init__(self) -> None:
        self.own: dict[str, bytes] = {}
        self.folders = {"": path_hash("")}
        """The root ("") included; each behind the one above it."""
        self.names: set[bytes] = {self.folders[""]}
        """All of them."""

    def add(self, paths: Iterable[str]) -> None:
        """What the next layers may hide."""
        own, folders, names = self.own, self.folders, self.names
        for path in paths:
            if path in own:
                continue
            own[path] = digest = path_hash(path)
            names.add(digest)
            missing = []
            folder = path.rpartition("/")[0]
            while folder not in folders:
                missing.append(folder)
                folder = folder.rpartition("/")[0]
            for folder in reversed(missing):
                folders[folder] = digest = path_hash(folder)
                names.add(digest)


def _around(folders: dict[str, bytes], on_parent: dict[bytes, list[int]]) -> dict[str, list[int]]:
    """For each directory the layers that cover what is in it: those of the one above, often one list, and its own."""
    found = {"": on_parent.get(folders[""], [])}
    for folder, digest in folders.items():
        if folder:
            above, here = found[folder.rpartition("/")[0]], on_parent.get(digest)
            found[folder] = above if here is None else [*above, *here]
    return found


def resolve_links(
    scans: Sequence[LayerScan], limits: Limits = DEFAULT_LIMITS
) -> tuple[tuple[ResolvedLink, ...], tuple[tuple[int, str, str], ...]]:
    """Where the content of each remembered hard link lies: in its own layer, else in the nearest layer below.

    A target that is itself a remembered link is followed on (links always lead to an older entry or a lower layer),
    at most `link_hops_count` times.

    Returns:
        (resolved links, dangling ones as (layer, path, target)); both sorted.
    """
    links = [(index, link) for index, scan in enumerate(scans) for link in scan.links]
    interest = {path_hash(link.target) for _, link in links}
    holders: dict[bytes, list[int]] = {}
    for index, scan in enumerate(scans):
        for digest in _hits(scan.files, interest):
            holders.setdefault(digest, []).append(index)
    by_name = {(index, link.path): link.target for index, link in links}
    covered = hidden_by(scans, _below(links, holders))
    resolved, dangling = [], []
    for index, link in links:
        place = _follow(index, link.target, by_name, holders, covered, limits.link_hops_count)
        if place is None:
            dangling.append((index, link.path, link.target))
        else:
            resolved.append(ResolvedLink(index, link.path, *place))
    return tuple(sorted(resolved)), tuple(sorted(dangling))


def _below(links: Iterable[tuple[int, Link]], holders: dict[bytes, list[int]]) -> set[Candidate]:
    """The places a link may lead to in a lower layer: none, where its own layer holds what it names, as nearly always.

    A chain goes on from a link, so each hop asks what one of the links would ask.
    """
    places: set[Candidate] = set()
    for layer, link in links:
        found = holders.get(path_hash(link.target), ())
        if layer not in found:
            places.update((index, link.target) for index in found if index < layer)
    return places


def _follow(
    layer: int,
    target: str,
    by_name: dict[tuple[int, str], str],
    holders: dict[bytes, list[int]],
    covered: dict[Candidate, int | None],
    hops: int,
) -> Candidate | None:
    """The layer and path of the file at the end of a chain of links; None if it is missing, hidden or too far."""
    for _ in range(hops):
        held = None
        for index in reversed(holders.get(path_hash(target), [])):
            hider = covered.get((index, target))
            if index == layer or (index < layer and (hider is None or hider >= layer)):
                held = index
                break
        if held is None:
            return None
        following = by_name.get((held, target))
        if following is None:
            return held, target
        layer, target = held, following
    return None


def _hits(names: bytes, interest: set[bytes]) -> set[bytes]:
    """Which of a layer's names are of interest; one pass in C, about 20 ns a name."""
    if len(interest) <= _FEW_COUNT:
        return {digest for digest in interest if _holds(names, digest)}
    whole = len(names) // _MANY.size * _MANY.size
    taken = chain(_MANY.iter_unpack(memoryview(names)[:whole]), iter_unpack("16s", names[whole:]))
    return interest.intersection(chain.from_iterable(taken))


def _holds(names: bytes, digest: bytes) -> bool:
    """Whether one of the names is this one: what lies across two of them is none."""
    at = names.find(digest)
    while at >= 0 and at % HASH_BYTES:
        at = names.find(digest, at + 1)
    return at >= 0
