"""From a spec through its lock to an image: pinned, whole, the same bytes each time."""

import io
import json
import os
import tarfile
import time
import zipfile
from hashlib import sha256

import msgspec
import pytest

from assay.adapters.layout_sink import layout_sink
from assay.adapters.localinputs import FolderInputs
from assay.adapters.spool import FileSpool
from assay.build import lock as locks
from assay.build.spec_read import read_spec
from assay.flows import lock as flow
from assay.flows.build import build
from assay.flows.lock import Locking, make_lock
from assay.formats import compressors
from assay.model.digest import Digest
from assay.model.errors import (
    MalformedError,
    UnavailableError,
    UnsupportedError,
    UntrustedError,
    UsageError,
)
from assay.model.limits import DEFAULT_LIMITS
from assay.model.tree import TreeEntry
from fakes.contentstore import MemoryContentStore

EPOCH = 1_700_000_000


class NoFetcher:
    """No network in these tests but what is listed here."""

    def __init__(self, **known):
        self.known, self.asked = known, []

    def fetch(self, url, limit):
        from contextlib import nullcontext

        self.asked.append(url)
        return nullcontext(iter([self.known[url.rpartition("/")[2]]]))


def archive(*members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, kind, content in members:
            info = tarfile.TarInfo(name)
            info.type, info.mtime, info.mode, info.uid = kind, EPOCH - 5, 0o777, 12
            info.linkname = content if isinstance(content, str) else ""
            info.size = len(content) if isinstance(content, bytes) else 0
            tar.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


ARCHIVE = archive(
    ("x-1/", tarfile.DIRTYPE, ""), ("x-1/bin/run", tarfile.REGTYPE, b"#!"), ("x-1/a.txt", tarfile.REGTYPE, b"text"),
    ("x-1/b.txt", tarfile.LNKTYPE, "x-1/a.txt"), ("x-1/l", tarfile.SYMTYPE, "../a"),
)  # fmt: skip


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    (folder / "site" / "sub").mkdir(parents=True)
    (folder / "site" / "index.html").write_text("hello")
    (folder / "site" / "sub" / "tool").write_text("#!/bin/sh")
    (folder / "site" / "sub" / "tool").chmod(0o700)
    (folder / "site" / "link").symlink_to("/nowhere")
    (folder / "x.tar.gz").write_bytes(ARCHIVE)
    (folder / "motd").write_text("moin")
    return folder


def spec_of(**parts):
    document = {
        "apiVersion": "assay.build/v1", "kind": "Image", "metadata": {"name": "t", "version": "1"}, "epoch": str(EPOCH),
        "sources": {
            "site": {"type": "directory", "path": "site", "exclude": ["*.pyc", "sub/out"]},
            "x": {"type": "archive", "path": "x.tar.gz", "sha256": sha256(ARCHIVE).hexdigest()},
            "motd": {"type": "file", "path": "motd", "sha256": sha256(b"moin").hexdigest()},
        },
        "image": {"install": [
            {"from": "sources.site", "to": "/srv"}, {"from": "sources.x", "to": "/opt/x"},
            {"from": "sources.motd", "to": "/etc/motd", "mode": "0600"},
        ], "accounts": {"run-as": "app", "users": [{"name": "app", "uid": "1000", "home": "/home/app"}]}},
    }  # fmt: skip
    return read_spec(json.dumps(document | parts).encode(), where="assay.yaml")


class Bench:
    def __init__(self, project):
        self.project, self.store, self.fetcher = project, MemoryContentStore(), NoFetcher()

    def lock(self, placed, **more):
        at = Locking(
            inputs=FolderInputs(self.project, DEFAULT_LIMITS), fetcher=self.fetcher, store=self.store, limits=DEFAULT_LIMITS,
            own_files=("assay.lock.json",),
        )  # fmt: skip
        return make_lock(placed, at, **more)

    def build(self, placed, lock, out):
        spool = FileSpool()
        try:
            with layout_sink(out, DEFAULT_LIMITS) as sink:
                return build(placed, lock, self.store, spool, sink, tag="1", limits=DEFAULT_LIMITS)
        finally:
            spool.close()


@pytest.fixture
def bench(project):
    return Bench(project)


def members(out, image):
    found = {}
    for layer in image.layers:
        data = (out / "blobs" / "sha256" / layer.descriptor.digest.hex).read_bytes()
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:*") as tar:
            found |= {member.name: member for member in tar}
    return found


def test_annotations_are_the_manifests(bench, tmp_path):
    key = "org.opencontainers.image."
    image = {"annotations": {f"{key}source": "https://example.org/x", f"{key}title": "Mine", "org.example.n": "3.10"}}
    placed = spec_of(image=image)
    (built,) = bench.build(placed, bench.lock(placed), tmp_path / "out").images
    manifest = json.loads((tmp_path / "out" / "blobs" / "sha256" / built.manifest.digest.hex).read_bytes())
    assert manifest["annotations"] == {
        f"{key}created": "2023-11-14T22:13:20Z", f"{key}title": "Mine", f"{key}version": "1",
        f"{key}source": "https://example.org/x", "org.example.n": "3.10",
    }  # fmt: skip
    config = json.loads((tmp_path / "out" / "blobs" / "sha256" / built.config.digest.hex).read_bytes())
    assert "Labels" not in config["config"]


@pytest.mark.parametrize("name", ["site", "x", "motd"])
def test_a_size_that_is_not_the_blobs_is_refused(bench, tmp_path, name):
    placed = spec_of()
    lock = bench.lock(placed)
    wrong = msgspec.structs.replace(lock.sources[name], size=lock.sources[name].size + 1)
    edited = msgspec.structs.replace(lock, sources={**lock.sources, name: wrong})
    with pytest.raises(UntrustedError, match="not of what it pins") as caught:
        bench.build(placed, edited, tmp_path / "out")
    assert (caught.value.code, f"locked {wrong.size}" in caught.value.why) == ("LOCK_MISMATCH", True)
    assert not (tmp_path / "out").exists()


def test_what_was_asked_for_is_in_the_image(bench, tmp_path):
    placed = spec_of()
    done = bench.build(placed, bench.lock(placed), tmp_path / "out")
    (image,) = done.images
    found = members(tmp_path / "out", image)
    assert sorted(found) == sorted([
        "srv", "srv/index.html", "srv/sub", "srv/sub/tool", "srv/link", "opt", "opt/x", "opt/x/bin", "opt/x/bin/run",
        "opt/x/a.txt", "opt/x/b.txt", "opt/x/l", "etc", "etc/motd", "etc/passwd", "etc/group", "home", "home/app",
    ])  # fmt: skip
    modes = {
        name: found[name].mode for name in ("srv/index.html", "srv/sub/tool", "etc/motd", "opt/x/a.txt", "home/app")
    }
    assert modes == {
        "srv/index.html": 0o644,
        "srv/sub/tool": 0o755,
        "etc/motd": 0o600,
        "opt/x/a.txt": 0o755,
        "home/app": 0o755,
    }
    assert {member.uid for name, member in found.items() if name != "home/app"} == {0}
    assert (found["home/app"].uid, found["home/app"].gid) == (1000, 1000)
    assert (found["opt/x/b.txt"].islnk(), found["opt/x/b.txt"].linkname) == (True, "opt/x/a.txt")
    assert (found["opt/x/l"].linkname, found["srv/link"].linkname) == ("../a", "/nowhere")
    assert (found["opt/x/a.txt"].mtime, found["srv/index.html"].mtime) == (EPOCH - 5, EPOCH)
    owners = {item.entry.path.decode(): str(item.owner) for item in done.trees[0]}
    assert owners["srv/index.html"] == "source site"
    assert owners["etc/passwd"] == "rule accounts"
    assert owners["opt"] == "rule parents"
    assert owners.keys() == found.keys()


def test_config_and_manifest_say_what_the_spec_says(bench, tmp_path):
    config = {
        "entrypoint": ["/srv/sub/tool"], "command": ["x"], "env": {"B": "2", "A": "1"}, "ports": ["80", "53/udp"],
        "working-dir": "/srv", "labels": {"l": "v"}, "volumes": ["/data"], "stop-signal": "SIGTERM",
        "healthcheck": {"test": ["CMD", "x"], "interval-seconds": "5", "retries": "2"},
    }  # fmt: skip
    base = json.loads(json.dumps(msgspec.to_builtins(spec_of().spec)))
    image = {**base["image"], "config": config}
    image = {"install": [{"from": "sources.site", "to": "/srv"}], "config": config}
    placed = spec_of(image=image)
    (image,) = bench.build(placed, bench.lock(placed), tmp_path / "out").images
    read = lambda d: json.loads((tmp_path / "out" / "blobs" / "sha256" / d.digest.hex).read_bytes())  # noqa: E731
    document = read(image.config)
    assert document["config"] == {
        "User": "0:0", "Env": ["A=1", "B=2"], "Entrypoint": ["/srv/sub/tool"], "Cmd": ["x"], "WorkingDir": "/srv",
        "ExposedPorts": {"80/tcp": {}, "53/udp": {}}, "Labels": {"l": "v"}, "Volumes": {"/data": {}}, "StopSignal": "SIGTERM",
        "Healthcheck": {"Test": ["CMD", "x"], "Interval": 5_000_000_000, "Retries": 2},
    }  # fmt: skip
    assert document["created"] == "2023-11-14T22:13:20Z"
    assert document["rootfs"]["diff_ids"] == [str(layer.diff_id) for layer in image.layers]
    manifest = read(image.manifest)
    assert [layer["digest"] for layer in manifest["layers"]] == [str(layer.descriptor.digest) for layer in image.layers]
    assert manifest["annotations"]["org.opencontainers.image.version"] == "1"


def test_the_golden_image(bench, tmp_path):
    """Tar headers, config, manifest and layout without a compressor: these bytes change for nobody."""
    placed = spec_of(image={
        "install": [{"from": "sources.site", "to": "/srv"}, {"from": "sources.motd", "to": "/etc/"}],
        "layers": {"compression": "none"},
    })  # fmt: skip
    done = bench.build(placed, bench.lock(placed), tmp_path / "out")
    assert str(done.root.digest) == "sha256:c6708296ea7f959fb75b2e53342d6f78fed2c530b31a7afbff28086dafed4990"
    index = (tmp_path / "out" / "index.json").read_bytes()
    assert sha256(index).hexdigest() == "e7e2ab7790d574eb6d052ed45e761507cf34f1cccf45baaeeaf5d15d6da05644"
    assert (tmp_path / "out" / "oci-layout").read_bytes() == b'{"imageLayoutVersion":"1.0.0"}'


def test_two_builds_are_the_same_bytes(bench, tmp_path):
    placed = spec_of()
    lock = bench.lock(placed)
    one, other = (bench.build(placed, lock, tmp_path / name) for name in ("a", "b"))
    assert one.root == other.root
    trees = [
        {p.relative_to(tmp_path / name).as_posix(): p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()}
        for name in ("a", "b")
    ]
    assert trees[0] == trees[1]


def test_umask_times_and_owners_of_a_folder_do_not_show(bench, project):
    placed = spec_of()
    before = bench.lock(placed)
    for path in project.rglob("*"):
        if not path.is_symlink():
            path.chmod(path.stat().st_mode | 0o666)
            os.utime(path, (1, 1))
    (project / "site" / "junk.pyc").write_bytes(b"left out")
    (project / "site" / ".git").mkdir()
    (project / "site" / ".git" / "HEAD").write_bytes(b"left out")
    (project / "site" / "sub" / "out").mkdir()
    (project / "site" / "sub" / "out" / "x").write_bytes(b"left out")
    assert bench.lock(placed) == before
    (project / "site" / "index.html").write_text("changed")
    assert [change.name for change in locks.difference(before, bench.lock(placed))] == ["site"]


def test_a_folder_never_holds_its_own_lock(bench, project):
    placed = spec_of(
        sources={"all": {"type": "directory", "path": "."}}, image={"install": [{"from": "sources.all", "to": "/"}]}
    )
    before = bench.lock(placed)
    (project / "assay.lock.json").write_bytes(locks.write(before))
    assert bench.lock(placed) == before


def test_platforms_share_an_index(bench, tmp_path):
    placed = spec_of(platforms=["linux/arm64/v8", "linux/amd64"])
    done = bench.build(placed, bench.lock(placed), tmp_path / "out")
    index = json.loads((tmp_path / "out" / "blobs" / "sha256" / done.root.digest.hex).read_bytes())
    assert [entry["platform"] for entry in index["manifests"]] == [
        {"architecture": "amd64", "os": "linux"}, {"architecture": "arm64", "os": "linux", "variant": "v8"},
    ]  # fmt: skip
    assert [entry["annotations"] for entry in index["manifests"]] == [{"dev.assay.build.platform": "assembled"}] * 2
    assert [image.label for image in done.images] == ["assembled"] * 2


def test_a_part_may_be_for_one_platform(bench, tmp_path):
    install = [{"from": "sources.motd", "to": "/m", "platforms": ["linux/arm64"]}, {"from": "sources.site", "to": "/s"}]
    placed = spec_of(platforms=["linux/amd64", "linux/arm64"], image={"install": install})
    done = bench.build(placed, bench.lock(placed), tmp_path / "out")
    amd, arm = (members(tmp_path / "out", image) for image in done.images)
    assert ("m" in amd, "m" in arm, "s" in amd) == (False, True, True)
    with pytest.raises(MalformedError, match="no platform of the image"):
        spec_of(image={"install": install})


@pytest.mark.parametrize(
    ("item", "want"),
    [
        ({"from": "sources.site", "path": "sub", "to": "/t"}, ["t", "t/tool"]),
        ({"from": "sources.site", "path": "sub/tool", "to": "/t"}, ["t"]),
        ({"from": "sources.site", "path": "sub/tool", "to": "/t/"}, ["t", "t/tool"]),
        ({"from": "sources.site", "path": "./sub/", "to": "/t/"}, ["t", "t/tool"]),
        ({"from": "sources.motd", "to": "/t/"}, ["t", "t/motd"]),
        ({"from": "sources.motd", "to": "/t"}, ["t"]),
        ({"from": "sources.x", "path": "b.txt", "to": "/t"}, None),
    ],
)
def test_a_part_of_a_source(bench, tmp_path, item, want):
    placed = spec_of(image={"install": [item]})
    lock = bench.lock(placed)
    if want is None:
        with pytest.raises(MalformedError, match="hard link to nothing"):
            bench.build(placed, lock, tmp_path / "out")
        return
    (image,) = bench.build(placed, lock, tmp_path / "out").images
    assert sorted(set(members(tmp_path / "out", image)) - {"etc", "etc/passwd", "etc/group"}) == want


def test_accounts_of_a_source_are_the_base(bench, project, tmp_path):
    (project / "site" / "passwd").write_text("root:x:0:0::/root:/bin/sh\nold:x:5:6::/:/bin/sh\n")
    item = {"from": "sources.site", "path": "passwd", "to": "/etc/passwd"}
    placed = spec_of(image={"install": [item], "accounts": {"run-as": "5"}})
    done = bench.build(placed, bench.lock(placed), tmp_path / "out")
    config = json.loads((tmp_path / "out" / "blobs" / "sha256" / done.images[0].config.digest.hex).read_bytes())
    assert config["config"]["User"] == "5:6"
    assert {str(i.owner) for i in done.trees[0] if i.entry.path == b"etc/passwd"} == {"source site"}


def refuse(bench, placed, lock, out, error):
    with pytest.raises(error) as caught:
        bench.build(placed, lock, out)
    assert not out.exists(), "something half-written stays"
    assert [p for p in out.parent.iterdir() if ".new-" in p.name] == []
    return caught.value


def test_a_lock_of_another_spec_is_refused(bench, tmp_path):
    lock = bench.lock(spec_of())
    error = refuse(bench, spec_of(epoch="5"), lock, tmp_path / "out", UntrustedError)
    assert error.code == "LOCK_MISMATCH"


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        ({"epoch": 5}, "the epoch is 5"),
        ({"sources": {}}, "source motd is missing; source site is missing; source x is missing"),
        ({"tools": ()}, "it pins no gzip; it pins no tar"),
    ],
)
def test_an_edited_lock_is_refused(bench, tmp_path, edit, says):
    placed = spec_of()
    lock = locks.read(locks.write(msgspec.structs.replace(bench.lock(placed), **edit)), where="edited")
    error = refuse(bench, placed, lock, tmp_path / "out", UntrustedError)
    assert error.code == "LOCK_MISMATCH"
    assert says in error.why


