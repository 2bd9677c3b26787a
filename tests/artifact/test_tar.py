"""The header walker: each form of header, each lie."""

import tarfile

import pytest

from assay.artifact.tar import DIRECTORY, FILE, HARD_LINK, OTHER, SYMLINK, UNKNOWN, Entry, entries
from assay.artifact.tarstream import StreamReader
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.limits import Limits
from fakes.tars import END, archive, checksummed, cut, entry, header, padded, pax, record

STEPS = [1, 511, 512, 513, 1 << 20]


def walk(data: bytes, step: int = 1 << 20, limits: Limits | None = None) -> list[Entry]:
    return list(entries(StreamReader(cut(data, step), "layer 1"), limits or Limits(), "layer 1"))


def names(data: bytes) -> list[bytes]:
    return [item.name for item in walk(data)]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_the_three_formats(form: int, step: int) -> None:
    long = "/".join(["directory"] * 13) + "/file"
    data = archive(
        [("a", "file", b"1" * 600), ("d", "dir", ""), (long, "file", b""), ("l", "sym", "a"), ("h", "hard", "a")], form
    )
    found = [(item.name, item.kind, item.size, item.link) for item in walk(data, step)]
    assert found == [
        (b"a", FILE, 600, b""),
        (b"d/", DIRECTORY, 0, b""),
        (long.encode(), FILE, 0, b""),
        (b"l", SYMLINK, 0, b"a"),
        (b"h", HARD_LINK, 0, b"a"),
    ]


@pytest.mark.parametrize("step", STEPS)
def test_content_is_given_in_chunks_and_the_rest_is_skipped(step: int) -> None:
    bodies = {b"a": b"", b"b": b"xyz", b"c": bytes(range(256)) * 5, b"d": b"q" * 512, b"e": b"end"}
    data = b"".join(entry(name, body) for name, body in bodies.items()) + END
    for chosen in bodies:
        reader = StreamReader(cut(data, step), "x")
        for item in entries(reader, Limits(), "x"):
            assert reader.peek() == bodies[item.name][:4]
            if item.name == chosen:
                assert b"".join(reader.content()) == bodies[chosen]
        assert not reader.rest()


def test_whole_chunks_are_passed_on_without_copying() -> None:
    body = b"z" * 4096
    first = header(b"a", len(body))
    reader = StreamReader([first, body, END], "x")
    for _ in entries(reader, Limits(), "x"):
        assert reader.content()[0] is body


@pytest.mark.parametrize(
    ("flag", "kind"),
    [(b"0", FILE), (b"\0", FILE), (b"7", FILE), (b"5", DIRECTORY), (b"1", HARD_LINK), (b"2", SYMLINK), (b"3", OTHER), (b"4", OTHER), (b"6", OTHER), (b"V", UNKNOWN), (b"Z", UNKNOWN)],
)  # fmt: skip
def test_types(flag: bytes, kind: str) -> None:
    assert walk(header(b"n", 0, flag) + END)[0].kind == kind


@pytest.mark.parametrize("flag", [b"5", b"1", b"2", b"3", b"4", b"6"])
def test_types_without_content_ignore_their_size(flag: bytes) -> None:
    data = header(b"a", 4096, flag) + entry(b"b", b"x") + END
    assert [(item.name, item.size) for item in walk(data)] == [(b"a", 0), (b"b", 1)]


def test_content_of_unknown_types_is_skipped() -> None:
    assert names(entry(b"a", b"y" * 700, b"Z") + entry(b"b", b"x") + END) == [b"a", b"b"]


def test_a_v7_name_with_a_slash_is_a_directory() -> None:
    assert walk(header(b"dir/", 0, b"\0", magic=b"") + END)[0].kind == DIRECTORY
    assert walk(header(b"dir/", 0, b"0") + END)[0].kind == FILE


def test_the_prefix_belongs_to_ustar() -> None:
    assert names(header(b"n", prefix=b"some/where") + END) == [b"some/where/n"]
    assert names(header(b"n", prefix=b"14000000000", magic=b"ustar  \0") + END) == [b"n"]
    assert names(header(b"n", prefix=b"junk", magic=b"") + END) == [b"n"]
    star = header(b"n", prefix=b"p" * 131 + b"00000000000 00000000000", extra=[(508, b"tar\0")])
    assert names(star + END) == [b"p" * 131 + b"/n"]
    assert names(header(b"n" * 100, prefix=b"p" * 155) + END) == [b"p" * 155 + b"/" + b"n" * 100]


def test_gnu_long_names_and_links() -> None:
    long = b"x/" * 300 + b"end"
    data = entry(b"././@LongLink", long + b"\0", b"L") + entry(b"././@LongLink", b"target" + long + b"\0", b"K")
    item = walk(data + header(b"cut", 0, b"2", link=b"cut") + header(b"next") + END)
    assert (item[0].name, item[0].link, item[1].name) == (long, b"target" + long, b"next")


