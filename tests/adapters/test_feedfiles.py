"""Feed files stream, are bounded, and damage has one name."""

import bz2
import gzip
import io
import os
import tarfile
import zipfile

import pytest

from assay.adapters.feedfiles import FeedDirectory, SpoolDirectory
from assay.model.errors import MalformedError, UnsupportedError, UsageError
from assay.model.limits import Limits


def test_lines_members_and_documents(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"one\r\n\n  \ntwo")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("z.json", b"{2}")
        archive.writestr("README", b"no")
        archive.writestr("a.json", b"{1}")
    (tmp_path / ".hidden").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    found = FeedDirectory(tmp_path)
    assert [file.name for file in found.files()] == ["a.jsonl", "b.jsonl.gz", "c.zip"]
    assert found.files()[0].size == 12
    assert list(found.records("a.jsonl", 100)) == [b"one", b"two"]
    assert list(found.records("b.jsonl.gz", 100)) == [b"one", b"two"]
    assert list(found.records("c.zip", 100)) == [b"{1}", b"{2}"]
    assert found.document("b.jsonl.gz", 100) == b"one\ntwo\n"


@pytest.mark.parametrize("length", [10, 11, 12, 21, 22, 23, 1_000])
def test_a_record_too_long_comes_cut_off_and_the_next_one_whole(tmp_path, length):
    (tmp_path / "a.jsonl").write_bytes(b"x" * length + b"\nnext\n")
    first, *rest = FeedDirectory(tmp_path).records("a.jsonl", 10)
    assert len(first) == (10 if length == 10 else 11)
    assert rest == [b"next"]


@pytest.mark.parametrize("cut", [1, 5, 12, -4, -9])
def test_a_truncated_gzip_is_malformed(tmp_path, cut):
    data = gzip.compress(b"line\n" * 1_000)
    (tmp_path / "a.jsonl.gz").write_bytes(data[:cut])
    with pytest.raises(MalformedError, match="damaged compression"):
        list(FeedDirectory(tmp_path).records("a.jsonl.gz", 100))


@pytest.mark.parametrize("damage", ["cut", "text", "crc", "method"])
def test_a_damaged_zip_is_malformed(tmp_path, damage):
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.json", b"data" * 100)
    data = bytearray(path.read_bytes())
    if damage == "cut":
        data = data[:-30]
    elif damage == "text":
        data = bytearray(b"<html>")
    elif damage == "crc":
        data[14] ^= 0xFF
        data[data.index(b"PK\1\2") + 16] ^= 0xFF
    else:
        data[8] = 77
        data[data.index(b"PK\1\2") + 10] = 77
    path.write_bytes(data)
    with pytest.raises(MalformedError, match="damaged compression"):
        list(FeedDirectory(tmp_path).records("a.zip", 1_000))


def test_bombs_meet_the_limit(tmp_path):
    limits = Limits(feed_inflated_bytes=100_000, feed_bytes=50_000, feed_records_count=3)
    (tmp_path / "a.jsonl.gz").write_bytes(gzip.compress(b"\n" * 10_000_000))
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(b"x" * 10_000_000))
    (tmp_path / "c.json").write_bytes(b" " * 60_000)
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for number in range(4):
            archive.writestr(f"{number}.json", b"{}")
    folder = FeedDirectory(tmp_path, limits)
    for name in ("a.jsonl.gz", "b.jsonl.gz", "c.json", "d.zip"):
        with pytest.raises(MalformedError):
            list(folder.records(name, 1_000))
    with pytest.raises(MalformedError, match="more than 1000 bytes"):
        folder.document("b.jsonl.gz", 1_000)


def test_the_end_of_an_endless_line_is_not_looked_for(tmp_path):
    (tmp_path / "a.jsonl").write_bytes(b"{}\n" + b"x" * 5_000 + b"\n{}\n" + b"x" * 200_000)
    records = FeedDirectory(tmp_path).records("a.jsonl", 1_000)
    assert [len(next(records)) for _ in range(3)] == [2, 1_001, 2]
    with pytest.raises(MalformedError, match="a line of more than 8000 bytes"):
        next(records)


