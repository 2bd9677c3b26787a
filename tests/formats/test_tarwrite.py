"""The tar writer: bytes written down once and for all, read back by three readers, refusing what two read differently."""

import hashlib
import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.artifact import tar as layer_tar
from assay.artifact.tarstream import StreamReader
from assay.formats import tarread, tarwrite
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import TreeEntry as E

CAPABILITY = (b"security.capability", b"\x01\0\0\2\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0")
TREE = (
    (E(path=b"a", kind="directory", mode=0o755, mtime=1), b""),
    (E(path=b"a/" + b"d" * 97 + b"e", mode=0o4755, size=3), b"xyz"),
    (E(path=b"a/" + b"d" * 99, size=512), b"x" * 512),
    (E(path=b"a/" + b"e" * 98, kind="directory", mode=0o1777), b""),
    (E(path=b"a/" + b"e" * 98 + b"/" + b"f" * 90, size=5, uid=3_000_000, gid=2_097_151, xattrs=(CAPABILITY,)), b"hello"),
    (E(path=b"a/link", kind="symlink", link="ä".encode(), mode=0o777), b""),
    (E(path=b"a/long", kind="symlink", link=b"l" * 101, mode=0o777), b""),
    (E(path=b"a-b", size=1, mtime=1_700_000_000), b"1"),
    (E(path=b"h", size=0), b""),
    (E(path=b"h2", kind="hardlink", link=b"h"), b""),
    (E(path="ä".encode(), size=1), b"x"),
    (E(path=b"\xff", size=1), b"y"),
)  # fmt: skip
GOLDEN = "e5b5a48b5a9e7f3dfc7f3c8c97781625a8542d8fabbee472c519278015396a7d"
SORTED = tuple(sorted(TREE, key=lambda item: item[0].path))


def made(items):
    return b"".join(tarwrite.write((entry, [content]) for entry, content in items))


def test_the_bytes_are_these():
    """A golden digest: whoever changes it raises `tarwrite.VERSION`, and every image gets another digest."""
    assert tarwrite.VERSION == "1"
    assert hashlib.sha256(made(SORTED)).hexdigest() == GOLDEN
    assert hashlib.sha256(made([])).hexdigest() == hashlib.sha256(bytes(1024)).hexdigest()


def test_one_header_spelled_out():
    head = tarwrite.header(E(path=b"bin/true", mode=0o755, uid=1, gid=2, mtime=3, size=4))
    fields = (
        b"bin/true".ljust(100, b"\0") + b"0000755\0" b"0000001\0" b"0000002\0" b"00000000004\0" b"00000000003\0"
        b"010662\0 " b"0" + bytes(100) + b"ustar\0" b"00" + bytes(32) + bytes(32) + b"0000000\0" b"0000000\0" + bytes(155) + bytes(12)
    )  # fmt: skip
    assert head == fields


def test_pax_records_stand_in_one_order():
    head = tarwrite.header(
        E(
            path=b"\xff",
            size=1 << 40,
            uid=1 << 30,
            gid=1 << 31,
            mtime=1 << 34,
            xattrs=((b"user.b", b"2"), (b"user.c", b"3")),
        )
    )
    assert head[512:].split(b"\0")[0] == (
        b"21 hdrcharset=BINARY\n25 SCHILY.xattr.user.b=2\n25 SCHILY.xattr.user.c=3\n18 gid=2147483648\n"
        b"21 mtime=17179869184\n9 path=\xff\n22 size=1099511627776\n18 uid=1073741824\n"
    )


def test_three_readers_read_back_what_was_written():
    data = made(SORTED)
    entries = [entry for entry, _ in SORTED]
    assert [entry for entry, _ in tarread.read([data], DEFAULT_LIMITS, where="t")] == entries
    layer = layer_tar.entries(StreamReader([data], "t"), DEFAULT_LIMITS, "t")
    assert [(e.name.rstrip(b"/"), e.mode, e.link) for e in layer] == [(e.path, e.mode, e.link) for e in entries]
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member, (entry, content) in zip(archive, SORTED, strict=True):
            assert (member.name.encode("utf-8", "surrogateescape"), member.mode, member.uid, member.gid, member.mtime) == (
                entry.path, entry.mode, entry.uid, entry.gid, entry.mtime
            )  # fmt: skip
            assert (member.uname, member.gname, member.devmajor, member.devminor) == ("", "", 0, 0)
            if member.isreg():
                assert archive.extractfile(member).read() == content


@pytest.mark.parametrize(
    ("items", "error", "says"),
    [
        ([E(path=b"b"), E(path=b"a")], MalformedError, "comes after b"),
        ([E(path=b"a"), E(path=b"a")], MalformedError, "comes after a"),
        ([E(path=b"a/b")], MalformedError, "folder has no entry"),
        ([E(path=b"a"), E(path=b"a/b")], MalformedError, "folder has no entry"),
        ([E(path=b"a", kind="hardlink", link=b"b")], MalformedError, "its file b has no entry"),
        ([E(path=b".wh.a")], MalformedError, "deletion"),
        ([E(path=b"a", kind="directory"), E(path=b"a/.wh..wh..opq")], MalformedError, "deletion"),
        ([E(path=b"")], MalformedError, "no such name"),
        ([E(path=b"..")], MalformedError, "no such name"),
        ([E(path=b"a\0b")], MalformedError, "no such name"),
        ([E(path=b"/etc")], MalformedError, "no such name"),
        ([E(path=b"a", kind="character")], UnsupportedError, "character"),
        ([E(path=b"a", kind="fifo")], UnsupportedError, "fifo"),
        ([E(path=b"a", size=1)], MalformedError, "less than 1"),
    ],
)
def test_what_two_readers_read_differently_is_refused(items, error, says):
    with pytest.raises(error, match=says):
        made([(entry, b"") for entry in items])


def test_content_longer_than_its_entry_is_refused():
    with pytest.raises(MalformedError, match="more than 2"):
        made([(E(path=b"a", size=2), b"xyz")])


names = st.binary(min_size=1, max_size=130).filter(
    lambda n: not {0, 0x2F} & set(n) and n not in (b".", b"..") and not n.startswith(b".wh.")
)
numbers = st.integers(0, 1 << 40)


@given(st.dictionaries(names, st.tuples(st.binary(max_size=700), st.integers(0, 0o7777), numbers, numbers, numbers, st.dictionaries(
    st.from_regex(rb"user\.[a-z]{1,9}", fullmatch=True), st.binary(max_size=20), max_size=2)), max_size=5))  # fmt: skip
def test_whatever_is_written_is_read_back(files):
    items = [
        (
            E(path=name, size=len(data), mode=mode, uid=uid, gid=gid, mtime=time, xattrs=tuple(sorted(xattrs.items()))),
            data,
        )
        for name, (data, mode, uid, gid, time, xattrs) in sorted(files.items())
    ]
    data = made(items)
    assert [(e, b"".join(c)) for e, c in tarread.read([data], DEFAULT_LIMITS, where="t")] == items
    assert made(items) == data


@given(st.lists(st.binary(max_size=40), max_size=20), st.integers(1, 50))
def test_pieces_of_content_do_not_show(parts, size):
    data = b"".join(parts)
    entry = E(path=b"a", size=len(data))
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    assert b"".join(tarwrite.write([(entry, parts)])) == b"".join(tarwrite.write([(entry, pieces)]))
