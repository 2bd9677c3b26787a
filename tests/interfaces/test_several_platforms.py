"""Tables of an index with several platforms say which is which; `why` says what it does not know."""

import json
import shutil
import tarfile
from hashlib import sha256
from pathlib import Path

import pytest

from assay.dependencies.graph import Graph
from assay.interfaces.cli.render import components, gaps, paths, standing
from assay.model.image import Subject
from assay.model.inventory import Component, Gap, Inventory
from assay.model.report import Shares
from command import assay
from fakes.layouts import demo_layers, layout


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One index with an image for each of two platforms."""
    folder = tmp_path_factory.mktemp("platforms")
    layout(folder / "image", demo_layers())
    path = folder / "image" / "index.json"
    document = json.loads(path.read_text())
    (one,) = document["manifests"]
    one.pop("annotations", None)
    manifest = json.loads((folder / "image/blobs/sha256" / one["digest"].partition(":")[2]).read_text())
    config = json.loads((folder / "image/blobs/sha256" / manifest["config"]["digest"].partition(":")[2]).read_text())
    changed = json.dumps(config | {"architecture": "arm64"}).encode()
    manifest["config"] |= {"digest": f"sha256:{sha256(changed).hexdigest()}", "size": len(changed)}
    (folder / "image/blobs/sha256" / sha256(changed).hexdigest()).write_bytes(changed)
    other = json.dumps(manifest).encode()
    digest = sha256(other).hexdigest()
    (folder / "image/blobs/sha256" / digest).write_bytes(other)
    arm = {**one, "digest": f"sha256:{digest}", "size": len(other)}
    platforms = ({"os": "linux", "architecture": "amd64"}, {"os": "linux", "architecture": "arm64"})
    entries = [entry | {"platform": p} for entry, p in zip((one, arm), platforms, strict=True)]
    media = "application/vnd.oci.image.index.v1+json"
    inner = json.dumps({"schemaVersion": 2, "mediaType": media, "manifests": entries}).encode()
    listed = sha256(inner).hexdigest()
    (folder / "image/blobs/sha256" / listed).write_bytes(inner)
    document["manifests"] = [{"mediaType": media, "digest": f"sha256:{listed}", "size": len(inner)}]
    path.write_text(json.dumps(document))
    return folder


@pytest.mark.parametrize("words", [("sbom", "-o", "table"), ("why", "bash"), ("locks",)])
def test_each_platform_is_named_once(index: Path, words: tuple[str, ...]) -> None:
    done = assay(*words, "-q", "--all-platforms", f"oci-dir:{index}/image", home=index / "home", env={"COLUMNS": "80"})
    assert done.code == 0, done.err
    text = done.out.decode()
    assert [text.count("linux/amd64"), text.count("linux/arm64")] == [1, 1]
    assert max(map(len, text.splitlines())) <= 80


def test_a_list_for_standard_output_has_one_header(index: Path) -> None:
    words = ("scan", "-q", "--no-policy", "--all-platforms", f"oci-dir:{index}/image", "-o", "csv")
    assert assay(*words, home=index / "home").out.count(b"subject,digest") == 1


def test_nothing_to_say_on_standard_output_removes_no_file(index: Path, tmp_path: Path) -> None:
    for name in ("-linux-amd64", "-linux-arm64"):
        (tmp_path / name).write_text("mine")
    words = ("scan", "-q", "--no-policy", "--all-platforms", f"oci-dir:{index}/image", "-o", "openvex")
    done = assay(*words, home=index / "home", cwd=tmp_path)
    assert "no document is written" in done.err
    assert "removed" not in done.err
    assert len(list(tmp_path.iterdir())) == 2


@pytest.fixture(scope="module")
def flat(index: Path) -> Path:
    """The same two images, listed by the layout's own `index.json` instead of by an index."""
    copy = index / "flat"
    shutil.copytree(index / "image", copy)
    (one,) = json.loads((copy / "index.json").read_text())["manifests"]
    inner = (copy / "blobs/sha256" / one["digest"].partition(":")[2]).read_bytes()
    (copy / "index.json").write_bytes(inner)
    return copy


def test_platforms_a_layout_lists_itself_are_those_of_one_image(index: Path, flat: Path) -> None:
    home = index / "home"
    every = assay("sbom", "-q", "-o", "table", "--all-platforms", f"oci-dir:{flat}", home=home).out.decode()
    assert [every.count("linux/amd64"), every.count("linux/arm64")] == [1, 1]
    nested, own = (
        json.loads(assay("sbom", "-q", "--platform", "linux/arm64", f"oci-dir:{place}", home=home).out)
        for place in (index / "image", flat)
    )
    assert own["components"] == nested["components"]
    assert own["metadata"]["component"]["version"] == nested["metadata"]["component"]["version"]
    missing = assay("sbom", "-q", "--platform", "linux/s390x", f"oci-dir:{flat}", home=home)
    assert (missing.code, "present are linux/amd64, linux/arm64" in missing.err) == (2, True)
    scanned = assay("scan", "-q", "-o", "json", "--platform", "linux/arm64", f"oci-dir:{flat}", home=home)
    assert json.loads(scanned.out)["subject"]["platform"]["architecture"] == "arm64"


