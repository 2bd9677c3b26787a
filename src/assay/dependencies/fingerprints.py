"""Which known Java libraries an archive holds, by the names and checksums of its classes (dep. 2.5).

An anchor, the path of a telling class, gives the library and the folder it lies in; only then is the library's block
read. Classes that are there unchanged tell the version; where every class was rewritten (relocated to another package,
compiled anew) their names still tell the library, weakly. What a copy lacks counts less than what contradicts it: a
copy may be minimised, but it holds no class that its version does not have.
"""

import zlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from pathlib import Path
from typing import Literal, NamedTuple

from assay.dependencies.fingerprint_scores import MOST_SHARE, Score, alike, by_classes, by_names, unchanged
from assay.formats.fingerprints import Block, Library, class_sum, read_block, read_fingerprints
from assay.formats.zipdirectory import Member
from assay.model.inventory import Confidence
from assay.model.limits import Limits

Method = Literal["sha1", "fingerprint", "structure"]

CLASS, _META = ".class", "META-INF/"
_METHODS: tuple[Method, ...] = ("sha1", "fingerprint", "structure")
"""The surest first."""
_DATA = "fingerprints.bin"
_LEAST_ANCHORS = 2
"""Anchors in one folder before a library is looked for there (fewer if it has fewer)."""
_CLASSES_FACTOR = 10
_CLASS_FOLDERS = ("", "WEB-INF/classes/", "BOOT-INF/classes/")
"""Where an archive keeps classes of its own."""
_LAST = "\U0010ffff"
_name = attrgetter("name")
_OWN_SHARE = 0.95
"""Share of an archive's classes that lie below the root: more, and the archive is the library itself."""


class Match(NamedTuple):
    """A library that was recognised."""

    group: str
    artifact: str
    versions: tuple[str, ...]
    """Every known version that fits equally well, oldest first; more than one: nobody can tell which."""
    method: Method
    confidence: Confidence
    root: str
    """The folder of its classes inside the archive, with the closing slash; empty for the whole archive."""
    whole: bool
    """Whether hardly any other class is in the archive."""
    complete: bool
    """Whether everything known of the version is there; by structure: every name."""
    relocated: bool
    """Whether the classes lie in another package than the library's own."""


class _Place(NamedTuple):
    library: Library
    root: str
    anchors: int


class _Claim(NamedTuple):
    """A match, how well it fits (the smallest first), and the classes it explains."""

    rank: tuple[int, float, int]
    match: Match
    classes: frozenset[str]
    whole: int
    """Classes of the version; 0 where something of it is missing or only names speak for it."""


class _Folder(NamedTuple):
    """The class files below one folder: the content sums and the full name by the number of the path; how many."""

    present: dict[int, set[int]]
    names: dict[int, str]
    size: int

    @property
    def total(self) -> int:
        """The sum of all its classes, as `Block.sums` has it."""
        return sum(class_sum(name, crc) for name, sums in self.present.items() for crc in sums) & (1 << 64) - 1


def _folder(ordered: Sequence[Member], root: str) -> _Folder:
    """What lies below `root`, of members sorted by name."""
    start = bisect_left(ordered, root, key=_name)
    end = bisect_left(ordered, root + _LAST, start, key=_name)
    present: dict[int, set[int]] = {}
    names: dict[int, str] = {}
    for member in ordered[start:end]:
        number = name_of(member.name[len(root) :])
        present.setdefault(number, set()).add(member.crc)
        names[number] = member.name
    return _Folder(present, names, end - start)