def test_a_lock_without_a_golden_digest_promises_nothing(bench, tmp_path):
    placed = spec_of()
    lock = bench.lock(placed)
    tools = tuple(msgspec.structs.replace(tool, golden=None) for tool in lock.tools)
    error = refuse(bench, placed, msgspec.structs.replace(lock, tools=tools), tmp_path / "out", UnsupportedError)
    assert "gzip" in error.where


def test_a_rotten_input_is_refused_with_its_digest(bench, tmp_path):
    placed = spec_of()
    lock = bench.lock(placed)
    digest = Digest("sha256", sha256(ARCHIVE).hexdigest())
    bench.store.held[digest] = ARCHIVE[:-1] + b"!"
    assert str(digest) in refuse(bench, placed, lock, tmp_path / "out", UntrustedError).line()
    del bench.store.held[digest]
    assert str(digest) in refuse(bench, placed, lock, tmp_path / "out", UnavailableError).line()


def test_another_compressor_than_locked_is_refused_by_name(bench, tmp_path, monkeypatch):
    placed = spec_of()
    lock = bench.lock(placed)
    tools = tuple(msgspec.structs.replace(t, golden="sha256:" + "0" * 64) if t.golden else t for t in lock.tools)
    error = refuse(bench, placed, msgspec.structs.replace(lock, tools=tools), tmp_path / "out", UnsupportedError)
    assert "gzip" in error.where
    assert str(compressors.golden("gzip")) in error.why


