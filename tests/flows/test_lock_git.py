"""A repository as a source: the commit and tag of the spec, every object what its id says, signed by whom was named."""

import io
import shutil
import subprocess
import tarfile

import msgspec
import pytest

from assay.adapters.git import Git
from assay.adapters.gpgv import Gpgv
from assay.build.spec import GitSource
from assay.flows.lock_git import GitTools, lock_git
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from fakes.contentstore import MemoryContentStore
from gitplaces import TIME, HandMade, Repository, needs_git

SSH = b"-----BEGIN SSH SIGNATURE-----\nU1NIU0lH\n-----END SSH SIGNATURE-----\n"
POINTER = b"version https://git-lfs.github.com/spec/v1\noid sha256:" + b"a" * 64 + b"\nsize 3\n"


class Place:
    def __init__(self, fetcher=None, limits=DEFAULT_LIMITS):
        self.store = MemoryContentStore()
        self.tools = GitTools(fetcher=fetcher or Git(), verifier=Gpgv(), store=self.store, limits=limits)

    def lock(self, url, commit, tag=None, *, previous=None, keyring=b"", signed=False):
        source = GitSource(url=url, commit=commit, tag=tag, signed_by="k" if signed else None)
        return lock_git(self.tools, source, "app", keyring=keyring, previous=previous)

    def members(self, locked):
        with self.store.open(Digest.parse(locked.content)) as pieces:
            data = b"".join(pieces)
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            return {
                one.name: (one.type, oct(one.mode), tar.extractfile(one).read() if one.isreg() else one.linkname)
                for one in tar.getmembers()
            }


@pytest.fixture
def place():
    return Place()


@pytest.fixture
def repository(tmp_path):
    made = Repository(tmp_path / "repository")
    made.put("main.py", "print(1)\n")
    made.put("bin/run", "#!/bin/sh\n", 0o755)
    (made.folder / "link").symlink_to("../main.py")
    made.first = made.commit()
    return made


@needs_git
@pytest.mark.parametrize("wide", [False, True])
def test_a_commit_and_its_tag_are_pinned(place, tmp_path, wide):
    made = Repository(tmp_path / "r", wide=wide)
    made.put("a/b.txt", "text")
    commit = made.commit()
    made.git("tag", "light")
    made.git("tag", "-a", "-m", "m", "v1")
    plain, light, full = (place.lock(made.url, commit, tag) for tag in (None, "light", "v1"))
    assert len(plain.commit) == (64 if wide else 40)
    assert (plain.tree, plain.time) == (made.git("rev-parse", "HEAD^{tree}"), TIME)
    assert (light.tag, light.tag_object) == ("light", "")
    assert full.tag_object == made.git("rev-parse", "v1")
    assert plain.content == light.content == full.content
    assert place.members(full) == {"a": (b"5", "0o755", ""), "a/b.txt": (b"0", "0o644", b"text")}


@needs_git
def test_links_and_modes_are_those_of_the_tree(place, repository):
    found = place.members(place.lock(repository.url, repository.first))
    assert found["bin/run"][:2] == (b"0", "0o755")
    assert found["link"] == (b"2", "0o777", "../main.py")
    assert found["main.py"] == (b"0", "0o644", b"print(1)\n")


@needs_git
def test_attributes_in_the_tree_change_nothing(place, repository):
    attributes = "main.py export-subst eol=crlf\nbin/run export-ignore\n*.txt text ident\n"
    repository.write(_dot_gitattributes=attributes, note_dot_txt="a\n")
    repository.put("main.py", "$Format:%H$\n")
    commit = repository.commit()
    found = place.members(place.lock(repository.url, commit))
    assert found["main.py"][2] == b"$Format:%H$\n"
    assert {"bin/run", ".gitattributes", "note.txt"} <= found.keys()
    assert place.lock(repository.url, commit) == place.lock(repository.url, commit)


@needs_git
def test_a_tag_of_another_commit_is_refused(place, repository):
    repository.git("tag", "-a", "-m", "m", "v1")
    repository.put("main.py", "print(2)\n")
    second = repository.commit()
    repository.git("tag", "light")
    for commit, tag in ((second, "v1"), (repository.first, "light")):
        with pytest.raises(UntrustedError, match="the tag is another commit's") as caught:
            place.lock(repository.url, commit, tag)
        assert caught.value.code == ""