class Fingerprints:
    """Known libraries, ready to be asked; blocks are read once, when first needed."""

    def __init__(self, libraries: Sequence[Library], where: str) -> None:
        self.libraries = tuple(libraries)
        self._where = where
        self._anchors: dict[str, list[tuple[Library, str]]] = {}
        self._blocks: dict[tuple[str, str], Block] = {}
        for library in libraries:
            for anchor in library.anchors:
                self._anchors.setdefault(anchor.rpartition("/")[2], []).append((library, anchor))

    def recognise(
        self,
        members: Sequence[Member],
        sha1: Callable[[], bytes],
        known: Callable[[str, str], bool],
        limits: Limits,
        *,
        named: bool = False,
    ) -> tuple[list[Match], int]:
        """The libraries an archive holds.

        Args:
            members: of its central directory.
            sha1: gives the digest of the whole archive; asked only when it may be a known one.
            known: whether a group and an artifact need not be looked for: the archive declares it.
            named: whether the archive says itself what it is: then it is not told by the mere names of its classes.
            limits: `archive_libraries_count` bounds the (library, folder) pairs that are looked at, and
                `_CLASSES_FACTOR` times `archive_entries_count` the classes in all of them.

        Returns:
            The matches sorted by folder and name, and how many pairs were left out.

        Raises:
            MalformedError: the fingerprints are damaged (not the archive).
        """
        found = [place for place in self._places(members) if not known(place.library.group, place.library.artifact)]
        if not found:
            return [], 0
        classes = sorted(classes_of(members), key=_name)
        claims: list[_Claim] = []
        folders: dict[str, _Folder] = {}
        budget = _CLASSES_FACTOR * limits.archive_entries_count
        for done, place in enumerate(found):
            if done >= limits.archive_libraries_count or budget <= 0:
                return _best(claims), len(found) - done
            folder = folders.get(place.root)
            if folder is None:
                folder = folders[place.root] = _folder(classes, place.root)
                budget -= folder.size
            claim = self._match(place, folder, len(classes), sha1, named=named)
            if claim is not None:
                claims.append(claim)
        return _best(claims), 0

    def _places(self, members: Iterable[Member]) -> list[_Place]:
        """Folders with enough anchors of a library, those with most anchors first."""
        anchors = self._anchors
        counts: Counter[tuple[str, str, str]] = Counter()
        libraries: dict[tuple[str, str], Library] = {}
        names = {name for member in members if (name := member.name).rpartition("/")[2] in anchors}
        for name in [name for name in names if not name.startswith(_META)]:
            for library, anchor in anchors[name.rpartition("/")[2]]:
                prefix = name[: -len(anchor)]
                if name.endswith(anchor) and (not prefix or prefix.endswith("/")):
                    libraries[library.group, library.artifact] = library
                    counts[library.group, library.artifact, prefix] += 1
        places = [
            _Place(libraries[group, artifact], prefix, count)
            for (group, artifact, prefix), count in counts.items()
            if count >= min(_LEAST_ANCHORS, len(libraries[group, artifact].anchors))
        ]
        return sorted(places, key=lambda p: (-p.anchors, len(p.root), p.root, p.library.group, p.library.artifact))

    def _match(
        self, place: _Place, folder: _Folder, classes: int, sha1: Callable[[], bytes], *, named: bool
    ) -> _Claim | None:
        """The library in one folder, by its classes, else by their names."""
        library, block, present = place.library, self._block(place.library), folder.present
        scores = by_classes(block, present, len(library.versions))
        best = _standing(unchanged(scores), scores, block, folder)
        method: Method = "fingerprint"
        whole = folder.size >= _OWN_SHARE * classes
        relocated = place.root not in [own + library.root for own in _CLASS_FOLDERS]
        if not best and named and whole and not relocated:
            return None
        if not best:
            method, scores = "structure", by_names(block, present, len(library.versions))
            best = alike(scores)
        if not best:
            return None
        share = scores[best[0]].hits / scores[best[0]].total
        asked = whole and method == "fingerprint" and share == 1
        same = _same_archive(block, sha1(), len(library.versions)) if asked else []
        if same:
            method, best = "sha1", same
        match = Match(
            group=library.group,
            artifact=library.artifact,
            versions=tuple(library.versions[index] for index in best),
            method=method,
            confidence=_confidence(method, share, len(best)),
            root=place.root,
            whole=whole,
            complete=share == 1,
            relocated=relocated,
        )
        claimed = frozenset(
            folder.names[number]
            for number, mask in zip(block.names, block.name_masks, strict=True)
            if number in present and _holds(block.masks[mask], best[0])
        )
        size = block.counts[best[0]] if share == 1 and method != "structure" else 0
        return _Claim((_METHODS.index(method), -share, -len(claimed)), match, claimed, size)

    def _block(self, library: Library) -> Block:
        key = (library.group, library.artifact)
        if key not in self._blocks:
            self._blocks[key] = read_block(library, self._where)
        return self._blocks[key]