@pytest.mark.parametrize(
    ("source", "error", "says"),
    [
        ({"type": "file", "path": "motd", "sha256": "0" * 64}, UntrustedError, "not what it should be"),
        ({"type": "file", "path": "gone", "sha256": "0" * 64}, UsageError, "no such file"),
        ({"type": "directory", "path": "gone"}, UsageError, "no such file or folder"),
        ({"type": "directory", "path": "motd"}, UsageError, "not a folder"),
        ({"type": "file", "path": "site", "sha256": "0" * 64}, UsageError, "not a file"),
        ({"type": "directory", "path": "site/link"}, UsageError, "link on the way"),
    ],
)
def test_an_input_that_cannot_be_locked(bench, source, error, says):
    placed = spec_of(sources={"s": source}, image={})
    with pytest.raises(error, match=says):
        bench.lock(placed)


def test_a_device_in_a_folder_is_refused(bench, project):
    os.mkfifo(project / "site" / "pipe")
    with pytest.raises(UnsupportedError, match="site/pipe"):
        bench.lock(spec_of())


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_a_device_in_an_archive_is_refused(bench, project, tmp_path, kind):
    data = archive(("x/dev", kind, ""))
    (project / "x.tar.gz").write_bytes(data)
    source = {"type": "archive", "path": "x.tar.gz", "sha256": sha256(data).hexdigest()}
    placed = spec_of(sources={"x": source}, image={"install": [{"from": "sources.x", "to": "/x"}]})
    refuse(bench, placed, bench.lock(placed), tmp_path / "out", MalformedError)


