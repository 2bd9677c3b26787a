"""The base that provenance names, of an image in a registry: in its index, among its referrers, or nowhere."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact import referrers
from assay.artifact.reference import parse_reference
from assay.formats import oci, sbom
from assay.model.image import Descriptor
from assay.model.inventory import BaseImage
from assay.trust import dsse
from command import assay
from interfaces.test_base_from_provenance import DEBIAN, beside, layers_of, v1
from registry_push import push_layout
from registry_server import RegistryServer, needs_docker_registry, registry_server
from signing import P256
from vexplaces import VexImage, statement

pytestmark = needs_docker_registry


@pytest.fixture(scope="module")
def server() -> Iterator[RegistryServer]:
    with registry_server() as running:
        yield running


def base_of(image: VexImage, server: RegistryServer, name: str, home: Path) -> BaseImage:
    reference = f"{server.authority}/team/{name}:1"
    push_layout(RegistryClient(parse_reference(reference)), image.folder, "1")
    done = assay("sbom", reference, "-q", "-o", "cyclonedx-json", home=home)
    assert done.code == 0, done.err
    found = sbom.read(done.out, "t").base
    assert found is not None
    return found


def test_the_index_in_a_registry_names_the_base(server: RegistryServer, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "layout")
    kind, predicate = v1(DEBIAN, layers=layers_of(image)[:1])
    beside(image, kind, predicate)
    found = base_of(image, server, "own", tmp_path)
    assert (found.method, found.name, found.layers_count, found.confidence) == ("provenance", "debian:12", 1, "strong")
    assert "/team/own/referrers/" not in server.log()


def test_a_referrer_in_a_registry_names_the_base_weakly(server: RegistryServer, tmp_path: Path) -> None:
    image = VexImage(tmp_path / "layout")
    before = base_of(image, server, "other", tmp_path)
    assert before.method != "provenance"
    kind, predicate = v1(DEBIAN, layers=layers_of(image)[:1])
    subject = Descriptor(media_type=oci.OCI_MANIFEST, digest=image.digest, size=int(image.image["size"]))
    data = dsse.sign(statement(image.digest, predicate, kind), P256)
    made = referrers.build_referrer(data, subject, kind, "2026-01-01T00:00:00Z")
    store = RegistryStore(parse_reference(f"{server.authority}/team/other:1"))
    for blob in made.blobs:
        store.push_blob(blob)
    store.push_referrer(made.manifest, made.descriptor, image.digest)
    store.close()
    found = base_of(image, server, "other", tmp_path)
    assert (found.method, found.name, found.layers_count, found.confidence) == ("provenance", "debian:12", 1, "weak")