@needs_git
def test_a_moved_tag_is_refused_by_what_was_locked_before(place, repository):
    repository.git("tag", "-a", "-m", "m", "v1")
    before = place.lock(repository.url, repository.first, "v1")
    assert place.lock(repository.url, repository.first, "v1", previous=before) == before
    repository.put("main.py", "print(2)\n")
    second = repository.commit()
    repository.git("tag", "-f", "-a", "-m", "m", "v1")
    for commit in (repository.first, second):  # whether or not the spec followed
        with pytest.raises(UntrustedError, match="a tag has moved") as caught:
            place.lock(repository.url, commit, "v1", previous=before)
        assert caught.value.code == "source.tag-moved"
    elsewhere = msgspec.structs.replace(before, url="https://example.org/fork.git")
    assert place.lock(repository.url, second, "v1", previous=elsewhere).commit == second


@needs_git
def test_another_tag_object_on_the_same_commit_has_moved_too(place, repository):
    repository.git("tag", "-a", "-m", "m", "v1")
    before = place.lock(repository.url, repository.first, "v1")
    repository.git("tag", "-f", "-a", "-m", "another", "v1")
    with pytest.raises(UntrustedError, match="a tag has moved"):
        place.lock(repository.url, repository.first, "v1", previous=before)
    repository.git("tag", "-f", "v1")
    with pytest.raises(UntrustedError, match="a tag has moved"):
        place.lock(repository.url, repository.first, "v1", previous=before)


@needs_git
def test_a_tag_of_a_tag_or_of_a_file_is_no_release(place, repository):
    repository.git("tag", "-a", "-m", "m", "v1")
    repository.git("tag", "-a", "-m", "m", "v2", "v1")
    repository.git("tag", "blob", "HEAD:main.py")
    with pytest.raises(UntrustedError, match="not what it is called"):
        place.lock(repository.url, repository.first, "v2")
    with pytest.raises(UntrustedError, match="names no commit"):
        place.lock(repository.url, repository.first, "blob")


@needs_git
def test_an_old_commit_is_reached_where_the_server_gives_only_branches(place, repository):
    repository.git("config", "uploadpack.allowAnySHA1InWant", "false")
    repository.git("config", "protocol.version", "0")
    repository.put("main.py", "print(2)\n")
    repository.commit()
    assert place.lock(repository.url, repository.first).commit == repository.first


@needs_git
def test_what_is_not_there_is_said(place, repository, tmp_path):
    with pytest.raises(UsageError, match="no such tag"):
        place.lock(repository.url, repository.first, "v9")
    with pytest.raises((UsageError, UnavailableError), match=r"no such commit|does not answer"):
        place.lock(repository.url, "1" * 40)
    with pytest.raises(UnavailableError, match="does not answer"):
        place.lock(f"file://{tmp_path}/nowhere", repository.first)


@needs_git
@pytest.mark.parametrize("url", ["ext://sh", "fd://17", "nothing://x/y"])
def test_no_address_starts_a_program_of_its_own(place, url):
    with pytest.raises(UnavailableError):
        place.lock(url, "1" * 40)


@pytest.mark.parametrize(
    "tag", ["v*", "../heads/main", "a:b", "-v", "v1^{commit}", "a b", "v1@{0}", "a..b", "x.lock", "v1."]
)
def test_a_tag_is_a_name_and_no_expression(tag):
    with pytest.raises(UsageError, match="not the name of a tag"):
        Place(HandMade()).lock("https://example.org/x", "1" * 40, tag)


