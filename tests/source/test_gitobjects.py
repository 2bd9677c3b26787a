"""Objects of git: their ids are computed, not believed; what two readers could read differently is refused."""

import contextlib
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.model.errors import AssayError, MalformedError, UntrustedError
from assay.source import gitobjects
from gitplaces import TIME, needs_git

SHORT, LONG = "0" * 40, "0" * 64
HEAD = f"tree {SHORT}\nparent {'1' * 40}\nauthor A <a> 1 +0000\ncommitter C <c> {TIME} +0100\n"
SIGNED = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n AAAA\n -----END PGP SIGNATURE-----\n"
OTHER = "gpgsig-sha256 -----BEGIN PGP SIGNATURE-----\n BBBB\n -----END PGP SIGNATURE-----\n"


def commit(text, like=SHORT):
    data = text.encode()
    return gitobjects.commit(data, gitobjects.object_id("commit", data, like), where="x")


def tag(text, like=SHORT):
    data = text.encode()
    return gitobjects.tag(data, gitobjects.object_id("tag", data, like), where="x")


@given(st.binary(max_size=200), st.sampled_from([SHORT, LONG]))
def test_the_id_of_a_blob_comes_piece_by_piece_too(data, like):
    state = gitobjects.blob_hash(len(data), like)
    for byte in data:
        state.update(bytes([byte]))
    assert state.hexdigest() == gitobjects.object_id("blob", data, like)


@needs_git
def test_git_agrees_about_ids(tmp_path):
    data = b"some\0bytes\n"
    said = subprocess.run(["git", "hash-object", "--stdin"], input=data, capture_output=True, check=True, cwd=tmp_path)
    assert said.stdout.decode().strip() == gitobjects.object_id("blob", data, SHORT)


def test_known_ids_of_the_documentation():
    assert gitobjects.object_id("blob", b"", SHORT) == "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391"
    assert gitobjects.object_id("tree", b"", LONG) == "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321"


def test_a_signature_covers_everything_but_the_signatures():
    found = commit(HEAD + SIGNED + OTHER + "encoding x\n\nmessage\n\ngpgsig in the message\n")
    assert found.payload.decode() == HEAD + "encoding x\n\nmessage\n\ngpgsig in the message\n"
    assert found.signature == b"-----BEGIN PGP SIGNATURE-----\n\nAAAA\n-----END PGP SIGNATURE-----\n"
    assert (found.committed, found.parents) == (TIME, ("1" * 40,))


def test_the_hash_of_the_repository_says_which_signature_counts():
    wide = HEAD.replace(SHORT, LONG)
    assert b"BBBB" in commit(wide + SIGNED + OTHER + "\nm\n", LONG).signature


def test_a_field_that_goes_on_is_kept():
    merge = "mergetag object 1\n type commit\n \n gpgsig not one\n"
    assert commit(HEAD + merge + SIGNED + "\nm").payload.decode() == HEAD + merge + "\nm"


TAG = f"object {SHORT}\ntype commit\ntag v1\ntagger C <c> 1 +0000\n\nmessage\n"


def test_a_tag_ends_where_its_last_signature_begins():
    text = TAG + "-----BEGIN PGP SIGNATURE-----\nin the message\n"
    end = "-----BEGIN PGP SIGNATURE-----\nAAAA\n-----END PGP SIGNATURE-----\n"
    found = tag(text + end)
    assert (found.payload.decode(), found.signature.decode()) == (text, end)
    assert (found.name, found.kind, found.object) == ("v1", "commit", SHORT)
    assert tag(TAG + "-----BEGIN CERTIFICATE-----\n").signature == b""


def test_the_signature_of_another_hash_is_no_part_of_what_is_signed():
    assert tag(TAG.replace("\n\n", f"\n{OTHER}\n")).payload.decode() == TAG


@pytest.mark.parametrize(
    ("line", "form"),
    [
        ("-----BEGIN PGP SIGNATURE-----", "openpgp"), ("-----BEGIN PGP MESSAGE-----", "openpgp"),
        ("-----BEGIN SSH SIGNATURE-----", "ssh"), ("-----BEGIN SIGNED MESSAGE-----", "x509"), ("hello", "none"), ("", "none"),
    ],
)  # fmt: skip
def test_the_first_line_says_by_what_it_is_signed(line, form):
    assert gitobjects.form(f"{line}\nAAAA\n".encode()) == form


