"""The comparison with peers: names are levelled, every difference has a reason from the image's files, or is listed."""

import io
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from fakes.layouts import dpkg_status, layout

BENCH = Path(__file__).resolve().parents[2] / "bench"
sys.path.append(str(BENCH))

import differences  # noqa: E402
import identities  # noqa: E402
import imagefiles  # noqa: E402
import kinds  # noqa: E402
import witnesses  # noqa: E402


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pkg:deb/debian/bsdutils@1:2.38-1?arch=amd64", "pkg:deb/debian/bsdutils@2.38-1?arch=amd64&epoch=1"),
        ("pkg:golang/example.com/a/v2@v2.0.1", "pkg:golang/example.com/a@v2.0.1#v2"),
        ("pkg:golang/stdlib@1.23.4", "pkg:golang/stdlib@v1.23.4"),
        ("pkg:pypi/Zope.Interface@1", "pkg:pypi/zope-interface@1"),
        ("pkg:npm/%40a/b@1", "pkg:npm/@a/b@1"),
        ("pkg:deb/debian/a@1.0%2Bds-1", "pkg:deb/ubuntu/a@1.0+ds-1?distro=x"),
    ],
)
def test_spellings_of_one_package_are_one_identity(one: str, other: str) -> None:
    assert identities.identity(one) == identities.identity(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("pkg:deb/debian/a@1:1-1", "pkg:deb/debian/a@1-1"),
        ("pkg:golang/example.com/a@v1.0.0", "pkg:golang/example.com/a/v2@v1.0.0"),
        ("pkg:maven/a/c@1", "pkg:maven/b/c@1"),
        ("pkg:npm/a@1", "pkg:npm/%40a/a@1"),
    ],
)
def test_different_packages_stay_different(one: str, other: str) -> None:
    assert identities.identity(one) != identities.identity(other)


def test_every_rule_has_a_judgement_and_every_judgement_a_rule() -> None:
    names = [name for name, _, _ in differences.RULES]
    assert sorted(names) == sorted(kinds.KINDS)
    assert kinds.UNEXPLAINED not in names