def _confidence(method: Method, share: float, candidates: int) -> Confidence:
    if method == "sha1":
        return "certain"
    return "strong" if method == "fingerprint" and candidates == 1 and share >= MOST_SHARE else "weak"


def _standing(best: Sequence[int], scores: Sequence[Score], block: Block, folder: _Folder) -> list[int]:
    """Without versions that have as many classes as the folder, but not all the same: it is one that nobody knows."""
    same = [i for i in best if scores[i].hits == scores[i].total and block.counts[i] == folder.size]
    if not same:
        return list(best)
    total = folder.total
    return [i for i in best if i not in same or block.sums[2 * i] | block.sums[2 * i + 1] << 32 == total]


def _holds(mask: bytes, version: int) -> bool:
    return version >> 3 < len(mask) and bool(mask[version >> 3] >> (version & 7) & 1)


def _same_archive(block: Block, digest: bytes, versions: int) -> list[int]:
    return [index for index in range(versions) if block.digests[20 * index : 20 * index + 20] == digest]


def _is_part(claim: _Claim, whole: _Claim) -> bool:
    """Whether a project ships one library inside another of its own: Tomcat's parts are all in its embedded one.

    Both have one group (or one group lies in the other) and one version, everything of the larger one is there, and
    most classes of the smaller one lie in folders of the larger: else they only stand side by side, as Spring's do.
    """
    one, other = f"{claim.match.group}.", f"{whole.match.group}."
    return (
        whole.whole > claim.whole
        and claim.match.root.startswith(whole.match.root)
        and (one.startswith(other) or other.startswith(one))
        and not set(claim.match.versions).isdisjoint(whole.match.versions)
        and _lies_in(claim.classes, whole.classes)
    )


def _lies_in(classes: frozenset[str], others: frozenset[str]) -> bool:
    """Whether most of the classes have one of the others beside them; both are samples, spread over all folders."""
    folders = {name[: name.rfind("/")] for name in others}
    return 2 * sum(name[: name.rfind("/")] in folders for name in classes) > len(classes)


def _best(claims: Sequence[_Claim]) -> list[Match]:
    """Of libraries that claim the same classes (forks, renamed artifacts) only the one that fits best.

    A library that is part of another one that is there has no claim of its own. Names alone do not stand where the
    classes of a folder were recognised as something else.
    """
    classes: set[str] = set()
    folders: set[str] = set()
    kept: list[Match] = []
    wholes = [claim for claim in claims if claim.whole]
    standing = [claim for claim in claims if not any(_is_part(claim, whole) for whole in wholes)]
    for claim in sorted(standing, key=lambda one: (one.rank, one.match)):
        if claim.match.method == "structure":
            told = sum(name[: name.rfind("/")] in folders for name in claim.classes)
        else:
            told = len(claim.classes & classes)
        if 2 * told <= len(claim.classes):
            kept.append(claim.match)
            classes |= claim.classes
            folders.update(name[: name.rfind("/")] for name in claim.classes)
    return sorted(kept, key=lambda match: (match.root, match.group, match.artifact))


def classes_of(members: Iterable[Member]) -> list[Member]:
    """The class files of an archive that are its own content, not its variants for later Java releases."""
    return [member for member in members if member.name.endswith(CLASS) and not member.name.startswith(_META)]


def name_of(path: str) -> int:
    """A path below the root as a number."""
    return zlib.crc32(path.encode("utf-8", "surrogateescape"))


@lru_cache(maxsize=1)
def builtin() -> Fingerprints:
    """The fingerprints that come with Assay."""
    data = Path(__file__).with_name(_DATA).read_bytes()  # importlib.resources would load zipfile and tempfile
    return Fingerprints(read_fingerprints(data, _DATA), _DATA)


def joined(own: Sequence[Library], where: str) -> Fingerprints:
    """A user's libraries beside those that come with Assay; one of the same name takes their place.

    Raises:
        MalformedError: a block of the user's libraries is damaged; all are read, so that no archive meets it later.
    """
    for library in own:
        read_block(library, where)
    names = {(library.group, library.artifact) for library in own}
    rest = [library for library in builtin().libraries if (library.group, library.artifact) not in names]
    return Fingerprints([*own, *rest], where)