def test_a_zip_archive_gives_the_image_that_its_tar_gives(bench, project, tmp_path):
    when = EPOCH - 4  # a zip archive counts in twos
    packed, plain = io.BytesIO(), io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive, tarfile.open(fileobj=plain, mode="w") as tar:
        for name, mode, content in (
            ("x-1/bin/run", 0o100755, b"#!"),
            ("x-1/a", 0o100644, b"a"),
            ("x-1/l", 0o120777, b"a"),
        ):
            info = zipfile.ZipInfo(name, time.gmtime(when)[:6])
            info.create_system, info.external_attr = 3, mode << 16
            archive.writestr(info, content)
            entry = tarfile.TarInfo(name)
            entry.mtime, entry.mode = when, mode & 0o777
            if mode >> 12 == 0o12:
                entry.type, entry.linkname = tarfile.SYMTYPE, content.decode()
            else:
                entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    layers = []
    for number, data in enumerate((packed.getvalue(), plain.getvalue())):
        (project / "x").write_bytes(data)
        source = {"type": "archive", "path": "x", "sha256": sha256(data).hexdigest()}
        placed = spec_of(sources={"x": source}, image={"install": [{"from": "sources.x", "to": "/x"}]})
        (image,) = bench.build(placed, bench.lock(placed), tmp_path / f"out{number}").images
        layers.append([layer.diff_id for layer in image.layers])
        assert {"x", "x/a", "x/bin", "x/bin/run", "x/l"} <= {*members(tmp_path / f"out{number}", image)}
    assert layers[0] == layers[1]


