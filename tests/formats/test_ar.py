"""Unix archives: members from a stream, whatever its pieces; damage is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import ar
from assay.model.errors import MalformedError, UnsupportedError


def head(name, size, end=b"`\n"):
    return b"%-16b%-12d%-6d%-6d%-8o%-10b" % (name, 0, 0, 0, 0o100644, size) + end


def archive(*members):
    out = ar.MAGIC
    for name, data in members:
        out += head(name, b"%d" % len(data)) + data + b"\n" * (len(data) % 2)
    return out


DEB = archive((b"debian-binary", b"2.0\n"), (b"control.tar.xz/", b"abc"), (b"data.tar.xz", b"defg"))


def read(data, size=7, **limits):
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    found = ar.members(pieces, where="x.deb", **({"limit": 100} | limits))
    return [(member.name, member.size, b"".join(content)) for member, content in found]


@given(st.integers(1, 300))
def test_members_are_read_whatever_the_pieces(size):
    assert read(DEB, size) == [
        ("debian-binary", 4, b"2.0\n"),
        ("control.tar.xz", 3, b"abc"),
        ("data.tar.xz", 4, b"defg"),
    ]


def test_content_nobody_reads_is_skipped():
    assert [m.name for m, _ in ar.members([DEB], where="x", limit=9)] == [
        "debian-binary",
        "control.tar.xz",
        "data.tar.xz",
    ]


def test_a_last_pad_byte_may_be_missing():
    assert read(archive((b"a", b"x"))[:-1]) == [("a", 1, b"x")]


@pytest.mark.parametrize(
    ("data", "error", "says"),
    [
        (b"", MalformedError, "first line"),
        (b"!<thin>\n", MalformedError, "does not begin"),
        (DEB[:40], MalformedError, "ends in a member's header"),
        (DEB[:70], MalformedError, "ends in debian-binary"),
        (ar.MAGIC + head(b"a", b"-1"), MalformedError, "size"),
        (ar.MAGIC + head(b"a", b""), MalformedError, "size"),
        (ar.MAGIC + head(b"a", b"1", b"xx"), MalformedError, "does not end"),
        (ar.MAGIC + head(b"", b"0"), MalformedError, "name"),
        (ar.MAGIC + head(b"\xff", b"0"), MalformedError, "name"),
        (ar.MAGIC + head(b"/12", b"0"), UnsupportedError, "long names"),
        (ar.MAGIC + head(b"#1/20", b"20"), UnsupportedError, "long names"),
        (ar.MAGIC + head(b"a", b"101"), UnsupportedError, "limits"),
        (ar.MAGIC + head(b"a", b"9999999999"), UnsupportedError, "limits"),
        (archive(*[(b"a", b"")] * 17), UnsupportedError, "limits 16"),
        (ar.MAGIC + head(b"a", b"1") + b"xQ" + head(b"b", b"0"), MalformedError, "padding"),
    ],
)  # fmt: skip
def test_damage_is_refused(data, error, says):
    with pytest.raises(error, match=says):
        read(data)


@given(st.binary(max_size=200))
def test_any_bytes_give_members_or_one_error(data):
    try:
        found = read(ar.MAGIC + data)
    except (MalformedError, UnsupportedError):
        found = []
    assert isinstance(found, list)
