"""Git sources, pinned: every object's id recomputed, the tag peeled and compared, its signature checked where asked.

The content is made from tree objects: `git archive` drops and rewrites files by attributes in the tree itself.
"""

import re
from collections.abc import Iterator, Mapping

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.formats import tarread, tarwrite, unpack
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.limits import Limits
from assay.model.tree import TreeEntry
from assay.ports.git import GitFetcher, GitObjects
from assay.ports.packages import SignedTextVerifier
from assay.ports.stores import ContentStore
from assay.source import archive_diff, gitobjects
from assay.source.archive_diff import Comparison, Content
from assay.source.gitobjects import FOLDER, PROGRAM, SUBMODULE, SYMLINK

_LFS = b"version https://git-lfs.github.com/spec/v1"
_DEPTH_COUNT = 64


class GitTools(msgspec.Struct, frozen=True, kw_only=True):
    """What git sources are locked with."""

    fetcher: GitFetcher
    verifier: SignedTextVerifier
    store: ContentStore
    limits: Limits


def lock_git(
    tools: GitTools, source: specs.GitSource, name: str, *, keyring: bytes, previous: locks.SourceLock | None
) -> locks.GitLock:
    """Bring a commit and pin it.

    Args:
        tools: see there.
        source: as the spec names it.
        name: of the source, for errors.
        keyring: public keys, one of which must have signed; empty where the spec asks for none.
        previous: how it was locked before: a tag never moves.

    Raises:
        UntrustedError: an object that is not its id, a tag of another commit, a moved tag, no good signature.
        UnsupportedError: a submodule, or a pointer to a file that lies elsewhere (LFS).
    """
    where = f"sources.{name}"
    with tools.fetcher.fetch(source.url, commit=source.commit, tag=source.tag or "") as objects:
        commit = gitobjects.commit(_bytes(objects, source.commit, "commit"), source.commit, where=where)
        tag_object, signed = "", (commit.payload, commit.signature)
        if source.tag is not None:
            tag_object, signed = _tag(objects, source, signed, where)
        _unmoved(previous, source, tag_object, where)
        signers: tuple[str, ...] = ()
        if source.signed_by is not None:
            signers = tools.verifier.verify_detached(*signed, keyring, where=where)
        entries = sorted(_walk(objects, commit.tree, b"", where, 0), key=lambda item: item[0].path)
        blob = tools.store.put(tarwrite.write((e, [c]) for e, c in entries), limit=tools.limits.build_input_bytes)
    return locks.GitLock(
        url=source.url, commit=source.commit, tree=commit.tree, tag=source.tag or "", tag_object=tag_object,
        time=commit.committed, signers=signers, content=str(blob.digest), size=blob.size,
    )  # fmt: skip


def compare_archive(
    tools: GitTools, source: specs.ArchiveSource, locked: locks.ArchiveLock, name: str
) -> Comparison | None:
    """What an archive holds that the tag it claims to be does not; None where the spec names no repository.

    Raises:
        UntrustedError: the tag is of another commit than the spec says.
    """
    wanted = source.compare_git
    if wanted is None:
        return None
    where = f"sources.{name}.compare-git"
    with tools.fetcher.fetch(wanted.url, commit=wanted.commit or "", tag=wanted.tag) as objects:
        target = objects.tag(wanted.tag)
        if target is None:
            raise UntrustedError("no such tag", where=where, why=wanted.tag, remedy="check the tag")
        kind, data = objects.read(target)
        commit = gitobjects.tag(data, target, where=where).object if kind == "tag" else target
        if wanted.commit is not None and commit != wanted.commit:
            raise UntrustedError("the tag is another commit's", where=where, why=f"{commit}, not {wanted.commit}")
        tree = gitobjects.commit(_bytes(objects, commit, "commit"), commit, where=where).tree
        theirs = {
            entry.path.decode("utf-8", "surrogateescape"): Content(
                gitobjects.object_id("blob", content if entry.kind == "file" else entry.link, tree),
                entry.kind == "file" and bool(entry.mode & 0o100),
            )
            for entry, content in _walk(objects, tree, b"", where, 0, strict=False)
            if entry.kind != "directory"
        }
    ours = _archive(tools, source, locked, tree)
    return archive_diff.compare(ours, theirs, generated=wanted.generated)