def test_a_path_through_a_link_of_a_zip_archive_is_refused(bench, project, tmp_path):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        link = zipfile.ZipInfo("x/d")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc")
        archive.writestr("x/d/passwd", "evil")
    (project / "x").write_bytes(packed.getvalue())
    source = {"type": "archive", "path": "x", "sha256": sha256(packed.getvalue()).hexdigest()}
    placed = spec_of(sources={"x": source}, image={"install": [{"from": "sources.x", "to": "/x"}]})
    refuse(bench, placed, bench.lock(placed), tmp_path / "out", MalformedError)


def test_a_part_that_is_not_there_is_named(bench, tmp_path):
    placed = spec_of(image={"install": [{"from": "sources.site", "path": "gone", "to": "/x"}]})
    error = refuse(bench, placed, bench.lock(placed), tmp_path / "out", UsageError)
    assert "gone" in error.why


def test_an_archive_is_fetched_once_and_checked(bench):
    url = "https://example.org/x.tar.gz"
    source = {"type": "archive", "url": url, "sha256": sha256(ARCHIVE).hexdigest()}
    placed = spec_of(sources={"x": source}, image={"install": [{"from": "sources.x", "to": "/x"}]})
    bench.fetcher = NoFetcher(**{"x.tar.gz": b"other"})
    with pytest.raises(UntrustedError, match="not what it should be"):
        bench.lock(placed)
    bench.fetcher = NoFetcher(**{"x.tar.gz": ARCHIVE})
    assert bench.lock(placed) == bench.lock(placed)
    assert bench.fetcher.asked == [url]