def test_pax_records_win_over_the_header() -> None:
    data = (
        pax((b"path", b"p\xc3\xa9"), (b"size", b"3"), (b"linkpath", b"to"), (b"mtime", b"1.5"))
        + header(b"n", 0)
        + padded(b"abc")
    )
    item = walk(data + header(b"after") + END)
    assert (item[0].name, item[0].size, item[0].link) == ("pé".encode(), 3, b"to")
    assert item[1].name == b"after"


def test_pax_holds_sizes_beyond_octal() -> None:
    with pytest.raises(MalformedError, match="truncated"):
        walk(pax((b"size", b"%d" % (1 << 40))) + header(b"n") + padded(b"abc") + END)


def test_an_empty_pax_value_takes_the_record_back() -> None:
    assert names(pax((b"path", b"x"), (b"path", b"")) + header(b"n") + END) == [b"n"]


def test_a_harmless_global_header_is_passed_over() -> None:
    assert names(pax((b"comment", b"commit 123"), flag=b"g") + header(b"n") + END) == [b"n"]


@pytest.mark.parametrize("key", [b"path", b"linkpath", b"size", b"GNU.sparse.name"])
def test_a_global_header_that_renames_is_refused(key: bytes) -> None:
    with pytest.raises(UnsupportedError, match="readers obey it"):
        walk(pax((key, b"1"), flag=b"g") + header(b"n") + END)


def test_a_global_header_between_an_extended_header_and_its_entry_is_refused() -> None:
    with pytest.raises(MalformedError, match="readers disagree"):
        walk(pax((b"path", b"x")) + pax((b"comment", b"c"), flag=b"g") + header(b"n") + END)


@pytest.mark.parametrize(
    "body",
    [b"x", b"5 a=b\n", b"999 a=b\n", b"0 a=b\n", b"-6 a=b\n", b"6 a=bc", b"6 a b\n", b"5 =b\n", b"\xd9\xa36 a=b\n", b"99999999999999999999999 a=b\n"],
)  # fmt: skip
def test_malformed_pax_records(body: bytes) -> None:
    with pytest.raises(MalformedError, match="damaged pax header"):
        walk(entry(b"h", body, b"x") + header(b"n") + END)


@pytest.mark.parametrize("size", [b"-1", b"0x10", b"1_0", b"", b"9" * 30, b"9223372036854775808", b"1.5"])
def test_malformed_pax_sizes(size: bytes) -> None:
    data = entry(b"h", record(b"size", size), b"x") + header(b"n") + END
    if size:
        with pytest.raises(MalformedError):
            walk(data)
    else:
        assert walk(data)[0].size == 0


def test_an_extended_header_over_the_limit_is_refused_unread() -> None:
    for flag in (b"x", b"L", b"K", b"g"):
        with pytest.raises(UnsupportedError, match="pax_header_bytes"):
            walk(header(b"h", 2 << 20, flag) + END)


@pytest.mark.parametrize(
    ("field", "size"),
    [
        (b"00000001000\0", 512), (b"       1000 ", 512), (b"1000\0junk...", 512), (b"\0" * 12, 0), (b" " * 12, 0),
        (b"\x80" + bytes(9) + b"\x02\x00", 512), (b"777777777777"[:12], None), (b"\xff" * 12, None), (b"\xc0" + bytes(11), None),
        (b"\x80" + b"\xff" * 11, None), (b"-0000000001\0", None), (b"0o000001000\0", None), (b"1_000\0", None), (b"8\0", None), (b"a\0", None),
    ],
)  # fmt: skip
def test_sizes(field: bytes, size: int | None) -> None:
    data = header(b"n", field) + bytes(512) + END
    if size is None:
        with pytest.raises(MalformedError):
            walk(data)
    else:
        assert walk(data)[0].size == size


def test_the_checksum_holds() -> None:
    block = bytearray(header(b"name"))
    block[3] ^= 1
    with pytest.raises(MalformedError, match="checksum does not hold"):
        walk(bytes(block) + END)


def test_checksums_beyond_sixteen_bits_are_exact() -> None:
    full = header(
        b"\xff" * 100, link=b"\xff" * 100, prefix=b"\xff" * 155, extra=[(265, b"\xff" * 80), (500, b"\xff" * 12)]
    )
    assert len(walk(full + END)) == 1
    lie = bytearray(full)
    stored = int(bytes(lie[148:154]), 8)
    lie[148:156] = b"%06o\0 " % (stored - 65521)
    with pytest.raises(MalformedError):
        walk(bytes(lie) + END)


