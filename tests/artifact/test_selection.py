"""Which image of a layout or archive is meant."""

import pytest

from assay.artifact.selection import select, select_entry
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import UsageError
from assay.model.image import Descriptor

D = [Digest("sha256", str(n) * 64) for n in range(10)]


def item(number: int, name: str = "", *, media_type: str = oci.OCI_MANIFEST, **more: str) -> Descriptor:
    notes = {oci.REF_NAME: name} if name else {}
    artifact = more.pop("artifact_type", "")
    return Descriptor(media_type=media_type, digest=D[number], size=1, annotations=notes | more, artifact_type=artifact)


def pick(*items: Descriptor, tag: str = "", digest: Digest | None = None) -> Digest | None:
    index = oci.Index(media_type=oci.OCI_INDEX, manifests=items)
    found = select(index, tag=tag, digest=digest, where="layout")
    return found.digest if found else None


def test_the_only_image_needs_no_name() -> None:
    assert pick(item(1)) == D[1]
    assert pick(item(1, "latest")) == D[1]


def test_a_tag_chooses() -> None:
    assert pick(item(1, "a"), item(2, "b"), tag="b") == D[2]
    assert pick(item(1, "registry.example/x:1"), item(2, "registry.example/x:2"), tag="2") == D[2]
    assert pick(item(1), item(2, **{"io.containerd.image.name": "docker.io/library/x:t"}), tag="t") == D[2]


def test_a_port_is_no_tag() -> None:
    with pytest.raises(UsageError, match="no image called"):
        pick(item(1, "host:5000/x"), tag="5000/x")


def test_a_digest_chooses_or_is_looked_for_elsewhere() -> None:
    assert pick(item(1, "a"), item(2), digest=D[2]) == D[2]
    assert pick(item(1, "a"), digest=D[3]) is None


def test_one_image_with_two_names_is_one() -> None:
    assert pick(item(1, "a"), item(1, "b")) == D[1]


def test_named_images_go_before_unnamed_ones() -> None:
    assert pick(item(1), item(2, "latest")) == D[2]


def test_referrers_are_no_images() -> None:
    fallback = item(4, "sha256-" + "1" * 64, media_type=oci.OCI_INDEX)
    signature = item(5, kind="dev.cosignproject.cosign/sigs")
    assert (
        pick(item(1), item(2, artifact_type="application/x"), item(3, media_type="text/plain"), fallback, signature)
        == D[1]
    )
    assert pick(item(1, kind="dev.cosignproject.cosign/image")) == D[1]


def test_several_matches_are_listed() -> None:
    with pytest.raises(UsageError, match="several images match") as caught:
        pick(item(1, "a"), item(2, "b"))
    assert "a, b" in caught.value.why
    with pytest.raises(UsageError, match="several images match"):
        pick(item(1), item(2))
    with pytest.raises(UsageError, match="several images match"):
        pick(item(1, "x:t"), item(2, "y:t"), tag="t")


def test_nothing_is_said() -> None:
    with pytest.raises(UsageError, match="no image called 'z'") as caught:
        pick(item(1, "a"), item(2, "b"), tag="z")
    assert "a, b" in caught.value.why
    with pytest.raises(UsageError, match="no image in it"):
        pick()


def entry(config: str, *tags: str) -> oci.ArchiveEntry:
    return oci.ArchiveEntry(config=config, layers=(), tags=tags)


def test_docker_archives() -> None:
    one, two = entry("1" * 64 + ".json", "x:1", "y:1"), entry("2" * 64 + ".json", "x:2")
    assert select_entry([one], tag="", digest=None, where="a") is one
    assert select_entry([one, two], tag="2", digest=None, where="a") is two
    assert select_entry([one, two], tag="", digest=D[1], where="a") is one
    full = entry("3" * 64 + ".json", "docker.io/library/x:1")
    assert select_entry([full, two], tag="x:1", digest=None, where="a") is full
    for tag, digest in (("", None), ("3", None), ("", D[3])):
        with pytest.raises(UsageError, match="x:1, y:1"):
            select_entry([one, two], tag=tag, digest=digest, where="a")


def test_an_artifact_type_that_is_an_images_own_makes_no_artifact() -> None:
    """As `cosign save` 3.1 writes it: the config's media type, and a kind instead of a name."""
    kind = {"kind": "dev.cosignproject.cosign/image"}
    signatures = {"kind": "dev.cosignproject.cosign/sigs"}
    saved = (item(1, artifact_type=oci.OCI_CONFIG, **kind), item(2, artifact_type=oci.OCI_CONFIG, **signatures))
    assert pick(*saved) == D[1]