def test_update_looks_at_one_source_again(bench, project):
    placed = spec_of()
    before = bench.lock(placed)
    (project / "site" / "index.html").write_text("changed")
    assert bench.lock(placed, previous=before, update="x") == before
    after = bench.lock(placed, previous=before, update="site")
    assert {change.name for change in locks.difference(before, after)} == {"site"}
    with pytest.raises(UsageError, match="motd, site, x"):
        bench.lock(placed, previous=before, update="other")


def test_update_follows_a_spec_that_changed_elsewhere(bench, project, tmp_path):
    before = bench.lock(spec_of())
    (project / "motd").write_text("hello")
    motd = {"type": "file", "path": "motd", "sha256": sha256(b"hello").hexdigest()}
    x = {"type": "archive", "path": "x.tar.gz", "sha256": sha256(ARCHIVE).hexdigest()}
    changed = spec_of(sources={"site": {"type": "directory", "path": "site"}, "x": x, "motd": motd})
    after = bench.lock(changed, previous=before, update="x")
    assert after.sources["motd"].sha256 == "sha256:" + motd["sha256"]
    bench.build(changed, after, tmp_path / "out")


def test_update_of_one_source_keeps_packages_only_where_nothing_else_changed(bench, project, monkeypatch):
    asked = []
    monkeypatch.setattr(flow, "_debian", lambda placed, at, previous, update: asked.append(update) or ((), ()))
    (project / "motd").write_text("hello")
    site = {"type": "directory", "path": "site"}
    motd = {"type": "file", "path": "motd", "sha256": sha256(b"hello").hexdigest()}
    image = {"install": [{"from": "sources.site", "to": "/srv"}]}
    first = bench.lock(spec_of(sources={"site": site, "motd": motd}, image=image))
    (project / "motd").write_text("moin")
    motd = motd | {"sha256": sha256(b"moin").hexdigest()}
    second = bench.lock(spec_of(sources={"site": site, "motd": motd}, image=image), previous=first, update="motd")
    bench.lock(
        spec_of(sources={"site": site, "motd": motd}, image=image, platforms=["linux/arm64"]),
        previous=second,
        update="motd",
    )
    assert asked == ["", "motd", ""]