def test_signed_checksums_of_old_writers_hold() -> None:
    block = bytearray(header(b"\xe9t\xe9"))
    block[148:156] = b" " * 8
    signed = sum(byte - 256 if byte > 127 else byte for byte in block)
    block[148:156] = b"%06o\0 " % signed
    assert names(bytes(block) + END) == [b"\xe9t\xe9"]


@pytest.mark.parametrize("tail", [b"", bytes(512), END, END + bytes(8192)])
def test_missing_end_blocks_are_no_error(tail: bytes) -> None:
    assert names(entry(b"n", b"abc") + tail) == [b"n"]
    assert names(tail) == []


def test_missing_padding_at_the_end_is_no_error() -> None:
    assert names(header(b"n", 3) + b"abc") == [b"n"]


@pytest.mark.parametrize(
    "data",
    [header(b"n", 600) + bytes(599), header(b"n") + b"x" * 100, header(b"n")[:511], pax((b"path", b"x")), header(b"h", 40, b"x") + b"short", header(b"n", 1 << 40) + bytes(4096)],
    ids=["content", "block", "header", "after-extended", "extended", "huge"],
)  # fmt: skip
@pytest.mark.parametrize("step", STEPS)
def test_truncation(data: bytes, step: int) -> None:
    with pytest.raises(MalformedError, match="truncated tar archive") as caught:
        walk(data, step)
    assert caught.value.where == "layer 1"


def test_data_after_one_zero_block_is_refused() -> None:
    with pytest.raises(MalformedError, match="single zero block"):
        walk(header(b"a") + bytes(512) + header(b"b") + END)


def test_data_after_the_end_is_noticed() -> None:
    for tail, dirty in ((bytes(9000), False), (bytes(5000) + b"x" + bytes(500), True), (b"", False)):
        reader = StreamReader(cut(header(b"a") + END + tail, 700), "x")
        assert len(list(entries(reader, Limits(), "x"))) == 1
        assert reader.rest() is dirty


def test_old_gnu_sparse_files_have_their_real_size() -> None:
    gnu = b"ustar  \0"
    main = header(b"s", 512, b"S", magic=gnu, extra=[(482, b"\1"), (483, b"%011o\0" % 100_000)])
    more = bytearray(512)
    more[504] = 1
    data = main + bytes(more) + bytes(512) + b"d" * 512 + header(b"next") + END
    item = walk(data)
    assert (item[0].size, item[0].stored, item[0].sparse, item[1].name) == (100_000, 512, True, b"next")
    with pytest.raises(MalformedError, match="outside the GNU format"):
        walk(header(b"s", 512, b"S") + END)
    with pytest.raises(MalformedError, match="sparse map"):
        walk(main)


@pytest.mark.parametrize(
    "records",
    [
        [(b"GNU.sparse.size", b"5000"), (b"GNU.sparse.numblocks", b"1"), (b"GNU.sparse.offset", b"0"), (b"GNU.sparse.numbytes", b"4")],
        [(b"GNU.sparse.size", b"5000"), (b"GNU.sparse.map", b"0,4"), (b"GNU.sparse.name", b"real")],
        [(b"GNU.sparse.major", b"1"), (b"GNU.sparse.minor", b"0"), (b"GNU.sparse.name", b"real"), (b"GNU.sparse.realsize", b"5000")],
    ],
    ids=["0.0", "0.1", "1.0"],
)  # fmt: skip
def test_pax_sparse_files_have_their_real_size(records: list[tuple[bytes, bytes]]) -> None:
    item = walk(pax(*records) + header(b"GNUSparseFile.0/s", 4) + padded(b"data") + header(b"next") + END)
    assert (item[0].size, item[0].stored, item[0].sparse) == (5000, 4, True)
    assert item[0].name == (b"real" if (b"GNU.sparse.name", b"real") in records else b"GNUSparseFile.0/s")
    assert item[1].name == b"next"


def test_names_keep_their_bytes() -> None:
    assert names(header(b"caf\xe9/\xff") + END) == [b"caf\xe9/\xff"]
    assert names(header(b"a" * 100) + END) == [b"a" * 100]
    assert names(header(b"a\0junk") + END) == [b"a"]


def test_mode_loses_its_file_type() -> None:
    assert walk(header(b"n", mode=b"0104755") + END)[0].mode == 0o4755


def test_a_base_256_size_by_tarfile_is_read() -> None:
    member = tarfile.TarInfo("huge")
    member.size = 9 << 30
    block = member.tobuf(tarfile.GNU_FORMAT)
    assert block[124] == 0x80  # base-256
    with pytest.raises(MalformedError, match="truncated"):
        walk(block)
    assert checksummed(block) == block
