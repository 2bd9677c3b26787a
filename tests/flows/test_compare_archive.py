"""An archive against the tag of a repository, from the bytes of both: what is found, and what readers must agree on."""

import bz2
import gzip
import io
import json
import lzma
import tarfile
import zipfile
from hashlib import sha256

import pytest

from assay.adapters.git import Git
from assay.adapters.gpgv import Gpgv
from assay.build import lock as locks
from assay.build.spec import ArchiveSource, CompareGit
from assay.flows.compare_archive import compare_archive
from assay.flows.lock_git import GitTools
from assay.model.errors import MalformedError, UntrustedError, UsageError
from assay.model.limits import DEFAULT_LIMITS
from fakes.contentstore import MemoryContentStore
from gitplaces import HandMade, Repository, needs_git
from insidecommand import assay


def archive(files, *links, top="x-1/"):
    """A tar: path → bytes, or (bytes, mode); links are (kind, name, target)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for name, content in files.items():
            data, mode = content if isinstance(content, tuple) else (content, 0o644)
            info = tarfile.TarInfo(top + name)
            info.size, info.mode = len(data), mode
            tar.addfile(info, io.BytesIO(data))
        for kind, name, target in links:
            info = tarfile.TarInfo(top + name)
            info.type, info.linkname = kind, target
            tar.addfile(info)
    return out.getvalue()


def against(fetcher, data, tag="v1", *, url="u://x", commit=None, generated="none", strip=1):
    store = MemoryContentStore(data)
    digest = sha256(data).hexdigest()
    source = ArchiveSource(
        sha256=digest,
        path="x",
        strip=strip,
        compare_git=CompareGit(url=url, tag=tag, commit=commit, generated=generated),
    )
    tools = GitTools(fetcher=fetcher, verifier=Gpgv(), store=store, limits=DEFAULT_LIMITS)
    return compare_archive(tools, source, locks.ArchiveLock(path="x", sha256=f"sha256:{digest}", size=len(data)), "x")


def hand(files, *, wide=False, modes=None):
    """A tag `v1` of a flat or nested tree."""
    made = HandMade(wide=wide)

    def tree(level):
        here, below = {}, {}
        for path, data in level.items():
            first, _, rest = path.partition("/")
            if rest:
                below.setdefault(first, {})[rest] = data
            else:
                here[first] = data
        items = [
            ((modes or {}).get(name, b"100644"), name.encode(), made.add("blob", data)) for name, data in here.items()
        ]
        items += [(b"40000", name.encode(), tree(rest)) for name, rest in below.items()]
        return made.tree(*items)

    made.commit_id = made.commit(tree(files))
    made.annotated(made.commit_id, "v1")
    return made


def listed(result):
    return [(one.code.removeprefix("source.archive-"), one.severity, one.path) for one in result.found.differences]


MARKUPSAFE_LIKE = {f"src/m{number}.py": b"x = %d\n" % number for number in range(28)} | {
    "setup.py": b"setup()\n", "README.rst": b"about\n", "setup.cfg": b"# about\n[metadata]\nname = m\n",
}  # fmt: skip


def sdist(**changed):
    files = dict(MARKUPSAFE_LIKE) | {"PKG-INFO": b"Name: m\n"}
    files |= {
        f"src/m.egg-info/{name}": b"x\n"
        for name in ("PKG-INFO", "SOURCES.txt", "dependency_links.txt", "top_level.txt")
    }
    files["setup.cfg"] = b"[metadata]\nname = m\n\n[egg_info]\ntag_build = \ntag_date = 0\n"
    return archive(files | {name.replace("__", "/"): data for name, data in changed.items()})


@pytest.mark.parametrize("wide", [False, True])
def test_an_sdist_is_the_repository_and_what_packaging_adds(wide):
    tree = dict(MARKUPSAFE_LIKE) | {".github/workflows/ci.yaml": b"on: push\n"}
    result = against(hand(tree, wide=wide), gzip.compress(sdist()), generated="python-sdist")
    assert (result.found.same_count, len(result.found.generated)) == (30, 5)
    assert listed(result) == [
        ("changed-file", "low", "setup.cfg"),
        ("missing-file", "low", ".github/workflows/ci.yaml"),
    ]
    changed = against(
        hand(tree, wide=wide),
        sdist(**{"src__m3.py": b"import os\n", "setup.py": b"evil()\n"}),
        generated="python-sdist",
    )
    assert [one for one in listed(changed) if one[1] != "low"] == [
        ("changed-file", "high", "setup.py"), ("changed-file", "medium", "src/m3.py"),
    ]  # fmt: skip


def zipped(data):
    """The same entries as a zip archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=io.BytesIO(data)) as tar, zipfile.ZipFile(out, "w") as archive:
        for one in tar:
            info = zipfile.ZipInfo(one.name)
            info.create_system, kind = 3, 0o120000 if one.issym() else 0o100000
            info.external_attr = (kind | one.mode) << 16
            archive.writestr(info, one.linkname if one.issym() else tar.extractfile(one).read())
    return out.getvalue()


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lzma.compress, bz2.compress, zipped])
def test_every_compression_gives_the_same_answer(pack):
    result = against(hand({"a": b"1", "b": b"2"}), pack(archive({"a": b"1", "c": b"3"})))
    assert listed(result) == [("missing-file", "low", "b"), ("phantom-other", "medium", "c")]


