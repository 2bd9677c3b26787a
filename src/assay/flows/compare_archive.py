"""A release archive against the tag it claims to be, file by file, without a checkout."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.flows import git_tree
from assay.flows.lock_git import GitTools, check_tag_name, peel
from assay.formats import sourcearchive
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UntrustedError
from assay.model.tree import TreeEntry
from assay.source import archive_diff, archive_rewriting, gitobjects
from assay.source.archive_diff import Comparison, Content
from assay.source.gitobjects import FOLDER, PROGRAM, SUBMODULE, SYMLINK, TreeItem

_BINARY_BYTES = 8_000
"""git looks for a NUL in so many bytes (`buffer_is_binary`)."""
_REWRITTEN_BYTES = 4 << 20
"""Only files up to this size are asked for a change their tag declares."""


class Against(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive was compared with, and what came out."""

    url: str
    tag: str
    commit: str
    tree: str
    found: Comparison

    def locked(self) -> locks.ComparedArchive:
        """As it stands in the lock."""
        return locks.ComparedArchive(
            url=self.url, tag=self.tag, commit=self.commit, tree=self.tree, same=self.found.same_count,
            generated=self.found.generated, test_blobs=self.found.test_blobs,
            differences=tuple(
                locks.ArchiveDifference(code=one.code, severity=one.severity, path=one.path, why=one.why)
                for one in self.found.differences
            ),
        )  # fmt: skip


def compare_archive(
    tools: GitTools, source: specs.ArchiveSource, locked: locks.ArchiveLock, name: str
) -> Against | None:
    """What an archive holds that the tag it claims to be does not; None where the spec names no repository.

    Raises:
        UntrustedError: the tag is of another commit than the spec says. MalformedError: a path twice in the archive.
    """
    wanted = source.compare_git
    if wanted is None:
        return None
    where = f"sources.{name}.compare-git"
    check_tag_name(wanted.tag, where)
    with tools.fetcher.fetch(wanted.url, commit=wanted.commit or "", tag=wanted.tag) as objects:
        commit, _ = peel(objects, wanted.tag, where=where)
        if wanted.commit is not None and commit != wanted.commit:
            raise UntrustedError(
                "the tag is another commit's", where=where, why=f"{wanted.tag} names {commit}, not {wanted.commit}",
                remedy="look at what moved, then name the commit you reviewed",
            )  # fmt: skip
        tree = gitobjects.commit(git_tree.read(objects, commit, "commit", where=where), commit, where=where).tree
        items = git_tree.items(objects, tree, tools.limits, where=where)
        theirs = {_shown(path): _of_tag(item) for path, item in items.items() if item.mode not in (FOLDER, SUBMODULE)}
        named = {_shown(path): item.id for path, item in items.items() if item.mode not in (FOLDER, SUBMODULE, SYMLINK)}

        def rewritten(path: str, ours: bytes) -> str:
            before = git_tree.read(objects, named[path], "blob", where=where) if path in named else b""
            return archive_rewriting.why(path, ours, before, generated=wanted.generated) if before else ""

        reader = _Reader(tools, tree, theirs, rewritten)
        ours = reader.read(source, locked)
    found = archive_diff.compare(ours, theirs, generated=wanted.generated, declared=reader.declared)
    return Against(url=wanted.url, tag=wanted.tag, commit=commit, tree=tree, found=found)


def _of_tag(item: TreeItem) -> Content:
    return Content(item.id, is_program=item.mode == PROGRAM, is_link=item.mode == SYMLINK)


class _Reader:
    """Goes through an archive once; what differs is looked at while its bytes are at hand."""

    def __init__(
        self, tools: GitTools, like: str, theirs: Mapping[str, Content], rewritten: Callable[[str, bytes], str]
    ) -> None:
        self._tools, self._like, self._theirs, self._rewritten = tools, like, theirs, rewritten
        self.declared: dict[str, str] = {}

    def read(self, source: specs.ArchiveSource, locked: locks.ArchiveLock) -> Mapping[str, Content]:
        """Path without the leading folders → content."""
        found: dict[str, Content] = {}
        whole: dict[bytes, Content] = {}
        where = locked.url or locked.path
        with self._entries(locked, where) as entries:
            for entry, pieces in entries:
                if entry.kind == "directory":
                    continue
                path = _shown(b"/".join(entry.path.split(b"/")[source.strip :]))
                content = self._content(entry, pieces, path, whole, where)
                if path and found.setdefault(path, content) != content:
                    raise MalformedError(
                        "a path stands twice in an archive", where=f"{where} {path[:300]}",
                        why="readers disagree which of the two counts", remedy="do not use this archive",
                    )  # fmt: skip
                whole[entry.path] = content
        return found

    @contextmanager
    def _entries(self, locked: locks.ArchiveLock, where: str) -> Iterator[Iterator[tuple[TreeEntry, Iterator[bytes]]]]:
        limits = self._tools.limits
        with self._tools.store.open(Digest.parse(locked.sha256)) as pieces:
            yield sourcearchive.read(pieces, limits, where=where)
            for _ in pieces:  # to the end, where the store's own check stands
                pass

    def _content(
        self, entry: TreeEntry, pieces: Iterator[bytes], path: str, whole: Mapping[bytes, Content], where: str
    ) -> Content:
        is_program = bool(entry.mode & 0o111)
        if entry.kind == "symlink":
            return Content(gitobjects.object_id("blob", entry.link, self._like), is_link=True)
        if entry.kind == "hardlink":
            target = whole.get(entry.link)
            if target is None:
                raise MalformedError(
                    "a hard link to nothing", where=f"{where} {path[:300]}", why="its file does not stand before it",
                    remedy="do not use this archive",
                )  # fmt: skip
            return target
        if entry.kind != "file":
            return Content("", is_program)
        state = gitobjects.blob_hash(entry.size, self._like)
        kept, head, differs = [], b"", entry.size <= _REWRITTEN_BYTES and path in self._theirs
        for piece in pieces:
            state.update(piece)
            head += piece[: _BINARY_BYTES - len(head)]
            if differs:
                kept.append(piece)
        content = Content(state.hexdigest(), is_program, is_binary=b"\0" in head)
        if differs and self._theirs[path].id != content.id:
            reason = self._rewritten(path, b"".join(kept))
            if reason:
                self.declared[path] = reason
        return content


def _shown(path: bytes) -> str:
    """A path as text: what is not UTF-8 is written out, so that it stands in any report."""
    return path.decode("utf-8", "backslashreplace")
