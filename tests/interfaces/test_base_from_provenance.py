"""The base image out of provenance beside an image: where it ends by the layers that are listed, else only its name."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from assay.formats import buildkit, intoto, predicates, sbom
from assay.model.inventory import BaseImage, Inventory
from assay.model.statement import ResourceDescriptor
from insidecommand import assay
from signing import P256
from vexplaces import VexImage, envelope, statement

BASE = "ab" * 32
DEBIAN = {"uri": "pkg:docker/debian@12?platform=linux%2Famd64", "digest": {"sha256": BASE}}
GOLANG = {"uri": "pkg:docker/golang@1.22", "digest": {"sha256": "cd" * 32}}
FRONTEND = {"uri": "pkg:docker/docker/dockerfile@1", "digest": {"sha256": "ef" * 32}}
SOURCE = {"uri": "https://example.org/repo.git#main", "digest": {"sha1": "12" * 20}}


def layers_of(image: VexImage) -> list[str]:
    manifest = image.folder / "blobs/sha256" / image.digest.hex
    return [layer["digest"] for layer in json.loads(manifest.read_bytes())["layers"]]


def v02(*materials: dict[str, Any], layers: list[str] | None = None) -> tuple[str, dict[str, Any]]:
    """As BuildKit 0.11 writes; with `layers` as in `mode=max`."""
    predicate: dict[str, Any] = {
        "builder": {"id": ""}, "buildType": "https://mobyproject.org/buildkit@v1", "materials": list(materials),
        "invocation": {"configSource": {"entryPoint": "Dockerfile"}}, "metadata": {},
    }  # fmt: skip
    if layers is not None:
        source = {"identifier": f"docker-image://docker.io/library/debian:12@sha256:{BASE}"}
        predicate["buildConfig"] = {
            "llbDefinition": [{"id": "step0", "op": {"Op": {"source": source}}}, {"id": "step1"}]
        }
        listed = [[{"mediaType": "x", "digest": digest, "size": 1} for digest in layers]]
        predicate["metadata"]["https://mobyproject.org/buildkit@v1#metadata"] = {"layers": {"step0:0": listed}}
    return predicates.PROVENANCE_V02, predicate


def v1(*materials: dict[str, Any], layers: list[str] | None = None) -> tuple[str, dict[str, Any]]:
    """The same as newer ones write."""
    old = v02(layers=layers)[1]
    predicate: dict[str, Any] = {
        "buildDefinition": {
            "buildType": "https://github.com/moby/buildkit/blob/master/docs/attestations/slsa-definitions.md",
            "externalParameters": {}, "internalParameters": {"buildConfig": old.get("buildConfig", {})},
            "resolvedDependencies": list(materials),
        },
        "runDetails": {
            "builder": {"id": ""},
            "metadata": {"buildkit_metadata": old["metadata"].get("https://mobyproject.org/buildkit@v1#metadata", {})},
        },
    }  # fmt: skip
    return predicates.PROVENANCE, predicate


def stock(target: str, *options: str) -> Inventory:
    home = Path(target.partition(":")[2].partition(":")[0]).parent
    done = assay("sbom", target, *options, "-o", "cyclonedx-json", home=home)
    assert done.code == 0, done.err
    return sbom.read(done.out, "t")


def base_of(image: VexImage | str, *options: str) -> BaseImage:
    found = stock(image if isinstance(image, str) else f"oci-dir:{image.folder}:latest", *options).base
    assert found is not None
    return found


def beside(image: VexImage, kind: str, predicate: dict[str, Any]) -> None:
    image.buildkit(statement(image.digest, predicate, kind).payload, kind)


@pytest.fixture
def image(tmp_path: Path) -> VexImage:
    return VexImage(tmp_path / "layout")


@pytest.mark.parametrize("form", [v02, v1])
def test_layers_listed_in_the_images_own_index_tell_where_the_base_ends(image: VexImage, form: Any) -> None:
    beside(image, *form(GOLANG, DEBIAN, FRONTEND, SOURCE, layers=layers_of(image)[:1]))
    found = base_of(image)
    assert (found.layers_count, found.confidence, found.method) == (1, "strong", "provenance")
    assert (found.name, found.digest) == ("debian:12", f"sha256:{BASE}")
    assert "provenance at attestation manifest sha256:" in found.reason
    assert found.reason.endswith("no signature was checked")


def test_what_anybody_may_have_attached_is_weak(image: VexImage) -> None:
    kind, predicate = v1(DEBIAN, layers=layers_of(image)[:2])
    image.docker(statement(image.digest, predicate, kind).payload, kind=kind)
    found = base_of(image)
    assert (found.layers_count, found.confidence, found.method) == (2, "weak", "provenance")


def test_an_envelope_is_a_claim_too(image: VexImage) -> None:
    kind, predicate = v1(DEBIAN, layers=layers_of(image)[:1])
    data = envelope(image.digest, predicate, P256, kind=kind)
    image.docker(data, media_type="application/vnd.dsse.envelope.v1+json", kind=kind)
    assert (base_of(image).method, base_of(image).confidence) == ("provenance", "weak")


def test_without_layers_only_the_name_is_told(image: VexImage) -> None:
    plain = base_of(image)
    beside(image, *v1(DEBIAN, FRONTEND))
    found = base_of(image)
    assert (found.layers_count, found.confidence) == (plain.layers_count, plain.confidence)
    assert (found.name, found.digest) == ("debian:12", f"sha256:{BASE}")
    assert "names debian:12; no signature was checked" in found.reason


def test_of_several_images_none_is_chosen(image: VexImage) -> None:
    beside(image, *v1(DEBIAN, GOLANG))
    found = base_of(image)
    assert (found.name, found.digest) == ("", "")
    assert "names 2 images, and not which is below" in found.reason


def test_layers_that_are_not_ours_are_no_base(image: VexImage) -> None:
    plain = base_of(image)
    beside(image, *v1(DEBIAN, layers=[f"sha256:{'00' * 32}"]))
    assert base_of(image) == plain


@pytest.mark.parametrize("data", [b"{", b"[]", b"\xff", b'{"_type": "https://in-toto.io/Statement/v1"}', b"x" * 9_999])
def test_a_broken_provenance_tells_nothing_and_breaks_nothing(image: VexImage, data: bytes) -> None:
    plain = base_of(image)
    image.buildkit(data, predicates.PROVENANCE)
    assert base_of(image) == plain


def test_a_provenance_of_another_image_tells_nothing(image: VexImage) -> None:
    plain = base_of(image)
    kind, predicate = v1(DEBIAN, layers=layers_of(image)[:1])
    other = ResourceDescriptor(name="image", digest={"sha256": "00" * 32})
    image.buildkit(intoto.statement([other], kind, predicate).payload, kind)
    assert base_of(image) == plain


def test_an_archive_is_asked_as_well_and_a_given_base_comes_first(image: VexImage, tmp_path: Path) -> None:
    beside(image, *v02(DEBIAN, layers=layers_of(image)[:1]))
    with tarfile.open(tmp_path / "image.tar", "w") as archive:
        for path in sorted(image.folder.rglob("*")):
            archive.add(path, path.relative_to(image.folder), recursive=False)
    assert base_of(f"oci-archive:{tmp_path / 'image.tar'}").method == "provenance"
    target = f"oci-dir:{image.folder}:latest"
    assert base_of(target, "--base", target).method == "given"


def test_what_provenance_says_survives_the_sbom(image: VexImage, tmp_path: Path) -> None:
    beside(image, *v02(DEBIAN, layers=layers_of(image)[:1]))
    target, path = f"oci-dir:{image.folder}:latest", tmp_path / "sbom.json"
    assert assay("sbom", target, "-o", f"spdx-json={path}", home=tmp_path).code == 0
    assert base_of(f"sbom:{path}") == base_of(image)


def test_names_as_people_write_them() -> None:
    uris = {
        "pkg:docker/library/python@3.12?platform=linux%2Famd64": "library/python:3.12",
        "pkg:docker/example.org%2Fapp@1": "example.org/app:1", "docker-image://docker.io/a/b:1@sha256:00": "docker.io/a/b:1",
        "pkg:docker/alpine": "alpine",
    }  # fmt: skip
    found = buildkit.images(tuple(ResourceDescriptor(uri=uri, digest={"sha256": "00"}) for uri in uris), {})
    assert [one.name for one in found] == list(uris.values())


@pytest.mark.parametrize(
    "predicate",
    [
        {"metadata": 3}, {"metadata": {"https://mobyproject.org/buildkit@v1#metadata": {"layers": 3}}},
        {"buildConfig": {"llbDefinition": [3, {"op": 3}, {"op": {"Op": {"source": {"identifier": 3}}}}] * 9_999}},
        {"runDetails": {"metadata": {"buildkit_metadata": {"layers": {"step0:0": [[3]], "step1:0": 3}}}},
         "buildDefinition": {"internalParameters": {"buildConfig": {"llbDefinition": [
             {"id": "step0", "op": {"Op": {"Source": {"identifier": "docker-image://a@sha256:00"}}}},
             {"id": "step1", "op": {"Op": {"Source": {"identifier": "docker-image://a@sha256:00"}}}}]}}}},
    ],
)  # fmt: skip
def test_any_shape_of_a_builders_own_fields_is_borne(predicate: dict[str, Any]) -> None:
    one = ResourceDescriptor(uri="pkg:docker/a@1", digest={"sha256": "00"})
    assert [(found.name, found.layers) for found in buildkit.images((one,), predicate)] == [("a:1", ())]
