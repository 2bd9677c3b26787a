"""Codecs: every library gives the same bytes or the same refusal; nothing after the first member is lost."""

import bz2
import gzip
import importlib
import lzma
import zlib
from importlib.util import find_spec

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import codec
from assay.formats.codec import GZIP_LIBRARIES, OUTPUT_BYTES, inflate
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.limits import Limits

try:
    zstd = importlib.import_module("compression.zstd")
except ImportError:
    zstd = importlib.import_module("backports.zstd")

GZIP = "application/vnd.oci.image.layer.v1.tar+gzip"
ZSTD = "application/vnd.oci.image.layer.v1.tar+zstd"
PLAIN = "application/vnd.oci.image.layer.v1.tar"
TEXT = b"a line of text that repeats itself; " * 3000
NOISE = bytes((i * 7919 + i // 251) % 256 for i in range(70_000))
SKIPPABLE = b"\x5a\x2a\x4d\x18\x04\x00\x00\x00abcd"


def _installed(name: str) -> bool:
    try:
        return find_spec(name) is not None
    except ModuleNotFoundError:
        return False


LIBRARIES = [name for name in GZIP_LIBRARIES if _installed(name)]
libraries = pytest.mark.parametrize(
    "library",
    [pytest.param(n, marks=() if n in LIBRARIES else pytest.mark.skip(reason="not installed")) for n in GZIP_LIBRARIES],
)


def unpack(
    data: bytes, media_type: str = "", *, library: str = "", step: int = 65_537, limits: Limits | None = None
) -> bytes:
    chunks = (data[i : i + step] for i in range(0, len(data), step))
    return b"".join(inflate(chunks, media_type, limits or Limits(), "blob", gzip_library=library))


@libraries
@pytest.mark.parametrize("step", [1, 2, 3, 511, 65_537])
def test_all_members_of_a_gzip_file_are_read(library: str, step: int) -> None:
    data = gzip.compress(TEXT[:900]) + gzip.compress(b"") + gzip.compress(NOISE[:700]) + gzip.compress(b"end")
    assert unpack(data, GZIP, library=library, step=step) == TEXT[:900] + NOISE[:700] + b"end"


@libraries
def test_highly_compressible_data_comes_in_bounded_pieces(library: str) -> None:
    data = gzip.compress(bytes(9 * OUTPUT_BYTES + 17)) + gzip.compress(b"tail")
    pieces = list(inflate([data], GZIP, Limits(), "blob", gzip_library=library))
    assert max(map(len, pieces)) <= OUTPUT_BYTES
    assert b"".join(pieces) == bytes(9 * OUTPUT_BYTES + 17) + b"tail"


@libraries
@pytest.mark.parametrize("size", [OUTPUT_BYTES - 1, OUTPUT_BYTES, OUTPUT_BYTES + 1, 2 * OUTPUT_BYTES])
def test_output_that_ends_on_the_piece_size_is_whole(library: str, size: int) -> None:
    assert unpack(gzip.compress(bytes(size)), GZIP, library=library) == bytes(size)


@libraries
def test_zero_padding_after_a_member_is_ignored(library: str) -> None:
    assert unpack(gzip.compress(TEXT) + bytes(5000), GZIP, library=library) == TEXT
    assert unpack(gzip.compress(b"a") + bytes(3) + gzip.compress(b"b"), GZIP, library=library, step=5) == b"ab"


@libraries
@pytest.mark.parametrize(
    "tail", [b"garbage", b"\0\0garbage", b"\x1f", b"\x1f\x8b", b"\x1f\x8b\x08", b"\x1f\x8c\x08\x00"]
)
def test_garbage_after_a_member_is_refused(library: str, tail: bytes) -> None:
    with pytest.raises(MalformedError, match="damaged gzip data"):
        unpack(gzip.compress(TEXT) + tail, GZIP, library=library)


@libraries
@pytest.mark.parametrize("keep", [0, 1, 2, 3, 9, 10, 11, 200, -9, -8, -4, -1])
def test_a_truncated_gzip_file_is_refused(library: str, keep: int) -> None:
    with pytest.raises(MalformedError, match="damaged gzip data"):
        unpack(gzip.compress(TEXT)[:keep], GZIP, library=library)


@libraries
@pytest.mark.parametrize("byte", [2, 3, -8, -1])
def test_a_wrong_method_flag_checksum_or_length_is_refused(library: str, byte: int) -> None:
    data = bytearray(gzip.compress(TEXT))
    data[byte] ^= 0xE0
    with pytest.raises(MalformedError):
        unpack(bytes(data), GZIP, library=library)


def _outcome(data: bytes, library: str) -> bytes | None:
    try:
        return unpack(data, GZIP, library=library)
    except MalformedError:
        return None


@settings(max_examples=300, deadline=None)
@given(
    data=st.lists(st.binary(max_size=300), min_size=1, max_size=3),
    flips=st.lists(st.tuples(st.integers(0, 10_000), st.integers(0, 255)), max_size=3),
    keep=st.integers(0, 20_000),
)
def test_libraries_agree_on_damaged_files(data: list[bytes], flips: list[tuple[int, int]], keep: int) -> None:
    blob = bytearray(b"".join(gzip.compress(part * 3, mtime=0) for part in data))
    for place, value in flips:
        blob[place % len(blob)] = value
    damaged = bytes(blob[:keep])
    outcomes = {name: _outcome(damaged, name) for name in LIBRARIES}
    assert len(set(outcomes.values())) == 1, outcomes


@pytest.mark.parametrize("flags", range(32))
@libraries
def test_optional_header_fields_are_understood(library: str, flags: int) -> None:
    head = bytes([0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255])
    head += b"\x03\0abc" if flags & 4 else b""
    head += b"name\0" if flags & 8 else b""
    head += b"comment\0" if flags & 16 else b""
    if flags & 2:
        head += (zlib.crc32(head) & 0xFFFF).to_bytes(2, "little")
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    body = packer.compress(b"content") + packer.flush()
    tail = zlib.crc32(b"content").to_bytes(4, "little") + (7).to_bytes(4, "little")
    assert unpack(head + body + tail, GZIP, library=library) == b"content"


@pytest.mark.parametrize("step", [1, 7, 65_537])
def test_all_frames_of_a_zstd_file_are_read(step: int) -> None:
    data = zstd.compress(TEXT[:999]) + SKIPPABLE + zstd.compress(b"") + zstd.compress(NOISE[:800]) + SKIPPABLE
    assert unpack(data, ZSTD, step=step) == TEXT[:999] + NOISE[:800]


def test_zstd_pieces_are_bounded() -> None:
    pieces = list(inflate([zstd.compress(bytes(5 * OUTPUT_BYTES))], ZSTD, Limits(), "blob"))
    assert max(map(len, pieces)) <= OUTPUT_BYTES
    assert sum(map(len, pieces)) == 5 * OUTPUT_BYTES


@pytest.mark.parametrize(
    "data", [b"", zstd.compress(TEXT)[:-1], zstd.compress(TEXT)[:5], zstd.compress(b"a") + b"garbage!"]
)
def test_damaged_zstd_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedError, match="damaged zstd data"):
        unpack(data, ZSTD)


def test_a_zstd_window_beyond_the_bound_is_refused() -> None:
    parameter = zstd.CompressionParameter
    packer = zstd.ZstdCompressor(options={parameter.window_log: 30, parameter.enable_long_distance_matching: 1})
    data = packer.compress(b"x" * 5000) + packer.flush()
    with pytest.raises(MalformedError, match="damaged zstd data"):
        unpack(data, ZSTD)


def test_plain_layers_pass_through() -> None:
    assert unpack(TEXT, PLAIN) == TEXT
    assert unpack(b"", PLAIN) == b""


@pytest.mark.parametrize(
    "data",
    [gzip.compress(TEXT), zstd.compress(TEXT), SKIPPABLE + zstd.compress(TEXT), TEXT],
    ids=["gzip", "zstd", "skippable", "plain"],
)
@pytest.mark.parametrize("step", [1, 65_537])
def test_a_vague_media_type_is_settled_by_magic(data: bytes, step: int) -> None:
    assert unpack(data, "", step=step) == TEXT


@pytest.mark.parametrize(("pack", "name"), [(bz2.compress, "bzip2"), (lzma.compress, "xz")])
def test_other_compressions_are_named(pack, name: str) -> None:
    with pytest.raises(UnsupportedError, match=f"compressed with {name}") as caught:
        unpack(pack(TEXT), "")
    assert "gzip or zstd" in caught.value.remedy


def test_an_encrypted_layer_names_the_remedy() -> None:
    with pytest.raises(UnsupportedError, match="encrypted") as caught:
        unpack(TEXT, GZIP + "+encrypted")
    assert "decrypt" in caught.value.remedy


def test_an_unknown_media_type_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="unknown layer media type"):
        unpack(TEXT, "application/vnd.example.layer")


