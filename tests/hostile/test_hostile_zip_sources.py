"""Zip archives as sources of a build: what ordinary tools write is read as a tar is, what two readers see otherwise is
refused.
"""

import io
import shutil
import stat
import struct
import subprocess
import zipfile
from contextlib import nullcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import sourcearchive, zipread
from assay.formats.chunks import ChunkView
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.limits import DEFAULT_LIMITS, MIB, Limits
from assay.model.tree import TreeEntry

LIMIT = DEFAULT_LIMITS.build_input_bytes


def member(name, mode=0o100644, *, system=3, when=(2024, 1, 2, 3, 4, 6)):
    info = zipfile.ZipInfo(name, when)
    info.create_system, info.external_attr = system, mode << 16
    info.compress_type = zipfile.ZIP_DEFLATED
    return info


def packed(*members, comment=b""):
    """A zip of (ZipInfo or name, content)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.comment = comment
        for info, data in members:
            archive.writestr(member(info) if isinstance(info, str) else info, data)
    return out.getvalue()


def read(data, limits=DEFAULT_LIMITS, size=7919):
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    return [(entry, b"".join(content)) for entry, content in sourcearchive.read(pieces, limits, where="x.zip")]


def refused(data, match, error=MalformedError, limits=DEFAULT_LIMITS):
    with pytest.raises(error, match=match) as caught:
        read(data, limits)
    assert "x.zip" in caught.value.where


def test_files_folders_links_modes_and_times():
    data = packed(
        (member("x-1/", 0o40755), b""), (member("x-1/run", 0o100755), b"#!"), (member("x-1/a"), b"text" * 999),
        (member("x-1/link", 0o120777), b"a"), (member("x-1/dos", 0, system=0), b"d"), comment=b"c0ffee",
    )  # fmt: skip
    found = {entry.path: (entry.kind, entry.mode, entry.link, content) for entry, content in read(data)}
    assert found == {
        b"x-1": ("directory", 0o755, b"", b""), b"x-1/run": ("file", 0o755, b"", b"#!"),
        b"x-1/a": ("file", 0o644, b"", b"text" * 999), b"x-1/link": ("symlink", 0o777, b"a", b""),
        b"x-1/dos": ("file", 0o644, b"", b"d"),
    }  # fmt: skip
    assert {entry.mtime for entry, _ in read(data)} == {1704164646}  # 2024-01-02 03:04:06, taken as UTC


def test_an_empty_archive_has_no_entries():
    assert read(packed()) == []


def test_a_time_that_is_none_is_the_beginning():
    data = bytearray(packed(("a", b"")))
    for at in (data.find(b"PK\1\2") + 12, 10):
        data[at : at + 4] = bytes(4)
    assert read(bytes(data))[0][0].mtime == 0


class _Pipe(io.RawIOBase):
    """What cannot be gone back in: writers put sizes behind the content."""

    def __init__(self):
        self.data = bytearray()

    def writable(self):
        return True

    def write(self, piece):
        self.data += piece
        return len(piece)


def test_sizes_behind_the_content_are_read():
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(member("a/b"), "w") as file:
        file.write(b"streamed" * 1000)
    data = bytes(pipe.data)
    assert (data[6] & 8, data[14:18]) == (8, bytes(4))
    assert read(data) == [(read(packed(("a/b", b"streamed" * 1000)))[0][0], b"streamed" * 1000)]


def test_wide_sizes_are_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive, archive.open(member("a"), "w", force_zip64=True) as file:
        file.write(b"wide")
    assert [(entry.path, content) for entry, content in read(out.getvalue())] == [(b"a", b"wide")]


@pytest.mark.skipif(shutil.which("zip") is None, reason="zip is not installed")
def test_what_the_zip_program_writes_is_read(tmp_path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "é").write_bytes(b"x" * 5000)
    (tmp_path / "d" / "run").write_bytes(b"#!")
    (tmp_path / "d" / "run").chmod(0o750)
    (tmp_path / "d" / "link").symlink_to("run")
    subprocess.run(["zip", "-qry", "out.zip", "d"], cwd=tmp_path, check=True)
    found = {
        entry.path.decode(): (entry.kind, entry.link, content)
        for entry, content in read((tmp_path / "out.zip").read_bytes())
    }
    assert found["d/é"] == ("file", b"", b"x" * 5000)
    assert found["d/link"] == ("symlink", b"run", b"")
    modes = {entry.path: entry.mode for entry, _ in read((tmp_path / "out.zip").read_bytes())}
    assert modes[b"d/run"] == 0o750


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_what_git_archive_writes_is_read(tmp_path):
    def git(*words):
        given = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_COMMITTER_DATE": "1700000000 +0000", "PATH": "/usr/bin:/bin"}
        return subprocess.run(["git", *words], cwd=tmp_path, check=True, capture_output=True, env=given).stdout

    git("init", "-q")
    (tmp_path / "run").write_bytes(b"#!" * 4000)
    (tmp_path / "run").chmod(0o755)
    (tmp_path / "to").symlink_to("run")
    git("add", ".")
    git("-c", "user.name=a", "-c", "user.email=a@example.org", "commit", "-qm", "x")
    found = {
        entry.path: (entry, content) for entry, content in read(git("archive", "--format=zip", "--prefix=x-1/", "HEAD"))
    }
    assert found[b"x-1/run"] == (TreeEntry(path=b"x-1/run", mode=0o755, mtime=1700000000, size=8000), b"#!" * 4000)
    assert found[b"x-1/to"][0].link == b"run"


@pytest.mark.parametrize("name", ["../evil", "/etc/passwd", "a/../../b", "a\\..\\b", "C:\\x"])
def test_names_that_lead_out_are_refused(name):
    refused(packed((member(name), b"x")), "leads out|backslash|not acceptable|not an acceptable")


def test_names_with_a_nul_are_refused():
    data = packed(("aXb", b"x")).replace(b"aXb", b"a\0b")
    refused(data, "leads out")


@pytest.mark.parametrize("second", ["a/b", "a//b", "a/./b"])
def test_a_name_twice_is_refused(second):
    with pytest.warns(UserWarning, match="Duplicate") if second == "a/b" else nullcontext():
        data = packed(("a/b", b"1"), (second, b"2"))
    refused(data, "not an acceptable zip")


def test_a_file_and_a_folder_of_one_name_are_refused():
    refused(packed(("a", b"1"), (member("a/", 0o40755), b"")), "not an acceptable zip")


def test_names_nobody_can_read_are_refused():
    data = packed(("\u00e9", b"x")).replace("\u00e9".encode(), b"\xff\xfe")
    refused(data, "unknown encoding", UnsupportedError)


def test_encrypted_and_strange_compressions_are_refused():
    data = bytearray(packed(("a", b"x")))
    for at in (6, data.find(b"PK\1\2") + 8):
        data[at] |= 1
    refused(bytes(data), "encrypted", UnsupportedError)
    info = member("a")
    info.compress_type = zipfile.ZIP_BZIP2
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(info, b"x", zipfile.ZIP_BZIP2)
    refused(out.getvalue(), "unknown compression", UnsupportedError)


def test_a_bomb_is_refused_before_it_is_inflated():
    small = Limits(build_input_bytes=MIB)
    refused(packed(("a", bytes(2 * MIB))), "inflates beyond", UnsupportedError, small)
    data = packed(*((f"{number}", bytes(8 * MIB)) for number in range(9)))
    assert len(data) < 100_000
    refused(data, "inflates beyond", UnsupportedError, Limits(inflate_ratio_count=500))


def test_more_than_is_declared_is_refused():
    data = bytearray(packed(("a", bytes(100_000))))
    for at in (22, data.find(b"PK\1\2") + 24):
        data[at : at + 4] = struct.pack("<L", 10)
    refused(bytes(data), "not what the directory declares")


def test_overlapping_members_are_refused():
    data = bytearray(packed(("a", b"x" * 99), ("b", b"x" * 99)))
    second = data.find(b"PK\1\2", data.find(b"PK\1\2") + 4)
    data[second + 42 : second + 46] = bytes(4)
    refused(bytes(data), "damaged ZIP")


@pytest.mark.parametrize("at", [6, 8, 14, 18, 22, 30])
def test_a_local_header_that_says_otherwise_is_refused(at):
    data = bytearray(packed(("abc", b"x" * 99)))
    data[at] ^= 8 if at in (6, 8) else 2
    refused(bytes(data), "disagree")


def test_a_changed_byte_of_the_content_is_refused():
    data = bytearray(packed((member("abc"), b"x" * 99)))
    data[33] ^= 0x40
    with pytest.raises(MalformedError):
        read(bytes(data))


@pytest.mark.parametrize("target", [b"", b"a\0b"])
def test_a_link_to_nothing_is_refused(target):
    refused(packed((member("l", 0o120777), target)), "not an acceptable zip")


def test_a_folder_with_content_and_an_unknown_kind_are_refused():
    refused(packed((member("d", 0o40755), b"x")), "not an acceptable zip")
    refused(packed((member("d/", 0o100644), b"")), "not an acceptable zip")
    refused(packed((member("s", stat.S_IFSOCK | 0o644), b"")), "not an acceptable zip")


def test_too_many_entries_and_too_large_an_archive_are_refused():
    data = packed(*((str(number), b"") for number in range(9)))
    refused(data, "over its limits", UnsupportedError, Limits(build_entries_count=8))
    refused(data, "too large to hold", UnsupportedError, Limits(archive_bytes=100))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_damaged_archives_are_refused_or_read_never_more(data):
    whole = bytearray(packed(("a/b", b"text" * 50), (member("l", 0o120777), b"a"), (member("d/", 0o40755), b"")))
    for _ in range(data.draw(st.integers(1, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    view = ChunkView([bytes(whole)], where="x.zip")
    try:
        for entry, content in zipread.read(view, DEFAULT_LIMITS, where="x.zip", limit=LIMIT):
            assert sum(map(len, content)) == entry.size
    except AssayError:
        pass