@pytest.mark.parametrize(
    "text",
    [
        "", f"tree {SHORT}\n\n", HEAD + f"tree {'2' * 40}\n\n", HEAD.replace(SHORT, "x" * 40), HEAD.replace("+0100", "?"),
        HEAD + "committer C <c> 1 +0000\n\n",
    ],
)  # fmt: skip
def test_what_is_no_commit_is_refused(text):
    with pytest.raises(MalformedError):
        commit(text)


@pytest.mark.parametrize(
    "text",
    [
        "", TAG.replace("object", "objekt"), TAG.replace(SHORT, LONG), f"object {'1' * 40}\n" + TAG,
        TAG.replace("\ntagger", f"\nobject {'1' * 40}\ntagger"), TAG.replace(SHORT, "x" * 40),
    ],
)  # fmt: skip
def test_what_is_no_tag_is_refused(text):
    with pytest.raises(MalformedError):
        tag(text)


def test_other_bytes_than_the_id_says_are_refused():
    with pytest.raises(UntrustedError, match="is not what its id says"):
        gitobjects.check("blob", b"a", gitobjects.object_id("blob", b"b", SHORT), where="x")
    with pytest.raises(UntrustedError):  # the same bytes as another kind
        gitobjects.check("blob", b"a", gitobjects.object_id("tree", b"a", SHORT), where="x")


NAMES = st.binary(min_size=1, max_size=20).filter(
    lambda name: b"/" not in name and b"\0" not in name and name not in (b".", b"..") and name.lower() != b".git"
)
ITEMS = st.lists(
    st.tuples(st.sampled_from([b"100644", b"100755", b"120000", b"40000", b"040000", b"160000"]), NAMES, st.binary(min_size=32, max_size=32)),
    unique_by=lambda item: item[1],
)  # fmt: skip


@settings(max_examples=50, deadline=None)
@given(ITEMS, st.sampled_from([SHORT, LONG]))
def test_a_tree_is_read_as_it_was_written(items, like):
    size = len(like) // 2
    data = b"".join(mode + b" " + name + b"\0" + one[:size] for mode, name, one in items)
    found = gitobjects.tree(data, like, where="x")
    assert [(item.mode, item.name, item.id) for item in found] == [
        (int(mode, 8), name, one[:size].hex()) for mode, name, one in items
    ]


@pytest.mark.parametrize(
    "name", [b"", b".", b"..", b".git", b".GIT", b"a/b", b"/a"]
)  # fmt: skip
def test_names_that_lead_elsewhere_are_refused(name):
    with pytest.raises(MalformedError, match="not an acceptable git object"):
        gitobjects.tree(b"100644 " + name + b"\0" + bytes(20), SHORT, where="x")


@pytest.mark.parametrize(
    "data",
    [
        b"100644 a\0" + bytes(19), b"100644 a\0" + bytes(20) + b"x", b"100644 a" + bytes(20) * 2 + b"100644 a",
        (b"100644 a\0" + bytes(20)) * 2, b"100600 a\0" + bytes(20), b"0 a\0" + bytes(20), b"100648 a\0" + bytes(20),
        b"10064400000 a\0" + bytes(20), b"100644 a\0" + bytes(20) + b"40000 a\0" + bytes(20), b"020000 a\0" + bytes(20),
    ],
)  # fmt: skip
def test_a_tree_that_two_readers_could_read_differently_is_refused(data):
    if data == b"100644 a" + bytes(20) * 2 + b"100644 a":
        data = b"100644 a\0" + bytes(20) + b"100644 a\0" + b"\1" * 20
    with pytest.raises(MalformedError):
        gitobjects.tree(data, SHORT, where="x")


@settings(deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data):
    for read, kind in ((gitobjects.commit, "commit"), (gitobjects.tag, "tag")):
        with contextlib.suppress(AssayError):
            read(data, gitobjects.object_id(kind, data, SHORT), where="x")
    with contextlib.suppress(MalformedError):
        gitobjects.tree(data, SHORT, where="x")
    assert gitobjects.lfs_digest(data) == ""


POINTER = "version https://git-lfs.github.com/spec/v1\noid sha256:{}\nsize 3\n"


def test_a_pointer_is_known_by_its_form():
    assert gitobjects.lfs_digest(POINTER.format("a" * 64).encode()) == "a" * 64
    extended = POINTER.format("a" * 64).replace("oid", "ext-0-foo sha256:" + "b" * 64 + "\noid", 1)
    assert gitobjects.lfs_digest(extended.encode()) == "a" * 64
    assert gitobjects.lfs_digest(b"# about\n" + POINTER.format("a" * 64).encode()) == ""
