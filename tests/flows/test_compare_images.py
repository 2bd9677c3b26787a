"""Two images from their bytes to a verdict: what layers, entries, config and compressors say."""

import gzip
import io
import json
import tarfile
from pathlib import Path

import pytest

from assay.adapters.spool import FileSpool
from assay.bootstrap.comparing import source_of
from assay.flows.compare import compare_images, side
from assay.flows.stripdown import Known, stripdown
from assay.model.comparison import Comparison
from assay.model.digest import Digest
from assay.model.errors import UntrustedError, UsageError
from assay.model.image import Platform, Subject
from assay.model.inventory import Inventory
from assay.model.limits import DEFAULT_LIMITS
from assay.settings import Settings

HOST = Platform("linux", "amd64")
SETTINGS = Settings(database="", cache="")
CONFIG = "application/vnd.oci.image.config.v1+json"


def layer(*items: tuple[str, bytes | str | None, dict[str, object]]) -> bytes:
    """A tar: bytes are a file, a text is a link, None a folder."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content, more in items:
            info = tarfile.TarInfo(name)
            info.mtime = 5
            if content is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o755
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            for key, value in more.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return out.getvalue()


def image(folder: Path, *layers: bytes, level: int = 6, created: str = "2026-01-01T00:00:00Z", **config: object) -> str:
    """An OCI layout of these layers."""
    blobs = folder / "blobs" / "sha256"
    blobs.mkdir(parents=True)

    def put(data: bytes, media_type: str) -> dict[str, object]:
        digest = Digest.of(data)
        (blobs / digest.hex).write_bytes(data)
        return {"mediaType": media_type, "digest": str(digest), "size": len(data)}

    document = {
        "architecture": "amd64", "os": "linux", "created": created, "config": config,
        "rootfs": {"type": "layers", "diff_ids": [str(Digest.of(data)) for data in layers]},
    }  # fmt: skip
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": put(json.dumps(document).encode(), CONFIG),
        "layers": [
            put(gzip.compress(data, level, mtime=0), "application/vnd.oci.image.layer.v1.tar+gzip") for data in layers
        ],
    }
    root = put(json.dumps(manifest).encode(), manifest["mediaType"])
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (folder / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [root]}))
    return f"oci-dir:{folder}"


def compared(tmp_path: Path, one: str, other: str, **more: object) -> Comparison:
    sources = [source_of(text, SETTINGS) for text in (one, other)]
    spool = FileSpool()
    try:
        return compare_images(*sources, spool, DEFAULT_LIMITS, host=HOST, **more)
    finally:
        spool.close()
        for source in sources:
            source.close()


BASE = layer(
    ("etc", None, {}), ("etc/motd", b"hello\n", {}), ("etc/now", b"2026-01-01\n", {}), ("link", "etc/motd", {})
)


def test_one_image_is_identical_to_itself(tmp_path: Path) -> None:
    one, other = image(tmp_path / "a", BASE), image(tmp_path / "b", BASE)
    assert compared(tmp_path, one, other).verdict == "identical"


def test_other_compressed_bytes_are_the_same_content(tmp_path: Path) -> None:
    big = layer(("f", b"words and words " * 4000, {}))
    found = compared(tmp_path, image(tmp_path / "a", big), image(tmp_path / "b", big, level=1))
    assert (found.verdict, found.counts) == ("same-content", {"compressor": 1})
    assert found.layers[0].same_content
    assert not found.layers[0].same_blob


@pytest.mark.parametrize(
    ("before", "after", "path"),
    [
        ({"ExposedPorts": {"80/tcp": {}}}, {"ExposedPorts": {"81/tcp": {}}}, "config.ExposedPorts.80/tcp"),
        ({"Volumes": {}}, {"Volumes": {"/data": {}}}, "config.Volumes"),
        ({"Cmd": []}, {}, "config.Cmd"),
        ({"Healthcheck": {"Retries": 1}}, {"Healthcheck": {"Retries": "1"}}, "config.Healthcheck.Retries"),
        ({"Cmd": ["good"], "Cmd[0]": "x"}, {"Cmd": ["evil"], "Cmd[0]": "x"}, "config.Cmd[0]"),
        ({"Cmd[0]": "x", "Cmd": ["good"]}, {"Cmd[0]": "x", "Cmd": ["evil"]}, "config.Cmd[0]"),
    ],
)
def test_no_difference_of_a_config_is_too_small_or_hidden(
    tmp_path: Path, before: dict[str, object], after: dict[str, object], path: str
) -> None:
    """What is a name with nothing in it (a port), of another type, or under a name that looks like another's way."""
    found = compared(tmp_path, image(tmp_path / "a", **before), image(tmp_path / "b", **after))
    assert found.verdict == "different"
    assert path in [cause.inner for cause in found.causes]