def test_a_folder_that_is_none_and_a_name_that_climbs(tmp_path):
    with pytest.raises(UsageError):
        FeedDirectory(tmp_path / "none")
    with pytest.raises(UsageError):
        SpoolDirectory(tmp_path).put("../x", iter([b""]))


def _packed(suffix: str, data: bytes) -> bytes:
    if suffix == "gz":
        return gzip.compress(data)
    return bz2.compress(data) if suffix == "bz2" else pytest.importorskip("backports.zstd").compress(data)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "zst"])
def test_compressed_forms_are_read_bounded_and_damage_is_told(tmp_path, suffix):
    name = f"a.json.{suffix}"
    (tmp_path / name).write_bytes(_packed(suffix, b"x" * 1_000))
    assert FeedDirectory(tmp_path).document(name, 1_000) == b"x" * 1_000
    with pytest.raises(MalformedError, match="more than 999 bytes"):
        FeedDirectory(tmp_path).document(name, 999)
    (tmp_path / name).write_bytes(_packed(suffix, os.urandom(1_000))[:-20])
    with pytest.raises(MalformedError):
        FeedDirectory(tmp_path).document(name, 10_000)
    (tmp_path / name).write_bytes(b"no such compression")
    with pytest.raises(MalformedError):
        FeedDirectory(tmp_path).document(name, 4)


@pytest.mark.parametrize("suffix", ["gz", "bz2", "zst"])
def test_a_bomb_in_a_tar_is_stopped(tmp_path, suffix):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("bomb.json")
        member.size = 3_000_000
        archive.addfile(member, io.BytesIO(bytes(member.size)))
    (tmp_path / f"a.tar.{suffix}").write_bytes(_packed(suffix, buffer.getvalue()))
    directory = FeedDirectory(tmp_path, Limits(feed_inflated_bytes=1_000_000))
    with pytest.raises((MalformedError, UnsupportedError), match="more than 1000000"):
        list(directory.records(f"a.tar.{suffix}", 10))


def test_a_tar_that_is_cut_or_lies_is_malformed(tmp_path):
    (tmp_path / "a.tar").write_bytes(b"\x01" * 2_000)
    with pytest.raises(MalformedError):
        list(FeedDirectory(tmp_path).records("a.tar", 10))
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo("a.json")
        member.size = 2_000
        archive.addfile(member, io.BytesIO(bytes(2_000)))
        link = tarfile.TarInfo("../../etc/passwd.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    (tmp_path / "b.tar").write_bytes(buffer.getvalue())
    assert [len(data) for data in FeedDirectory(tmp_path).records("b.tar", 10)] == [11]
    (tmp_path / "c.tar").write_bytes(buffer.getvalue()[:1_000])
    with pytest.raises(MalformedError):
        list(FeedDirectory(tmp_path).records("c.tar", 5_000))


def test_a_folder_of_documents_is_one_feed(tmp_path):
    inner = tmp_path / "redhat-vex" / "2024"
    inner.mkdir(parents=True)
    (inner / "b.json").write_bytes(b"2")
    (inner / "a.json").write_bytes(b"1")
    (inner / "c.csv").write_bytes(b"3")
    (inner / "d.json").symlink_to("/etc/passwd")
    (tmp_path / "empty").mkdir()
    directory = FeedDirectory(tmp_path)
    (file,) = directory.files()
    assert (file.name, file.size) == ("redhat-vex/", 2)
    assert list(directory.records(file.name, 10)) == [b"1", b"2"]
    (inner / "b.json").write_bytes(b"4")
    assert directory.files()[0].digest != file.digest
    with pytest.raises(MalformedError, match="documents"):
        FeedDirectory(tmp_path, Limits(feed_records_count=1)).files()