@pytest.mark.parametrize("change", [{"platform": None}, {"annotations": {"org.opencontainers.image.ref.name": "x"}}])
def test_images_that_are_not_one_still_want_a_choice(index: Path, flat: Path, tmp_path: Path, change: object) -> None:
    shutil.copytree(flat, tmp_path / "other")
    document = json.loads((flat / "index.json").read_text())
    first, second = document["manifests"]
    both = {"org.opencontainers.image.ref.name": "y"}
    document["manifests"] = [first | {"annotations": both}, second | {"annotations": both} | change]
    (tmp_path / "other" / "index.json").write_text(json.dumps(document))
    done = assay("sbom", "-q", f"oci-dir:{tmp_path}/other", home=index / "home")
    assert (done.code, "several images match" in done.err) == (2, True)


@pytest.mark.parametrize(("version", "code"), [("1.0.0", 0), ("2.0.0", 65)])
def test_platforms_are_listed_by_a_layout_of_a_known_version(
    index: Path, flat: Path, tmp_path: Path, version: str, code: int
) -> None:
    shutil.copytree(flat, tmp_path / "other")
    (tmp_path / "other" / "oci-layout").write_text(json.dumps({"imageLayoutVersion": version}))
    with tarfile.open(tmp_path / "other.tar", "w") as tar:
        tar.add(tmp_path / "other", "")
    for place in (f"oci-dir:{tmp_path}/other", f"oci-archive:{tmp_path}/other.tar"):
        done = assay("sbom", "-q", "--platform", "linux/arm64", place, home=index / "home")
        assert done.code == code, done.err


def test_one_platform_needs_no_heading(index: Path) -> None:
    done = assay("sbom", "-q", "-o", "table", f"oci-dir:{index}/image", home=index / "home")
    assert done.out.startswith(b"NAME")


def test_what_is_no_package_url_is_a_mistake_and_another_version_is_named(index: Path) -> None:
    place, home = f"oci-dir:{index}/image", index / "home"
    wrong = assay("why", "-q", "pkg:bad", place, "--platform", "linux/amd64", home=home)
    assert (wrong.code, "not a package URL" in wrong.err) == (2, True)
    found = json.loads(assay("why", "-q", "-o", "json", "bash", place, "--platform", "linux/amd64", home=home).out)
    (one,) = found["components"]
    bare, version = one["component"]["purl"].partition("@")[0], one["component"]["version"]
    other = assay("why", "-q", f"{bare}@0.0", place, "--platform", "linux/amd64", home=home)
    assert (other.code, f"there in version {version}" in other.err) == (1, True)


def test_a_depth_nobody_recorded_is_said_in_words() -> None:
    npm = {"ecosystem": "golang", "purl": ""}
    direct = Component(key="a", name="a", version="1", properties=(("go:direct", "true"),), **npm)  # type: ignore[arg-type]
    deep = Component(key="b", name="b", version="1", properties=(("go:indirect", "true"),), **npm)  # type: ignore[arg-type]
    graph = Graph(Inventory(subject=Subject(kind="directory", name="t"), components=(direct, deep)))
    why = graph.why("b")
    assert (why.standing, why.depth) == ("transitive", None)
    text = paths.render([why], graph, columns=80, colour=False)
    assert "transitive; nothing records how deep" in text
    assert "None" not in text


def test_packages_of_an_owner_are_counted_apart_and_gaps_are_named() -> None:
    owner = Component(key="o", name="python3-six", version="1", ecosystem="deb", purl="")
    twin = Component(key="t", name="six", version="1", ecosystem="pypi", purl="", owner="o")
    known = tuple(Gap("unreadable", f"a/{at}", None, "damaged", "t") for at in range(6))
    stock = Inventory(subject=Subject(kind="directory", name="t"), components=(owner, twin), gaps=known)
    text = components.render(stock, columns=80, colour=False)
    assert "1 package (+1 owned by them), 6 gaps" in text
    assert "  a/0: damaged" in text
    assert "… 1 more with -o cyclonedx-json" in text
    assert gaps.gap_lines([Gap("unreadable", "", None, "no database", "t")], 80)[1] == "  no database"


def test_an_ecosystem_without_a_name_is_called_unidentified() -> None:
    said = standing.share_line(Shares(direct=0, transitive=0, unknown=2, unrecorded=("", "deb")))
    assert said.endswith("(no record of requests: unidentified packages, deb)")