def test_zstd_too():
    from backports import zstd

    assert listed(against(hand({"a": b"1"}), zstd.compress(archive({"a": b"1"})))) == []


def test_a_planted_archive_of_the_xz_kind():
    tree = {
        "configure.ac": b"AC_INIT\n",
        "src/x.c": b"int x;\n",
        "tests/files/bad.xz": b"\xfd7z\0corrupt",
        "m4/a.m4": b"a\n",
    }
    data = archive(tree | {
        "m4/build-to-host.m4": b"gl_path_map='tr ...'\n", "configure": (b"#!/bin/sh\n", 0o755), "Makefile.in": b"x\n",
        "build-aux/config.guess": (b"#!/bin/sh\n", 0o755),
    })  # fmt: skip
    result = against(hand(tree), lzma.compress(data), generated="autotools")
    assert against(hand(tree), zipped(data), generated="autotools").found == result.found
    assert listed(result) == [("phantom-build-script", "high", "m4/build-to-host.m4")]
    assert result.found.generated == ("Makefile.in", "build-aux/config.guess", "configure")
    assert result.found.test_blobs == ("tests/files/bad.xz",)
    assert result.locked().differences[0].severity == "high"


def test_links_are_compared_as_links():
    made = hand({"a": b"data", "link": b"a"}, modes={"link": b"120000"})
    for pack in (bytes, zipped):
        assert listed(against(made, pack(archive({"a": b"data"}, (tarfile.SYMTYPE, "link", "a"))))) == []
    assert listed(against(made, archive({"a": b"data", "link": b"a"}))) == [("changed-file", "medium", "link")]


def test_a_hard_link_is_the_file_it_shares():
    made = hand({"a": b"data"})
    result = against(made, archive({"a": b"data"}, (tarfile.LNKTYPE, "Makefile", "x-1/a")))
    assert listed(result) == [("phantom-build-script", "high", "Makefile")]
    with pytest.raises(MalformedError, match="a hard link to nothing"):
        against(made, archive({}, (tarfile.LNKTYPE, "Makefile", "x-1/a")))


def test_a_path_twice_is_refused():
    twice = archive({"a": b"good"})[:1024] + archive({"a": b"evil"})
    with pytest.raises(MalformedError, match="a path stands twice"):
        against(hand({"a": b"good"}), twice)


def test_leading_folders_are_as_the_spec_says():
    made = hand({"a": b"1"})
    assert listed(against(made, archive({"a": b"1"}, top=""), strip=0)) == []
    assert listed(against(made, archive({"a": b"1"}, top="x/y/"), strip=2)) == []
    assert listed(against(made, archive({"a": b"1"}, top=""), strip=1)) == [("missing-file", "low", "a")]


def test_what_the_tag_declares_weighs_little():
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256(b'big').hexdigest()}\nsize 3\n".encode()
    made = hand({"v.py": b"v = '$Format:%d$'\n", "big.bin": pointer, "crlf.txt": b"a\nb\n", "other.py": b"x\n"})
    data = archive({"v.py": b"v = '1'\n", "big.bin": b"big", "crlf.txt": b"a\r\nb\r\n", "other.py": b"y\n"})
    assert {path: severity for _, severity, path in listed(against(made, data))} == {
        "v.py": "low", "big.bin": "low", "crlf.txt": "low", "other.py": "medium",
    }  # fmt: skip


