"""From a root to images: digests, platforms, subjects."""

import pytest

from assay.artifact.image import check, checked, parse_platform, resolve
from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError, UsageError
from assay.model.image import Descriptor, Image, Platform
from assay.model.limits import Limits
from fakes.sources import MemorySource, dump

AMD, ARM = Platform("linux", "amd64"), Platform("linux", "arm64")
LAYER = {"mediaType": "application/vnd.oci.image.layer.v1.tar+gzip", "digest": "sha256:" + "1" * 64, "size": 9}
DIFF = "sha256:" + "2" * 64


def on(entry: dict[str, object], os: str, architecture: str, variant: str = "", **more: object) -> dict[str, object]:
    platform = {"os": os, "architecture": architecture} | ({"variant": variant} if variant else {})
    return {**entry, "platform": platform, **more}


def multi() -> MemorySource:
    """amd64, arm64 and arm/v7, each with BuildKit's attestation."""
    source = MemorySource()
    entries = []
    for architecture, variant in (("amd64", ""), ("arm64", "v8"), ("arm", "v7")):
        entries.append(on(source.image("linux", architecture, variant), "linux", architecture, variant))
        attestation = source.put(dump({"a": architecture}), oci.OCI_MANIFEST)
        entries.append(
            on(attestation, "unknown", "unknown", annotations={"vnd.docker.reference.type": "attestation-manifest"})
        )
    return source.pick(source.index(*entries))


def one(source: MemorySource, platform: Platform | None = None, host: Platform = AMD) -> Image:
    (image,) = resolve(source, platform=platform, host=host)
    return image


def test_a_single_manifest() -> None:
    source = MemorySource()
    entry = source.image(
        layers=[LAYER, {**LAYER, "size": 10}],
        config={
            "rootfs": {"type": "layers", "diff_ids": [DIFF, DIFF]},
            "history": [{"created_by": "a"}, {"created_by": "env", "empty_layer": True}, {"created_by": "b"}],
            "config": {"User": "7", "Labels": {"l": "v"}, "Cmd": ["/bin/sh"]},
            "created": "2024-01-01T00:00:00Z",
        },
    )
    image = one(source.pick(entry))
    assert str(image.subject.digest) == entry["digest"]
    assert (image.subject.index, image.subject.platform) == (None, AMD)
    assert [(layer.index, layer.size, layer.created_by) for layer in image.layers] == [(0, 9, "a"), (1, 10, "b")]
    assert image.layers[0].diff_id == Digest.parse(DIFF)
    assert (image.user, image.labels, image.entrypoint, image.created) == (
        "7",
        {"l": "v"},
        ("/bin/sh",),
        "2024-01-01T00:00:00Z",
    )


def test_a_short_history_says_nothing() -> None:
    source = MemorySource()
    config = {"rootfs": {"type": "layers", "diff_ids": [DIFF, DIFF]}, "history": [{"created_by": "a"}]}
    image = one(source.pick(source.image(layers=[LAYER, LAYER], config=config)))
    assert [layer.created_by for layer in image.layers] == ["", ""]


@pytest.mark.parametrize(("host", "architecture"), [(AMD, "amd64"), (ARM, "arm64")])
def test_the_host_decides_where_nobody_asked(host: Platform, architecture: str) -> None:
    source = multi()
    image = one(source, host=host)
    assert image.subject.platform is not None
    assert image.subject.platform.architecture == architecture


@pytest.mark.parametrize(
    ("asked", "found"),
    [("linux/amd64", "linux/amd64"), ("arm64", "linux/arm64/v8"), ("linux/arm64/v8", "linux/arm64/v8"), ("linux/arm", "linux/arm/v7"), ("LINUX/ARM/V7", "linux/arm/v7"), ("amd64", "linux/amd64")],
)  # fmt: skip
def test_a_platform_is_chosen(asked: str, found: str) -> None:
    assert str(one(multi(), parse_platform(asked)).subject.platform) == found


def test_index_and_manifest_are_different_subjects() -> None:
    source = multi()
    assert source.top is not None
    image = one(source, ARM)
    assert image.subject.index == source.top.descriptor.digest
    assert image.subject.digest != image.subject.index
    assert image.subject.media_type == oci.OCI_MANIFEST


@pytest.mark.parametrize("asked", ["linux/s390x", "windows/amd64", "linux/arm/v6", "unknown/unknown"])
def test_a_missing_platform_is_a_usage_error_that_lists_those_present(asked: str) -> None:
    with pytest.raises(UsageError, match=f"no image for {asked}") as caught:
        one(multi(), parse_platform(asked))
    assert "linux/amd64, linux/arm/v7, linux/arm64/v8" in caught.value.why
    assert "unknown" not in caught.value.why


def test_no_platform_for_the_host_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="present are"):
        one(multi(), host=Platform("linux", "riscv64"))


def test_the_only_platform_is_taken_unasked_but_not_against_the_word() -> None:
    source = MemorySource()
    entry = source.image("linux", "s390x")
    for root in (entry, source.index(on(entry, "linux", "s390x"))):
        assert str(one(source.pick(root)).subject.platform) == "linux/s390x"
        with pytest.raises(UsageError, match="linux/s390x"):
            one(source.pick(root), AMD)


def test_all_platforms() -> None:
    images = resolve(multi(), all_platforms=True)
    assert [str(image.subject.platform) for image in images] == ["linux/amd64", "linux/arm/v7", "linux/arm64/v8"]
    assert len({image.subject.digest for image in images}) == 3


