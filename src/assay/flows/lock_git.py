"""Git sources, pinned: every object's id recomputed, the tag peeled and compared, its signature checked where asked.

The content is made from tree objects: `git archive` drops and rewrites files by attributes in the tree itself.
"""

import re

import msgspec

from assay.build import lock as locks
from assay.build import spec as specs
from assay.flows import git_tree
from assay.formats import allowedsigners, tarwrite
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

_NAMESPACE = "git"
"""What git's signatures by SSH are for (git-config(1), gpg.ssh)."""


class GitTools(msgspec.Struct, frozen=True, kw_only=True):
    """What git sources are locked with."""

    fetcher: GitFetcher
    verifier: SignedTextVerifier
    store: ContentStore
    limits: Limits
    now: int | None = None
    """Unix seconds, for keys that are allowed for a time; None refuses them."""


def lock_git(
    tools: GitTools, source: specs.GitSource, name: str, *, keyring: bytes, previous: locks.SourceLock | None
) -> locks.GitLock:
    """Bring a commit and pin it.

    Args:
        tools: see there.
        source: as the spec names it.
        name: of the source, for errors.
        keyring: an OpenPGP keyring or an allowed signers file, of which one must have signed; empty where the spec
            asks for none.
        previous: how it was locked before: a tag never moves.

    Raises:
        UntrustedError: an object that is not its id, a tag of another commit, a moved tag, no good signature.
        UnsupportedError: a submodule, a pointer to a file that lies elsewhere (LFS), an X.509 signature.
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
            signers = _signers(tools, tag or commit, keyring, where)
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


def _signers(tools: GitTools, signed: Commit | Tag, trusted: bytes, where: str) -> tuple[str, ...]:
    form = gitobjects.form(signed.signature)
    what = "commit" if isinstance(signed, Commit) else "tag"
    if form == "none":
        raise UntrustedError(
            "nobody signed it", where=where, why=f"the {what} {signed.id} has no signature", code="source.unsigned",
            remedy="ask its maintainers for signed tags, or leave `signed-by` out",
        )  # fmt: skip
    if signed.signature.count(b"-----BEGIN ") != 1:
        raise UntrustedError(
            "more than one signature", where=where, why=f"of the {what} {signed.id}: readers disagree which counts",
            code="source.ambiguous-signature", remedy="have it signed anew",
        )  # fmt: skip
    if form == "ssh":
        return _ssh(tools, signed, trusted, where)
    if form == "x509":
        raise UnsupportedError(
            "a signature of a kind this version cannot check", where=where,
            why=f"the {what} is signed by X.509 (S/MIME, gitsign): its certificate lives for minutes, and no time that "
            "is more than its signer's word stands beside it",
            remedy="have it signed by OpenPGP or SSH, or leave `signed-by` out and name the commit you reviewed",
        )  # fmt: skip
    if looks_allowed(trusted):
        raise _other_form(where, what, "OpenPGP", "an OpenPGP keyring")
    return tools.verifier.verify_detached(signed.payload, signed.signature, trusted, where=where)


def _ssh(tools: GitTools, signed: Commit | Tag, trusted: bytes, where: str) -> tuple[str, ...]:
    """By a line of an allowed signers file, whose window must hold now and at the time the signed object tells.

    That time alone proves nothing (its signer writes it); git asks for it, and what we accept git accepts.
    """
    from assay.trust.sshsigned import verify

    what = "commit" if isinstance(signed, Commit) else "tag"
    if not looks_allowed(trusted):
        raise _other_form(where, what, "SSH", "an allowed signers file (ssh-keygen(1))")
    told = signed.committed if isinstance(signed, Commit) else signed.tagged
    times = [] if tools.now is None else [tools.now, *([] if told is None else [told])]
    signers = allowedsigners.read(trusted, where=f"{where}.signed-by")
    proof = verify(signed.payload, signed.signature, signers, namespace=_NAMESPACE, times=times, where=where)
    return tuple(f"{proof.fingerprint} {principals}" for principals in proof.principals)


def looks_allowed(trusted: bytes) -> bool:
    """Whether keys are an allowed signers file: text that is no armoured OpenPGP keyring (a binary one is no text)."""
    try:
        return "\0" not in trusted.decode("utf-8") and not trusted.lstrip().startswith(b"-----BEGIN PGP")
    except UnicodeDecodeError:
        return False


def _other_form(where: str, what: str, form: str, wanted: str) -> UntrustedError:
    return UntrustedError(
        "signed by other means than the keys are of", where=where, code="source.unknown-key",
        why=f"the {what} is signed by {form}", remedy=f"let `signed-by` name {wanted}",
    )  # fmt: skip