def _archive(
    tools: GitTools, source: specs.ArchiveSource, locked: locks.ArchiveLock, like: str
) -> Mapping[str, Content]:
    found: dict[str, Content] = {}
    with tools.store.open(Digest.parse(locked.sha256)) as pieces:
        where = locked.url or locked.path
        plain = unpack.unpack(pieces, tools.limits, where=where, limit=tools.limits.build_input_bytes)
        for entry, content in tarread.read(plain, tools.limits, where=where):
            path = b"/".join(entry.path.split(b"/")[source.strip :]).decode("utf-8", "surrogateescape")
            if path and entry.kind in ("file", "symlink"):
                data = b"".join(content) if entry.kind == "file" else entry.link
                found[path] = Content(gitobjects.object_id("blob", data, like), bool(entry.mode & 0o100))
        for _ in pieces:
            pass
    return found


def _bytes(objects: GitObjects, identifier: str, kind: str) -> bytes:
    found, data = objects.read(identifier)
    if found != kind:
        raise UntrustedError("a git object of another kind", where=identifier, why=f"a {found}, expected a {kind}")
    return data


def _tag(
    objects: GitObjects, source: specs.GitSource, signed: tuple[bytes, bytes], where: str
) -> tuple[str, tuple[bytes, bytes]]:
    """The annotated tag's id and what its signature covers; a light tag is the commit itself."""
    target = objects.tag(source.tag or "")
    if target == source.commit:
        return "", signed
    if target is None:
        raise UntrustedError("no such tag", where=where, why=str(source.tag), remedy="check the tag")
    kind, data = objects.read(target)
    if kind != "tag":
        raise UntrustedError("the tag is another commit's", where=where, why=f"{target}, not {source.commit}")
    tag = gitobjects.tag(data, target, where=where)
    if tag.object != source.commit or tag.kind != "commit" or tag.name != source.tag:
        raise UntrustedError(
            "the tag is another commit's", where=where, why=f"{tag.name} names {tag.object}, not {source.commit}",
            remedy="look at what moved, then name the commit you reviewed",
        )  # fmt: skip
    return tag.id, (tag.payload, tag.signature)


def _unmoved(previous: locks.SourceLock | None, source: specs.GitSource, tag_object: str, where: str) -> None:
    """The first target of a tag that was seen stays its target (`source.tag-moved`)."""
    if not isinstance(previous, locks.GitLock) or previous.url != source.url or previous.tag != (source.tag or ""):
        return
    if previous.tag and (previous.commit, previous.tag_object) != (source.commit, tag_object):
        raise UntrustedError(
            "a tag has moved", where=where, code="source.tag-moved",
            why=f"{previous.tag} was {previous.commit}, now it is {source.commit}",
            remedy="find out who moved it; to accept it, remove the lock",
        )  # fmt: skip


def _walk(
    objects: GitObjects, identifier: str, folder: bytes, where: str, depth: int, *, strict: bool = True
) -> Iterator[tuple[TreeEntry, bytes]]:
    if depth > _DEPTH_COUNT:
        raise MalformedError("folders nested too deep", where=where, why=f"limit {_DEPTH_COUNT}")
    data = gitobjects.check("tree", _bytes(objects, identifier, "tree"), identifier, where=where)
    for item in gitobjects.tree(data, where=where):
        path = folder + item.name
        if item.mode == FOLDER:
            yield TreeEntry(path=path, kind="directory", mode=0o755), b""
            yield from _walk(objects, item.id, path + b"/", where, depth + 1, strict=strict)
            continue
        if item.mode == SUBMODULE:
            if not strict:
                continue
            raise UnsupportedError(
                "a submodule", where=f"{where} {path.decode('utf-8', 'replace')}", why="it lies in another repository",
                remedy="name it as a source of its own",
            )  # fmt: skip
        content = gitobjects.check("blob", _bytes(objects, item.id, "blob"), item.id, where=where)
        if item.mode == SYMLINK:
            yield TreeEntry(path=path, kind="symlink", mode=0o777, link=content), b""
            continue
        if strict and content.startswith(_LFS) and re.search(rb"\noid sha256:[0-9a-f]{64}\n", content):
            raise UnsupportedError(
                "a pointer to a file that lies elsewhere (LFS)", where=f"{where} {path.decode('utf-8', 'replace')}",
                why="its content is not in the repository", remedy="name the file as a source with its digest",
            )  # fmt: skip
        mode = 0o755 if item.mode == PROGRAM else 0o644
        yield TreeEntry(path=path, mode=mode, size=len(content)), content