def test_without_git_it_is_said_what_to_install(place, monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(UnavailableError, match="git not found") as caught:
        place.lock("file:///x", "1" * 40)
    assert "apt-get install git" in caught.value.remedy


@needs_git
def test_a_submodule_needs_a_source_of_its_own(place, repository, tmp_path):
    other = Repository(tmp_path / "other")
    other.commit()
    repository.git("submodule", "add", "-q", other.url, "lib")
    commit = repository.commit()
    with pytest.raises(UnsupportedError, match="a submodule") as caught:
        place.lock(repository.url, commit)
    assert caught.value.where == "sources.app lib"


@needs_git
def test_a_large_file_elsewhere_needs_a_source_of_its_own(place, repository):
    repository.put("model.bin", POINTER)
    commit = repository.commit()
    with pytest.raises(UnsupportedError, match="LFS") as caught:
        place.lock(repository.url, commit)
    assert caught.value.where == "sources.app model.bin"


# --- objects made by hand: what a hostile or broken place could hand over


@pytest.fixture(params=[False, True], ids=["sha1", "sha256"])
def hand(request):
    return HandMade(wide=request.param)


def test_objects_made_by_hand_are_read(hand):
    blob = hand.add("blob", b"x")
    commit = hand.commit(hand.tree((b"100664", b"z", blob), (b"40000", b"a", hand.tree((b"100755", b"f", blob)))))
    place = Place(hand)
    assert place.members(place.lock("u://x", commit)) == {
        "a": (b"5", "0o755", ""), "a/f": (b"0", "0o755", b"x"), "z": (b"0", "0o644", b"x"),
    }  # fmt: skip


@pytest.mark.parametrize("kind", ["blob", "tree", "commit", "tag"])
def test_a_changed_object_is_refused(hand, kind):
    tree = hand.tree((b"100644", b"a", hand.add("blob", b"x")))
    commit = hand.commit(tree)
    hand.annotated(commit, "v1")
    victim = next(one for one, (found, _) in hand.known.items() if found == kind)
    hand.known[victim] = kind, hand.known[victim][1] + b" "
    with pytest.raises((UntrustedError, MalformedError)):
        Place(hand).lock("u://x", commit, "v1")


def test_an_object_of_another_kind_is_refused(hand):
    tree = hand.tree()
    commit = hand.commit(hand.tree((b"40000", b"a", hand.add("blob", b"x"))))
    with pytest.raises(UntrustedError, match="another kind"):
        Place(hand).lock("u://x", commit)
    with pytest.raises(UntrustedError, match="another kind"):
        Place(hand).lock("u://x", tree)


def test_a_tag_under_another_name_is_refused(hand):
    """An old signed tag, handed out under a new name."""
    commit = hand.commit(hand.tree())
    hand.tags["v2"] = hand.annotated(commit, "v1")
    with pytest.raises(UntrustedError, match="not what it is called"):
        Place(hand).lock("u://x", commit, "v2")


def test_trees_that_repeat_each_other_are_bounded(hand):
    tree = hand.tree((b"100644", b"f", hand.add("blob", b"x")))
    for _ in range(10):
        tree = hand.tree(*((b"40000", b"%d" % n, tree) for n in range(10)))
    limits = msgspec.structs.replace(DEFAULT_LIMITS, build_entries_count=500)
    with pytest.raises(UnsupportedError, match="over its limits"):
        Place(hand, limits).lock("u://x", hand.commit(tree))
    assert hand.asked < 1000


def test_trees_nested_without_end_are_refused(hand):
    tree = hand.tree()
    for _ in range(70):
        tree = hand.tree((b"40000", b"a", tree))
    with pytest.raises(MalformedError, match="too deep"):
        Place(hand).lock("u://x", hand.commit(tree))


def test_content_beyond_the_limit_is_refused(hand):
    blob = hand.add("blob", bytes(3000))
    tree = hand.tree(*((b"100644", b"%d" % n, blob) for n in range(10)))
    limits = msgspec.structs.replace(DEFAULT_LIMITS, build_input_bytes=9000)
    with pytest.raises(UnsupportedError):
        Place(hand, limits).lock("u://x", hand.commit(tree))
    long = hand.tree((b"100644", b"n" * 5000, blob))
    with pytest.raises(UnsupportedError, match="a path of"):
        Place(hand).lock("u://x", hand.commit(long))


@pytest.mark.parametrize("link", [b"", b"a\0b"])
def test_a_link_that_leads_nowhere_is_refused(hand, link):
    with pytest.raises(MalformedError, match="a link"):
        Place(hand).lock("u://x", hand.commit(hand.tree((b"120000", b"l", hand.add("blob", link)))))


@pytest.mark.parametrize(
    ("rest", "error", "words"),
    [
        (b"", UntrustedError, "nobody signed it"),
        (SSH, MalformedError, "not an SSH signature"),
        (SSH + SSH, MalformedError, "not an SSH signature"),  # the last one counts, as for git
        (SSH.replace(b"SSH SIGNATURE", b"SIGNED MESSAGE"), UnsupportedError, "signed by X.509"),
    ],
)
def test_a_signature_that_cannot_be_checked_is_none(hand, rest, error, words):
    commit = hand.commit(hand.tree())
    hand.annotated(commit, "v1", rest=rest)
    with pytest.raises(error) as caught:
        Place(hand).lock("u://x", commit, "v1", signed=True, keyring=b"")
    assert words in str(caught.value)


def test_a_commit_with_two_signatures_is_refused(hand):
    """git takes the first, other readers the last, or both."""
    header = b"gpgsig " + SSH.rstrip().replace(b"\n", b"\n ") + b"\n"
    header = header.replace(b"gpgsig", b"gpgsig-sha256") if len(hand.like) == 64 else header
    text = f"tree {hand.tree()}\nauthor A <a> 1 +0000\ncommitter C <c> {TIME} +0000\n".encode()
    commit = hand.add("commit", text + header + header + b"\nhello\n")
    with pytest.raises(UntrustedError, match="more than one signature") as caught:
        Place(hand).lock("u://x", commit, signed=True)
    assert caught.value.code == "source.ambiguous-signature"


# --- signatures by OpenPGP


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    """Two keys of gpg, and the public halves."""
    if shutil.which("gpg") is None or shutil.which("gpgv") is None or shutil.which("git") is None:
        pytest.skip("gpg, gpgv or git is not installed here")
    home = tmp_path_factory.mktemp("gpg")
    home.chmod(0o700)
    base = ["gpg", "--homedir", str(home), "--batch", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    public = {}
    for name in ("good", "bad"):
        subprocess.run(
            [*base, "--quick-gen-key", f"{name}@example.org", "ed25519", "sign", "never"],
            check=True,
            capture_output=True,
        )
        public[name] = subprocess.run(
            [*base, "--armor", "--export", f"{name}@example.org"], check=True, capture_output=True
        ).stdout
    yield {"env": {"GNUPGHOME": str(home)}, **public}
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)


@pytest.mark.parametrize("wide", [False, True])
def test_a_signed_tag_and_a_signed_commit_count(place, tmp_path, keys, wide):
    made = Repository(tmp_path / "r", wide=wide)
    made.put("a", "1")
    commit = made.commit("-Sgood@example.org", env=keys["env"])
    made.git("tag", "light")
    made.git("tag", "-s", "-u", "good@example.org", "-m", "m", "v1", env=keys["env"])
    made.git("tag", "-s", "-u", "bad@example.org", "-m", "m", "v2", env=keys["env"])
    made.git("tag", "-a", "-m", "m", "v3")
    for tag in (None, "light", "v1"):
        locked = place.lock(made.url, commit, tag, signed=True, keyring=keys["good"])
        assert len(locked.signers) == 1
        assert len(locked.signers[0]) == 40
    with pytest.raises(UntrustedError, match="no good signature"):
        place.lock(made.url, commit, "v2", signed=True, keyring=keys["good"])
    with pytest.raises(UntrustedError, match="nobody signed it"):  # the commit's own signature is not the tag's
        place.lock(made.url, commit, "v3", signed=True, keyring=keys["good"])


def test_a_signature_over_something_else_is_refused(keys, tmp_path):
    made = Repository(tmp_path / "r")
    commit = made.commit()
    made.git("tag", "-s", "-u", "good@example.org", "-m", "m", "v1", env=keys["env"])
    text = subprocess.run(["git", "-C", made.folder, "cat-file", "tag", "v1"], capture_output=True, check=True).stdout
    hand = HandMade()
    other = hand.commit(hand.tree())
    hand.tags["v1"] = hand.add("tag", text.replace(commit.encode(), other.encode()))
    with pytest.raises(UntrustedError, match="no good signature"):
        Place(hand).lock("u://x", other, "v1", signed=True, keyring=keys["good"])
