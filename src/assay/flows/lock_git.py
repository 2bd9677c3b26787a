"""Git sources, pinned: every object's id recomputed, the tag peeled and compared, its signature checked where asked.

The content is made from tree objects: `git archive` drops and rewrites files by attributes in the tree itself.
"""

import re

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.flows import git_tree
from assay.formats import tarwrite
from assay.model.errors import UnsupportedError, UntrustedError, UsageError
from assay.model.limits import Limits
from assay.ports.git import GitFetcher, GitObjects
from assay.ports.packages import SignedTextVerifier
from assay.ports.stores import ContentStore
from assay.source import gitobjects
from assay.source.gitobjects import Commit, Tag

_TAG = re.compile(
    r"(?!.*(?:\.\.|//|/\.|@\{|\.lock(?:/|$)))[^\x00-\x20\x7f~^:?*\[\\/.-][^\x00-\x20\x7f~^:?*\[\\]{0,254}"
)
"""git-check-ref-format(1), a little stricter: nothing in it is a pattern or an expression of revisions."""


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
        UnsupportedError: a submodule, a pointer to a file that lies elsewhere (LFS), a signature that is not OpenPGP.
    """
    where = f"sources.{name}"
    if source.tag is not None:
        check_tag_name(source.tag, where)
    old = previous if isinstance(previous, locks.GitLock) and previous.url == source.url else None
    with tools.fetcher.fetch(source.url, commit=source.commit, tag=source.tag or "") as objects:
        commit = gitobjects.commit(
            git_tree.read(objects, source.commit, "commit", where=where), source.commit, where=where
        )
        tag = _tag(objects, source, old, where) if source.tag is not None else None
        _unmoved(old, source, tag, where)
        signers: tuple[str, ...] = ()
        if source.signed_by is not None:
            signers = _signers(tools.verifier, tag or commit, keyring, where)
        found = git_tree.items(objects, commit.tree, tools.limits, where=where)
        content = tarwrite.write(git_tree.entries(objects, found, where=where))
        blob = tools.store.put(content, limit=tools.limits.build_input_bytes)
    return locks.GitLock(
        url=source.url, commit=source.commit, tree=commit.tree, tag=source.tag or "", tag_object=tag.id if tag else "",
        time=commit.committed, signers=signers, content=str(blob.digest), size=blob.size,
    )  # fmt: skip


def check_tag_name(name: str, where: str) -> None:
    """A tag's name, and nothing git would read as more than one.

    Raises:
        UsageError: it is none.
    """
    if not _TAG.fullmatch(name) or name.endswith((".", "/")):
        raise UsageError("not the name of a tag", where=where, why=f"{name[:100]!a}", remedy="name one tag")


def peel(objects: GitObjects, name: str, *, where: str) -> tuple[str, Tag | None]:
    """The commit a tag names, and the annotated tag where it is one.

    Raises:
        UntrustedError: no such tag, a tag under another name, or a tag of something that is no commit.
    """
    target = objects.tag(name)
    if target is None:
        raise UntrustedError("no such tag", where=where, why=name, remedy="check the tag")
    kind, data = objects.read(target)
    if kind == "commit":
        return target, None
    if kind != "tag":
        raise UntrustedError("the tag names no commit", where=where, why=f"{name} names a {kind}")
    tag = gitobjects.tag(data, target, where=where)
    if tag.kind != "commit" or tag.name != name:
        raise UntrustedError(
            "the tag is not what it is called", where=where, why=f"it says {tag.name!a} and names a {tag.kind}",
            remedy="look at who made it",
        )  # fmt: skip
    return tag.object, tag


def _tag(objects: GitObjects, source: specs.GitSource, old: locks.GitLock | None, where: str) -> Tag | None:
    """The annotated tag of the spec's commit; None where it is a light one."""
    name = source.tag or ""
    commit, tag = peel(objects, name, where=where)
    if commit != source.commit:
        seen = old is not None and (old.tag, old.commit) == (name, source.commit)
        raise UntrustedError(
            "a tag has moved" if seen else "the tag is another commit's", where=where,
            code="source.tag-moved" if seen else "", why=f"{name} names {commit}, not {source.commit}",
            remedy="look at what moved, then name the commit you reviewed",
        )  # fmt: skip
    return tag


def _unmoved(old: locks.GitLock | None, source: specs.GitSource, tag: Tag | None, where: str) -> None:
    """The first target of a tag that was seen stays its target (`source.tag-moved`)."""
    if old is None or not old.tag or old.tag != source.tag:
        return
    now = (source.commit, tag.id if tag else "")
    if (old.commit, old.tag_object) != now:
        raise UntrustedError(
            "a tag has moved", where=where, code="source.tag-moved",
            why=f"{old.tag} was {old.tag_object or old.commit}, now it is {now[1] or now[0]}",
            remedy="find out who moved it; to accept it, remove the lock",
        )  # fmt: skip


def _signers(verifier: SignedTextVerifier, signed: Commit | Tag, keyring: bytes, where: str) -> tuple[str, ...]:
    form = gitobjects.form(signed.signature)
    what = "commit" if isinstance(signed, Commit) else "tag"
    if form == "none":
        raise UntrustedError(
            "nobody signed it", where=where, why=f"the {what} {signed.id} has no signature",
            remedy="ask its maintainers for signed tags, or leave `signed-by` out",
        )  # fmt: skip
    if form != "openpgp":
        raise UnsupportedError(
            "a signature of a kind this version cannot check", where=where, why=f"the {what} is signed by {form}",
            remedy="have it signed by OpenPGP, or leave `signed-by` out and name the commit you reviewed",
        )  # fmt: skip
    return verifier.verify_detached(signed.payload, signed.signature, keyring, where=where)