def jar(**members: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, text in members.items():
            archive.writestr(name.replace("__", "/"), text)
    return out.getvalue()


POM = {"META-INF__maven__org.right__thing__pom.properties": "groupId=org.right\nartifactId=thing\nversion=2.0\n"}
LAYERS = [
    {
        "var/lib/dpkg/status": dpkg_status(("libthing", "2.0-1")),
        "var/lib/dpkg/info/libthing.list": b"/.\n/usr\n/usr/share/owned.jar\n",
        "usr/share/owned.jar": jar(**POM),
        "srv/app/package.json": b'{"name": "app", "version": "1.0.0"}',
        "srv/app/node_modules/a/package.json": b'{"name": "a", "version": "1.0.0"}',
        "srv/app/node_modules/a/test/package.json": b'{"name": "fixture", "version": "1.0.0"}',
        "opt/gone/package.json": b'{"name": "gone", "version": "1.0.0"}',
        "srv/lib/thing.jar": jar(**POM),
        "opt/old/x": b"x",
        "srv/app.deps.json": b'{"libraries": {"app/1.0.0": {"type": "project"}}}',
        "usr/lib/R/library/translations/DESCRIPTION": b"Package: translations\nVersion: 4.2.2\n",
        "usr/lib/R/library/base/DESCRIPTION": b"Package: base\nVersion: 4.2.2\nBuilt: R 4.2.2\n",
    },
    {"opt/gone/.wh.package.json": b"", "opt/old/.wh..wh..opq": b"", "opt/old/y": b"y"},
]


@pytest.fixture(scope="module")
def image(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("comparison") / "image"
    layout(folder, LAYERS)
    return folder


@pytest.fixture(scope="module")
def files(image: Path) -> imagefiles.Files:
    return imagefiles.read(f"oci-dir:{image}:latest")


def test_the_files_of_an_image_are_read_without_us(files: imagefiles.Files) -> None:
    assert "opt/gone/package.json" not in files
    assert files.removed == {"opt/gone/package.json": 1, "opt/old/x": 1}
    assert "opt/old/y" in files
    assert files.owner("usr/share/owned.jar") == "libthing"
    assert files.owner("srv/lib/thing.jar") == ""
    assert witnesses.coordinates(files, "srv/lib/thing.jar") == {("org.right/thing", "2.0")}


def named(*entries: tuple[str, str]) -> dict[identities.Identity, identities.Named]:
    return {identities.identity(purl): identities.Named({purl}, {path}) for purl, path in entries}


OURS_ONLY = {
    "pkg:maven/org.right/thing@2.0": ("usr/share/owned.jar", "owned by an OS package (folded)"),
    "pkg:maven/org.right/thing@2.0?x": ("srv/lib/thing.jar", "jar that we name as its witnesses do"),
    "pkg:cargo/ahash@0.8.12": ("x/a-1.dist-info/sboms/a.cyclonedx.json", "named by an SBOM inside the image"),
    "pkg:nuget/app@1.0.0": ("srv/app.deps.json", "the application's own assembly"),
    "pkg:conda/zlib@1": ("srv/lib/thing.jar", "ecosystem that the peer does not read"),
    "pkg:maven/org.wrong/thing@2.0": ("srv/lib/thing.jar", kinds.UNEXPLAINED),
}
THEIRS_ONLY = {
    "pkg:npm/gone@1.0.0": ("opt/gone/package.json", "removed by a later layer"),
    "pkg:npm/app@1.0.0": ("srv/app/package.json", "the application's own package.json"),
    "pkg:npm/fixture@1.0.0": ("srv/app/node_modules/a/test/package.json", "package.json of a folder inside a package"),
    "pkg:npm/a@1.0.0": ("srv/app/node_modules/a/package.json", kinds.UNEXPLAINED),
    "pkg:cargo/x@1": ("srv/app/Cargo.lock", "lock or manifest file, nothing installed"),
    "pkg:maven/org.right/thing@2.0": ("srv/lib/thing.jar", "jar that the peer names as its witnesses do"),
    "pkg:cran/translations@4.2.2": ("usr/lib/R/library/translations/DESCRIPTION", "R folder that R does not list"),
    "pkg:cran/base@4.2.2": ("usr/lib/R/library/base/DESCRIPTION", kinds.UNEXPLAINED),
    "pkg:maven/a/b@1": ("srv/lib/broken.jar", "file that we count as a gap"),
    "pkg:maven/x/y": ("usr/share/owned.jar", "no version recorded"),
    "pkg:golang/example.com/x@(devel)": ("usr/bin/x", "Go program without module data"),
}


OTHERS = {identities.Identity(e, "other", "1"): identities.Named() for e in ("maven", "cargo", "nuget")}


@pytest.mark.parametrize("side", [differences.OURS, differences.THEIRS])
def test_each_difference_gets_the_reason_its_evidence_gives(files: imagefiles.Files, side: str) -> None:
    gaps = {"usr/bin/x": "was built without module data", "srv/lib/broken.jar": "damaged"}
    for purl, (path, expected) in (OURS_ONLY if side == differences.OURS else THEIRS_ONLY).items():
        entry = named((purl, path))
        ours = identities.Account("assay", "0", entry if side == differences.OURS else {}, gaps)
        theirs = identities.Account("syft", "1", OTHERS if side == differences.OURS else entry)
        (identity,) = entry
        difference = differences.Difference(side, identity, entry[identity], ours, theirs, files)
        assert differences.explain(difference)[0] == expected, purl


def test_a_jar_named_otherwise_is_judged_by_its_witness(files: imagefiles.Files) -> None:
    right = named(("pkg:maven/org.right/thing@2.0", "srv/lib/thing.jar"))
    wrong = named(("pkg:maven/thing/thing@2.0", "srv/lib/thing.jar"))
    for mine, other, kind in (
        (right, wrong, "jar named otherwise than its witnesses say"),
        (wrong, right, "jar that the peer names as its witnesses do"),
    ):
        ours, theirs = identities.Account("assay", "0", mine), identities.Account("syft", "1", other)
        (identity,) = other
        difference = differences.Difference(differences.THEIRS, identity, other[identity], ours, theirs, files)
        assert differences.explain(difference)[0] == kind


PEER = """#!{python}
import json, sys
if "--version" in sys.argv:
    print("syft 9.9.9")
else:
    out = sys.argv[sys.argv.index("-o") + 1].partition("=")[2]
    open(out, "w").write(json.dumps({document}))
"""


def test_one_command_writes_the_page_and_hides_nothing(image: Path, tmp_path: Path) -> None:
    document: dict[str, Any] = {
        "metadata": {"tools": {"components": [{"name": "syft", "version": "9.9.9"}]}},
        "components": [
            {"bom-ref": "1", "name": "x", "purl": "pkg:npm/never-there@3.0.0",
             "properties": [{"name": "syft:location:0:path", "value": "/srv/app/node_modules/never-there/package.json"}]},
            {"bom-ref": "2", "name": "app", "purl": "pkg:npm/app@1.0.0",
             "properties": [{"name": "syft:location:0:path", "value": "/srv/app/package.json"}]},
        ],
    }  # fmt: skip
    program = tmp_path / "syft"
    program.write_text(PEER.format(python=sys.executable, document=document))
    program.chmod(0o755)
    (tmp_path / "none").mkdir()
    page = tmp_path / "page.md"
    argv = [sys.executable, str(BENCH / "compare.py"), f"oci-dir:{image}", "--out", str(page)]
    environment = {**os.environ, "ASSAY_SYFT": str(program), "PATH": "", "ASSAY_CACHE": str(tmp_path / "cache")}
    done = subprocess.run(
        [*argv, "--peers", str(tmp_path / "none"), "--work", str(tmp_path / "work")],
        capture_output=True, text=True, timeout=60, check=False, env=environment,
    )  # fmt: skip
    text = page.read_text()
    assert done.returncode == 1, done.stderr
    assert "- syft 9.9.9, only theirs: `pkg:npm/never-there@3.0.0`" in text
    assert "| syft 9.9.9 | npm | 0 | 1 | 2 | " in text
    assert "the application's own package.json" in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    "place", ["/opt/a.jar:BOOT-INF/lib/b.jar", "opt/a.jar!/BOOT-INF/lib/b.jar", "opt/a.jar/BOOT-INF/lib/b.jar"]
)
def test_a_place_inside_an_archive_has_one_spelling(tmp_path: Path, place: str) -> None:
    component = {"bom-ref": "1", "purl": "pkg:maven/a/b@1", "properties": [
        {"name": "syft:location:0:path", "value": "/opt/a.jar"}, {"name": "syft:metadata:virtualPath", "value": place}
    ]}  # fmt: skip
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"metadata": {}, "components": [component]}))
    (named_so,) = identities.read("syft", path).packages.values()
    assert named_so.paths == {"opt/a.jar!/BOOT-INF/lib/b.jar"}


def test_an_empty_document_is_a_failed_run(tmp_path: Path) -> None:
    path = tmp_path / "empty.json"
    path.write_text(json.dumps({"metadata": {}, "components": []}))
    with pytest.raises(ValueError, match="named no package"):
        identities.read("trivy", path)
