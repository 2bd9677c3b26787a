"""Git sources signed by SSH keys: commits and tags that `git` itself signed, held against an allowed signers file."""

import pytest

from assay.adapters.git import Git
from assay.adapters.gpgv import Gpgv
from assay.build.spec import GitSource
from assay.flows.lock_git import GitTools, lock_git
from assay.model.errors import UntrustedError
from assay.model.limits import DEFAULT_LIMITS
from fakes.contentstore import MemoryContentStore
from gitplaces import TIME, HandMade, Repository, needs_git
from sshkeys import make, needs_ssh_keygen, public

pytestmark = [needs_git, needs_ssh_keygen]


def lock(url, commit, tag, allowed, *, now=TIME + 100, fetcher=None):
    tools = GitTools(
        fetcher=fetcher or Git(), verifier=Gpgv(), store=MemoryContentStore(), limits=DEFAULT_LIMITS, now=now
    )
    source = GitSource(url=url, commit=commit, tag=tag, signed_by="k")
    data = allowed.encode() if isinstance(allowed, str) else allowed
    return lock_git(tools, source, "app", keyring=data, previous=None).signers


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    return make(tmp_path_factory.mktemp("ssh"))


def signing(key):
    return ("-c", "gpg.format=ssh", "-c", f"user.signingkey={key}")


class Signed(Repository):
    """A repository whose commit and tag `v1` are signed."""

    def __init__(self, folder, key, *, wide=False):
        super().__init__(folder, wide=wide)
        self.put("a", "1")
        self.git("add", ".")
        self.git(*signing(key), "commit", "-q", "-S", "-m", "x")
        self.head = self.git("rev-parse", "HEAD")
        self.git(*signing(key), "tag", "-s", "-m", "m", "v1")


@pytest.mark.parametrize("wide", [False, True])
def test_a_commit_and_a_tag_that_git_signed(tmp_path, key, wide):
    made = Signed(tmp_path / "r", key, wide=wide)
    made.git("tag", "light")
    allowed = f'c@example.org namespaces="git" {public(key)}'
    for tag in (None, "light", "v1"):
        (signer,) = lock(made.url, made.head, tag, allowed)
        assert signer.startswith("SHA256:")
        assert signer.endswith(" c@example.org")
    (made.folder / "allowed").write_text(allowed)
    options = ("-c", f"gpg.ssh.allowedSignersFile={made.folder / 'allowed'}")
    made.git(*options, "verify-commit", made.head)
    made.git(*options, "verify-tag", "v1")


def test_another_key_is_unknown_and_git_says_good(tmp_path, key):
    made = Signed(tmp_path / "r", key)
    other = make(tmp_path)
    with pytest.raises(UntrustedError, match="no key of the allowed signers"):
        lock(made.url, made.head, "v1", f"c@example.org {public(other)}")
    with pytest.raises(UntrustedError, match="no key of the allowed signers"):
        lock(made.url, made.head, "v1", "")


def test_an_unsigned_tag_on_a_signed_commit_is_unsigned(tmp_path, key):
    made = Signed(tmp_path / "r", key)
    made.git("tag", "-a", "-m", "m", "v2")
    with pytest.raises(UntrustedError, match="nobody signed it") as caught:
        lock(made.url, made.head, "v2", f"c {public(key)}")
    assert caught.value.code == "source.unsigned"


def test_the_committers_own_time_is_no_proof(tmp_path, key):
    """git believes it: an expired key signs the past."""
    made = Signed(tmp_path / "r", key)
    allowed = f'c valid-before="20231201Z" {public(key)}'
    (made.folder / "allowed").write_text(allowed)
    made.git("-c", f"gpg.ssh.allowedSignersFile={made.folder / 'allowed'}", "verify-tag", "v1")
    assert lock(made.url, made.head, "v1", allowed)
    for now in (TIME + 10**8, None):
        with pytest.raises(UntrustedError, match="allowed") as caught:
            lock(made.url, made.head, "v1", allowed, now=now)
        assert caught.value.code == "source.key-not-valid"
    later = f'c valid-after="20231201Z" {public(key)}'
    for tag in (None, "v1"):  # made before the key was allowed, by its own word
        with pytest.raises(UntrustedError, match="not yet allowed"):
            lock(made.url, made.head, tag, later, now=TIME + 10**8)


def test_keys_of_the_other_form_are_named(tmp_path, key):
    made = Signed(tmp_path / "r", key)
    for keyring in (b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nx\n", b"\x99\x01\x0d\x04\0"):
        with pytest.raises(UntrustedError, match="allowed signers file"):
            lock(made.url, made.head, "v1", keyring)
    hand = HandMade()
    commit = hand.commit(hand.tree())
    hand.annotated(commit, "v1", rest=b"-----BEGIN PGP SIGNATURE-----\n\nx\n-----END PGP SIGNATURE-----\n")
    with pytest.raises(UntrustedError, match="an OpenPGP keyring"):
        lock("u://x", commit, "v1", f"c {public(key)}", fetcher=hand)


def test_a_signature_over_another_object_is_refused(tmp_path, key):
    made = Signed(tmp_path / "r", key)
    text = made.git("cat-file", "tag", "v1").encode() + b"\n"
    hand = HandMade()
    other = hand.commit(hand.tree())
    hand.tags["v1"] = hand.add("tag", text.replace(made.head.encode(), other.encode()))
    with pytest.raises(UntrustedError, match="does not fit"):
        lock("u://x", other, "v1", f"c {public(key)}", fetcher=hand)