def test_the_media_type_is_believed_over_the_bytes() -> None:
    with pytest.raises(MalformedError, match="where a member should begin"):
        unpack(TEXT, GZIP)


@pytest.mark.parametrize(
    ("data", "kind"),
    [(gzip.compress(bytes(300_000)), GZIP), (zstd.compress(bytes(300_000)), ZSTD), (bytes(300_000), PLAIN)],
)
def test_the_inflated_size_is_bounded(data: bytes, kind: str) -> None:
    assert len(unpack(data, kind, limits=Limits(layer_inflated_bytes=300_000))) == 300_000
    with pytest.raises(UnsupportedError, match="layer_inflated_bytes"):
        unpack(data, kind, limits=Limits(layer_inflated_bytes=299_999))


def test_the_ratio_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "RATIO_FREE_BYTES", 1 << 20)
    bomb = zstd.compress(bytes(64 << 20))
    given_out: list[int] = []
    with pytest.raises(UnsupportedError, match="inflate_ratio_count"):
        given_out.extend(map(len, inflate([bomb], ZSTD, Limits(), "blob")))
    assert sum(given_out) <= 1200 * len(bomb) + OUTPUT_BYTES


def test_a_missing_zstd_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(name: str) -> None:
        raise ImportError(name)

    monkeypatch.setattr(codec, "import_module", refuse)
    with pytest.raises(UnsupportedError, match="no zstd library") as caught:
        unpack(zstd.compress(TEXT), ZSTD)
    assert "backports.zstd" in caught.value.remedy


def test_gzip_works_with_the_standard_library_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_zlib(name: str) -> object:
        if name != "zlib":
            raise ImportError(name)
        return zlib

    monkeypatch.setattr(codec, "import_module", only_zlib)
    assert codec.gzip_module() is zlib
    assert unpack(gzip.compress(TEXT), GZIP) == TEXT


@settings(max_examples=200, deadline=None)
@given(data=st.binary(max_size=400), kind=st.sampled_from(["", GZIP, ZSTD, PLAIN]), step=st.integers(1, 64))
def test_any_bytes_give_bytes_or_one_of_the_errors(data: bytes, kind: str, step: int) -> None:
    where = "blob"
    try:
        unpack(data, kind, step=step)
    except AssayError as error:
        where = error.where
    assert where == "blob"