def test_a_config_that_starts_something_else_is_no_same_content(tmp_path: Path) -> None:
    later = image(tmp_path / "c", BASE, created="2026-02-02T00:00:00Z")
    first = image(tmp_path / "a", BASE)
    assert compared(tmp_path, first, later).verdict == "same-content"
    other = image(tmp_path / "b", BASE, Entrypoint=["/bin/evil"])
    found = compared(tmp_path, first, other)
    assert (found.verdict, found.causes[0].path, found.causes[0].inner) == (
        "different",
        "config",
        "config.Entrypoint[0]",
    )


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        (layer(("etc", None, {}), ("etc/motd", b"hello\n", {"mode": 0o600})), {"mode": 1}),
        (layer(("etc", None, {}), ("etc/motd", b"hello\n", {"uid": 7})), {"owner": 1}),
        (layer(("etc", None, {}), ("etc/motd", b"hello\n", {"mtime": 9})), {"time": 1}),
        (layer(("etc", None, {}), ("etc/motd", "elsewhere", {})), {"link": 1}),
        (
            layer(("etc", None, {}), ("etc/motd", b"hello\n", {"pax_headers": {"SCHILY.xattr.user.x": "y"}})),
            {"xattr": 1},
        ),
        (layer(("etc", None, {})), {"removed": 1}),
        (layer(("etc", None, {}), ("etc/motd", b"hello\n", {}), ("new", b"", {})), {"added": 1}),
        (layer(("etc/motd", b"hello\n", {}), ("etc", None, {})), {"archive-order": 1}),
        (layer(("etc", None, {}), ("etc/motd", b"hello\n", {"uname": "joe"})), {"owner": 1}),
        (layer(("etc", None, {}), ("etc/motd", b"hello\n", {"pax_headers": {"comment": "x"}})), {"unknown": 1}),
        (layer(("etc", None, {}), ("etc/motd", b"bye\n", {})), {"unknown": 1}),
    ],
)
def test_an_entry_that_differs_is_named(tmp_path: Path, changed: bytes, expected: dict[str, int]) -> None:
    first = image(tmp_path / "a", layer(("etc", None, {}), ("etc/motd", b"hello\n", {})))
    found = compared(tmp_path, first, image(tmp_path / "b", changed))
    assert (found.verdict, found.counts) == ("different", expected)


def test_only_what_a_policy_allows_is_equivalent(tmp_path: Path) -> None:
    first = image(tmp_path / "a", layer(("f", b"on 2026-01-01\n", {}), ("g", b"x", {})))
    second = image(tmp_path / "b", layer(("f", b"on 2026-01-02\n", {}), ("g", b"x", {})))
    assert compared(tmp_path, first, second).verdict == "different"
    assert compared(tmp_path, first, second, allowed=("timestamp",)).verdict == "equivalent"
    third = image(tmp_path / "c", layer(("f", b"on 2026-01-02\n", {}), ("g", b"y", {})))
    assert compared(tmp_path, first, third, allowed=("timestamp",)).verdict == "different"
    for wrong in ("unknown", "weather"):
        with pytest.raises(UsageError):
            compared(tmp_path, first, second, allowed=(wrong,))