SITE_ALONE = {
    "sources": {"site": {"type": "directory", "path": "site"}},
    "image": {"install": [{"from": "sources.site", "to": "/srv"}]},
}
PIECE = bytes(1 << 20)


class Endless:
    """A folder of one file whose bytes never end; counts what was read."""

    def __init__(self):
        self.read = 0

    def tree(self, path, leave_out):
        yield TreeEntry(path=b"grown", size=1 << 60), self._pieces()

    def _pieces(self):
        while True:
            self.read += len(PIECE)
            yield PIECE


def test_a_folder_is_told_to_be_outdated_only_where_it_is(bench, project):
    placed = spec_of(**SITE_ALONE)
    lock = bench.lock(placed)
    inputs = FolderInputs(project, DEFAULT_LIMITS)
    assert flow.outdated(placed.spec, lock, inputs, (), DEFAULT_LIMITS) == ()
    (project / "site" / "index.html").write_text("HELLO")
    assert flow.outdated(placed.spec, lock, inputs, (), DEFAULT_LIMITS) == ("site",)
    (project / "site").rename(project / "gone")
    assert flow.outdated(placed.spec, lock, inputs, (), DEFAULT_LIMITS) == ()


def test_of_a_folder_that_has_grown_no_more_is_read_than_its_lock_pins(bench):
    placed, inputs = spec_of(**SITE_ALONE), Endless()
    assert flow.outdated(placed.spec, bench.lock(placed), inputs, (), DEFAULT_LIMITS) == ("site",)
    assert inputs.read <= len(PIECE)


@pytest.mark.parametrize("size", [0, 1 << 60])
def test_a_folder_is_read_to_the_limit_of_an_input_whatever_its_lock_says(bench, size):
    placed, inputs = spec_of(**SITE_ALONE), Endless()
    lock = bench.lock(placed)
    site = msgspec.structs.replace(lock.sources["site"], size=size)
    lock = msgspec.structs.replace(lock, sources={"site": site})
    limits = msgspec.structs.replace(DEFAULT_LIMITS, build_input_bytes=3 * len(PIECE))
    with pytest.raises(UnsupportedError, match="build_input_bytes") as told:
        flow.outdated(placed.spec, lock, inputs, (), limits)
    assert told.value.where == "sources.site"
    assert inputs.read <= 4 * len(PIECE)