def test_nested_indexes_are_opened_once_each() -> None:
    source = MemorySource()
    inner = source.index(on(source.image("linux", "arm64"), "linux", "arm64"))
    outer = source.pick(source.index(inner, inner, on(source.image(), "linux", "amd64")))
    assert len(resolve(outer, all_platforms=True)) == 2
    assert source.fetched.count(str(inner["digest"])) == 1


def test_indexes_nested_too_deep_are_refused() -> None:
    source = MemorySource()
    entry = source.index(on(source.image(), "linux", "amd64"))
    for _ in range(5):
        entry = source.index(entry)
    with pytest.raises(UnsupportedError, match="nested deeper"):
        resolve(source.pick(entry))


def test_an_index_without_images_is_malformed() -> None:
    source = MemorySource()
    attestation = on(source.image(), "unknown", "unknown")
    with pytest.raises(MalformedError, match="lists no image"):
        resolve(source.pick(source.index(attestation)))


def test_entries_without_a_platform_are_told_by_their_config_when_alone() -> None:
    source = MemorySource()
    assert one(source.pick(source.index(source.image("linux", "ppc64le")))).subject.platform == Platform(
        "linux", "ppc64le"
    )


@pytest.mark.parametrize("lie", ["root", "manifest", "config"])
def test_a_lie_anywhere_is_untrusted_and_names_both(lie: str) -> None:
    source = MemorySource()
    image = source.image()
    index = source.index(on(image, "linux", "amd64"))
    source.pick(index)
    config = next(digest for digest in source.blobs if digest not in (image["digest"], index["digest"]))
    target = {"root": index["digest"], "manifest": image["digest"], "config": config}[lie]
    before = source.blobs[str(target)]
    changed = before[:-1] + b" "
    if lie == "root":
        source.pick(index, data=changed)
    else:
        source.blobs[str(target)] = changed
    with pytest.raises(UntrustedError) as caught:
        resolve(source)
    assert str(target) in caught.value.why
    assert str(Digest.of(changed)) in caught.value.why


def test_a_wrong_size_is_untrusted() -> None:
    source = MemorySource()
    entry = source.image()
    with pytest.raises(UntrustedError, match="size") as caught:
        resolve(source.pick({**entry, "size": 10_000}))
    assert "expected 10000 bytes" in caught.value.why


def test_the_digest_that_was_asked_for_must_be_the_one_received() -> None:
    source = MemorySource()
    with pytest.raises(UntrustedError, match="does not match its digest"):
        resolve(source.pick(source.image(), requested=Digest.of(b"another")))


def test_layers_and_diff_ids_must_be_as_many() -> None:
    source = MemorySource()
    with pytest.raises(MalformedError, match="1 layers, 0 diffIDs"):
        resolve(source.pick(source.image(layers=[LAYER])))


def test_other_artifacts_are_no_images() -> None:
    source = MemorySource()
    helm = source.image(config={}, artifactType="application/vnd.example")
    with pytest.raises(UnsupportedError, match="not a container image"):
        resolve(source.pick(helm))
    bad_layer = source.image(layers=[{**LAYER, "mediaType": "application/vnd.example.chart.tar"}])
    with pytest.raises(UnsupportedError, match="unknown layer media type"):
        resolve(source.pick(bad_layer))


def test_a_manifest_announced_as_an_index_is_malformed() -> None:
    source = MemorySource()
    with pytest.raises(MalformedError, match="announced as"):
        resolve(source.pick({**source.image(), "mediaType": oci.OCI_INDEX}))


@pytest.mark.parametrize("text", ["", "/", "linux/", "a/b/c/d", "linux/amd64 ,", "li nux/x"])
def test_texts_that_are_no_platform(text: str) -> None:
    with pytest.raises(UsageError, match="not a platform"):
        parse_platform(text)


def test_check_and_checked_agree() -> None:
    data = bytes(range(250)) * 9
    right = Descriptor(media_type="x", digest=Digest.of(data), size=len(data))
    assert check(data, right) is data
    assert b"".join(checked([data[:100], b"", data[100:]], right)) == data
    for wrong in (
        Descriptor(media_type="x", digest=Digest.of(b"y"), size=len(data)),
        Descriptor(media_type="x", digest=Digest.of(data), size=len(data) - 1),
        Descriptor(media_type="x", digest=Digest.of(data), size=len(data) + 1),
        Descriptor(media_type="x", digest=Digest("sha512", "0" * 128), size=None),
    ):
        with pytest.raises(UntrustedError):
            check(data, wrong)
        with pytest.raises(UntrustedError):
            list(checked([data], wrong))


def test_a_stream_is_left_as_soon_as_it_is_too_long() -> None:
    def endless() -> object:
        while True:
            yield bytes(1000)

    seen = 0
    stream = checked(endless(), Descriptor(media_type="x", digest=None, size=5500))  # type: ignore[arg-type]
    for _ in range(5):
        seen += len(next(stream))
    with pytest.raises(UntrustedError, match="or more"):
        next(stream)
    assert seen == 5000


def test_what_a_descriptor_leaves_open_is_not_checked() -> None:
    assert check(b"x", Descriptor(media_type="", digest=None, size=None)) == b"x"


def test_manifests_are_bounded() -> None:
    source = MemorySource()
    source.pick(source.image())
    with pytest.raises(MalformedError, match="limit 10"):
        resolve(source, limits=Limits(manifest_bytes=10))
