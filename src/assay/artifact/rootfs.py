"""Merge layers into one root, asked backwards: not "what is in the root?" but "is this layer's file still in it?".

A scan cares for a few thousand files among millions of names. So only these files and their parent directories are
hashed, each layer's names are run past that small set, and every question is answered from the hits.
"""

from collections.abc import Iterable, Sequence
from itertools import chain
from struct import iter_unpack

import msgspec

from assay.artifact.layers import LayerScan, Link, path_hash
from assay.model.limits import DEFAULT_LIMITS, Limits

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
    wanted = list(candidates)
    if not wanted:
        return {}
    own = {path: path_hash(path) for _, path in wanted}
    folders = _folders(own)
    on_path, on_parent = _events(scans, frozenset(chain(own.values(), folders.values())))
    around = _around(folders, on_parent)
    answer: dict[Candidate, int | None] = {}
    for layer, path in wanted:
        events = around[path.rpartition("/")[0]]
        own_events = on_path.get(own[path])
        if own_events is not None:
            events = [*own_events, *events]
        answer[layer, path] = min([index for index in events if index > layer], default=None) if events else None
    return answer


def _folders(paths: Iterable[str]) -> dict[str, bytes]:
    """The hashes of all directories above some paths, the root ("") included; each behind the one above it."""
    found = {"": path_hash("")}
    for path in paths:
        missing = []
        folder = path.rpartition("/")[0]
        while folder not in found:
            missing.append(folder)
            folder = folder.rpartition("/")[0]
        for folder in reversed(missing):
            found[folder] = path_hash(folder)
    return found


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
    interest = frozenset(path_hash(link.target) for _, link in links)
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


def _events(
    scans: Sequence[LayerScan], interest: frozenset[bytes]
) -> tuple[dict[bytes, list[int]], dict[bytes, list[int]]]:
    """Layers that cover a path itself, and layers that cover what is below a path, by hash."""
    on_path: dict[bytes, list[int]] = {}
    on_parent: dict[bytes, list[int]] = {}
    for index, scan in enumerate(scans):
        if not index:
            continue  # the lowest layer hides nothing: its names are never looked at
        files = _hits(scan.files, interest)
        gone = _hits(scan.whiteouts, interest)
        for digest in files | gone | _hits(scan.directories, interest):
            on_path.setdefault(digest, []).append(index)
        for digest in files | gone | _hits(scan.opaques, interest):
            on_parent.setdefault(digest, []).append(index)
    return on_path, on_parent


def _hits(names: bytes, interest: frozenset[bytes]) -> frozenset[bytes]:
    """Which of a layer's names are of interest; one pass in C, about 60 ns a name."""
    if not interest:
        return frozenset()
    return interest.intersection(chain.from_iterable(iter_unpack("16s", names)))