def test_images_of_other_layering_are_compared_as_they_look_inside(tmp_path: Path) -> None:
    lower = layer(
        ("a", b"1", {}), ("b", b"2", {}), ("d", None, {}), ("d/x", b"3", {}), ("e", None, {}), ("e/y", b"", {})
    )
    upper = layer((".wh.b", b"", {}), ("d/.wh..wh..opq", b"", {}), ("d/z", b"4", {}), ("e", b"file now", {}))
    flat = layer(("a", b"1", {}), ("d", None, {}), ("d/z", b"4", {}), ("e", b"file now", {}))
    found = compared(tmp_path, image(tmp_path / "a", lower, upper), image(tmp_path / "b", flat))
    assert (found.verdict, found.causes[0].detail) == ("different", "the same files, cut into other layers")
    other = layer(("a", b"1", {}), ("b", b"2", {}), ("d", None, {}), ("d/z", b"4", {}), ("e", b"file now", {}))
    found = compared(tmp_path, image(tmp_path / "c", lower, upper), image(tmp_path / "d", other))
    assert [(one.path, one.kind) for one in found.causes] == [("b", "added")]


def test_a_layer_that_cannot_be_read_leaves_the_verdict_unknown(tmp_path: Path) -> None:
    bad = layer(("../climbs", b"x", {}))
    found = compared(tmp_path, image(tmp_path / "a", BASE), image(tmp_path / "b", bad))
    assert found.verdict == "unknown"
    assert "climbs" in found.gaps[0]


def test_a_layer_of_other_bytes_is_believed_in_nothing(tmp_path: Path) -> None:
    one, other = image(tmp_path / "a", BASE), image(tmp_path / "b", layer(("f", b"x", {})))
    document = json.loads((tmp_path / "b" / "index.json").read_text())["manifests"][0]
    manifest = json.loads((tmp_path / "b" / "blobs" / "sha256" / document["digest"][7:]).read_text())
    target = tmp_path / "b" / "blobs" / "sha256" / manifest["layers"][0]["digest"][7:]
    data = bytearray(target.read_bytes())
    data[-9] ^= 1
    target.write_bytes(bytes(data))
    with pytest.raises(UntrustedError):
        compared(tmp_path, one, other)


STATUS = b"Package: kept\nStatus: install ok installed\nArchitecture: all\n\nPackage: gone\nStatus: deinstall ok config-files\nArchitecture: all\n"


def test_the_strip_down_report_counts_and_lists(tmp_path: Path) -> None:
    lower = layer(
        ("bin", "usr/bin", {}), ("usr/bin/dash", b"#", {"mode": 0o755}), ("usr/bin/su", b"##", {"mode": 0o4755}),
        ("usr/bin/apt", b"###", {}), ("big", b"x" * 1000, {}), ("stray", b"??", {}), ("etc/gone.conf", b"g", {}),
        ("var/lib/dpkg/status", STATUS, {}),
        ("var/lib/dpkg/info/kept.list", b"/.\n/bin\n/bin/dash\n/usr/bin/su\n/usr/bin/apt\n/usr/bin/lost\n/big\n", {}),
        ("var/lib/dpkg/info/gone.list", b"/etc/gone.conf\n/usr/bin/never\n", {}),
    )  # fmt: skip
    upper = layer((".wh.big", b"", {}), ("usr/bin/dash", b"#!", {"mode": 0o755}))
    texts = (image(tmp_path / "a", lower, upper), image(tmp_path / "b", layer(("app", b"x", {}))))
    known = []
    for text in texts:
        found = side(source_of(text, SETTINGS), DEFAULT_LIMITS, platform=None, host=HOST)
        known.append(Known(side=found, inventory=Inventory(subject=Subject(name="x"))))
    report = stripdown(*known, DEFAULT_LIMITS)
    rows = {one.name: (one.before, one.after) for one in report.figures}
    assert rows["bytes under whiteouts"][0].items == ("big", "usr/bin/dash")
    assert rows["bytes under whiteouts"][0].value == 1001
    assert rows["shells"][0].items == ("usr/bin/dash",)
    assert rows["package managers"][0].items == ("usr/bin/apt",)
    assert rows["set-id files"][0].items == ("usr/bin/su",)
    assert rows["unowned files"][0].items == ("etc/gone.conf", "stray")
    assert rows["listed but missing files"][0].items == ("big", "usr/bin/lost")
    assert rows["residue of removed packages"][0].items == (
        "etc/gone.conf",
        "package gone",
        "var/lib/dpkg/info/gone.list",
    )
    assert rows["findings"][0].value is None
    assert [rows[name][1].value for name in ("files", "bytes", "shells", "unowned files")] == [1, 1, 0, 1]
    assert all(
        len(one.before.items) == one.before.value for one in report.figures if one.unit == "count" and one.before.items
    )
