"""The strict tar reader: what others write is read, what leads out or has two readings is refused."""

import io
import tarfile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.formats import tarread
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, Limits


def archive(form, *members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as tar:
        for name, kind, extra in members:
            info = tarfile.TarInfo(name)
            info.type, content = kind, extra if isinstance(extra, bytes) else b""
            info.size = len(content)
            info.linkname = extra if isinstance(extra, str) else ""
            info.mtime, info.uid = 1_700_000_000, 7
            tar.addfile(info, io.BytesIO(content))
    return out.getvalue()


def read(data, limits=DEFAULT_LIMITS, size=100):
    pieces = [data[start : start + size] for start in range(0, len(data), size)]
    return [(e, b"".join(c)) for e, c in tarread.read(pieces, limits, where="t.tar")]


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_what_others_write_is_read(form):
    long = "d/" + "x" * 90 + "/" + "y" * 98
    found = read(
        archive(form, ("./d/", tarfile.DIRTYPE, ""), (long, tarfile.REGTYPE, b"abc"), ("d//l", tarfile.SYMTYPE, "../x"),
                ("d/h", tarfile.LNKTYPE, "./d/l"), ("d/c", tarfile.CHRTYPE, ""))
    )  # fmt: skip
    assert [(e.path, e.kind, e.link, c) for e, c in found] == [
        (b"d", "directory", b"", b""), (long.encode(), "file", b"", b"abc"), (b"d/l", "symlink", b"../x", b""),
        (b"d/h", "hardlink", b"d/l", b""), (b"d/c", "character", b"", b""),
    ]  # fmt: skip
    assert {(e.uid, e.mtime) for e, _ in found} == {(7, 1_700_000_000)}


def test_the_root_has_the_empty_path():
    assert read(archive(tarfile.GNU_FORMAT, ("./", tarfile.DIRTYPE, "")))[0][0].path == b""


def test_content_nobody_reads_is_skipped():
    data = archive(tarfile.GNU_FORMAT, ("a", tarfile.REGTYPE, b"x" * 3000), ("b", tarfile.REGTYPE, b"y"))
    assert [e.path for e, _ in tarread.read([b"", data[:700], b"", data[700:]], DEFAULT_LIMITS, where="t")] == [
        b"a",
        b"b",
    ]


@pytest.mark.parametrize("name", ["/etc/passwd", "../x", "a/../../x", "a/.."])
def test_a_path_that_leads_out_is_refused(name):
    with pytest.raises(MalformedError, match="leads out"):
        read(archive(tarfile.GNU_FORMAT, (name, tarfile.REGTYPE, b"x")))


def test_a_hard_link_that_leads_out_is_refused():
    with pytest.raises(MalformedError, match="leads out"):
        read(archive(tarfile.GNU_FORMAT, ("a", tarfile.LNKTYPE, "/etc/shadow")))


@pytest.mark.parametrize("cut", [1, 511, 513, 700, 1023])
def test_a_truncated_archive_is_refused(cut):
    data = archive(tarfile.GNU_FORMAT, ("a", tarfile.REGTYPE, b"x" * 600))
    with pytest.raises(MalformedError, match=r"t\.tar"):
        read(data[:cut])


def test_a_changed_header_is_refused():
    data = bytearray(archive(tarfile.GNU_FORMAT, ("a", tarfile.REGTYPE, b"x")))
    data[0] ^= 1
    with pytest.raises(MalformedError, match="checksum"):
        read(bytes(data))


def test_a_sparse_file_is_refused():
    data = bytearray(archive(tarfile.GNU_FORMAT, ("a", tarfile.REGTYPE, b"")))
    data[156:157] = b"S"
    data[148:156] = b"%06o\0 " % sum(bytes(data[:148]) + b" " * 8 + bytes(data[156:512]))
    with pytest.raises(UnsupportedError, match="no reader agrees"):
        read(bytes(data))


def test_limits_hold():
    data = archive(tarfile.PAX_FORMAT, ("a" * 300, tarfile.REGTYPE, b""), ("b", tarfile.REGTYPE, b""))
    for limits in (Limits(path_bytes=200), Limits(pax_header_bytes=20), Limits(build_entries_count=1)):
        with pytest.raises(UnsupportedError, match="limit"):
            read(data, limits)


def outcome(data):
    try:
        return len(read(data))
    except (MalformedError, UnsupportedError) as error:
        return error.line()


@given(st.binary(max_size=1500))
def test_any_bytes_give_entries_or_one_error(data):
    assert outcome(data) is not None


@given(st.integers(0, 3071), st.integers(0, 255))
def test_any_changed_byte_gives_entries_or_one_error(place, value):
    data = bytearray(archive(tarfile.PAX_FORMAT, ("ä" * 60, tarfile.REGTYPE, b"x" * 10)))
    data[place % len(data)] = value
    assert outcome(bytes(data)) is not None


@given(st.lists(st.sampled_from([b".", b"..", b"/", b"a", b".b", b"\0", b"c.d", b""]), max_size=7).map(b"".join))
def test_a_path_is_cleaned_part_by_part(name):
    parts = [part for part in name.split(b"/") if part not in (b"", b".")]
    if not name or name.startswith(b"/") or b".." in parts or b"\0" in name:
        with pytest.raises(MalformedError):
            tarread.clean(name, DEFAULT_LIMITS, "t")
    else:
        assert tarread.clean(name, DEFAULT_LIMITS, "t") == b"/".join(parts)