def test_names_that_are_no_text_stand_in_the_lock():
    result = against(hand({"a": b"1"}), archive({"a": b"1", "b\udcff.m4": b"2"}))
    assert listed(result) == [("phantom-build-script", "high", "b\\xff.m4")]
    json.dumps(locks.msgspec.to_builtins(result.locked())).encode()


def test_the_tag_is_of_the_commit_the_spec_names():
    made = hand({"a": b"1"})
    assert against(made, archive({"a": b"1"}), commit=made.commit_id).commit == made.commit_id
    with pytest.raises(UntrustedError, match="another commit's"):
        against(made, archive({"a": b"1"}), commit="1" * 40)
    with pytest.raises(UntrustedError, match="no such tag"):
        against(made, archive({"a": b"1"}), tag="v2")
    with pytest.raises(UsageError, match="not the name of a tag"):
        against(made, archive({"a": b"1"}), tag="v*")


@pytest.fixture
def project(tmp_path):
    made = Repository(tmp_path / "repository")
    made.put("setup.py", "setup()\n")
    made.put("lib.py", "x = 1\n")
    made.commit()
    made.git("tag", "-a", "-m", "m", "1.0")
    return made


@needs_git
@pytest.mark.parametrize("wide", [False, True])
def test_a_real_repository_needs_its_tag_alone(tmp_path, wide):
    made = Repository(tmp_path / "r", wide=wide)
    made.put("a", "1")
    commit = made.commit()
    made.git("tag", "light")
    result = against(Git(), archive({"a": b"1", "evil.m4": b"x"}), "light", url=made.url)
    assert (result.commit, listed(result)) == (commit, [("phantom-build-script", "high", "evil.m4")])
    with pytest.raises(UsageError, match="no such tag"):
        against(Git(), archive({}), "v9", url=made.url)


@needs_git
def test_the_command_keeps_the_comparison_in_the_lock(tmp_path, project):
    data = archive({"setup.py": b"evil()\n", "lib.py": b"x = 1\n", "PKG-INFO": b"Name: x\n"})
    (tmp_path / "x.tar").write_bytes(data)
    spec = {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": 1,
        "sources": {"x": {
            "type": "archive", "path": "x.tar", "sha256": sha256(data).hexdigest(),
            "compare-git": {"url": project.url, "tag": "1.0", "generated": "python-sdist"},
        }},
        "image": {"install": [{"from": "sources.x", "to": "/srv"}]},
    }  # fmt: skip
    (tmp_path / "assay.yaml").write_text(json.dumps(spec))
    done = assay("lock", f"{tmp_path}/assay.yaml", "--store", f"{tmp_path}/store", home=tmp_path)
    assert done.code == 1, done.err
    assert "high   source.archive-changed-file x: setup.py: not the bytes the tag has" in done.out.decode()
    kept = locks.read((tmp_path / "assay.lock.json").read_bytes(), where="lock").sources["x"].compared
    assert (kept.same, kept.generated, kept.commit) == (1, ("PKG-INFO",), project.git("rev-parse", "HEAD"))
    assert [(one.severity, one.path) for one in kept.differences] == [("high", "setup.py")]
    done = assay("lock", f"{tmp_path}/assay.yaml", "--store", f"{tmp_path}/store", "--format", "json", home=tmp_path)
    assert done.code == 0, "what stands in a lock somebody has seen"
    document = json.loads(done.out)
    assert document["compared"]["x"]["differences"][0]["path"] == "setup.py"
    assert document["changes"] == []
    done = assay(
        "build",
        f"{tmp_path}/assay.yaml",
        "--store",
        f"{tmp_path}/store",
        "--output",
        f"oci-dir:{tmp_path}/o",
        home=tmp_path,
    )
    assert done.code == 0, done.err
    assert "x: high source.archive-changed-file setup.py: not the bytes the tag has (not-traced)" in done.err
    (tmp_path / "x.tar").write_bytes(data + bytes(512))  # another archive: what was seen of the first does not count
    text = (
        (tmp_path / "assay.yaml").read_text().replace(sha256(data).hexdigest(), sha256(data + bytes(512)).hexdigest())
    )
    (tmp_path / "assay.yaml").write_text(text)
    assert assay("lock", f"{tmp_path}/assay.yaml", "--store", f"{tmp_path}/store", home=tmp_path).code == 1
