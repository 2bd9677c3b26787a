"""The referrer manifest of a bundle, and indexes of referrers: exact bytes out, strict reading in, merging by law."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assay.artifact.referrers import (
    BUNDLE_TYPE,
    build_referrer,
    fallback_tag,
    merge_index,
    parse_index,
    parse_referrer,
    subject_of,
)
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SUBJECT = Descriptor(
    media_type=MANIFEST, digest=Digest.of(b"image"), size=5, annotations={"a": "b"}, platform=Platform("linux", "amd64")
)
BUNDLE = b'{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'
MADE = build_referrer(BUNDLE, SUBJECT, "https://slsa.dev/verification_summary/v1", "2026-01-02T03:04:05Z")


def test_the_manifest_is_exactly_this() -> None:
    assert json.loads(MADE.manifest) == {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
        "config": {
            "mediaType": "application/vnd.oci.empty.v1+json",
            "digest": "sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
            "size": 2,
        },
        "layers": [
            {
                "mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "digest": str(Digest.of(BUNDLE)),
                "size": len(BUNDLE),
            }
        ],
        "subject": {"mediaType": MANIFEST, "digest": str(Digest.of(b"image")), "size": 5},
        "annotations": {
            "org.opencontainers.image.created": "2026-01-02T03:04:05Z",
            "dev.sigstore.bundle.content": "dsse-envelope",
            "dev.sigstore.bundle.predicateType": "https://slsa.dev/verification_summary/v1",
        },
    }


def test_the_descriptor_carries_type_and_annotations() -> None:
    assert MADE.descriptor.digest == Digest.of(MADE.manifest)
    assert MADE.descriptor.size == len(MADE.manifest)
    assert MADE.descriptor.artifact_type == BUNDLE_TYPE
    assert MADE.descriptor.annotations == json.loads(MADE.manifest)["annotations"]
    assert MADE.blobs == (b"{}", BUNDLE)


def test_the_same_input_gives_the_same_bytes_wherever_the_subject_was_found() -> None:
    bare = Descriptor(media_type=MANIFEST, digest=SUBJECT.digest, size=5)
    again = build_referrer(BUNDLE, bare, "https://slsa.dev/verification_summary/v1", "2026-01-02T03:04:05Z")
    assert again.manifest == MADE.manifest


def test_it_reads_back() -> None:
    parsed = parse_referrer(MADE.manifest, where="test")
    assert parsed.subject.digest == SUBJECT.digest
    assert parsed.layer == Descriptor(media_type=BUNDLE_TYPE, digest=Digest.of(BUNDLE), size=len(BUNDLE))
    assert parsed.predicate_type == "https://slsa.dev/verification_summary/v1"
    assert parsed.created == "2026-01-02T03:04:05Z"
    assert subject_of(MADE.manifest, where="test") == SUBJECT.digest


def test_a_subject_without_digest_cannot_be_referred_to() -> None:
    with pytest.raises(UnsupportedError, match="cannot attach"):
        build_referrer(BUNDLE, Descriptor(media_type="", digest=None, size=None), "p", "t")


def changed(**parts: Any) -> bytes:
    document = json.loads(MADE.manifest)
    for name, value in parts.items():
        if value is None:
            del document[name]
        else:
            document[name] = value
    return json.dumps(document).encode()


_LAYER = json.loads(MADE.manifest)["layers"][0]


@pytest.mark.parametrize(
    "data",
    [
        b"", b"[]", b"{}", b"null", b"\xef\xbb\xbf" + MADE.manifest, MADE.manifest[:-1], MADE.manifest + b"x",
        MADE.manifest.replace(b'"schemaVersion":2', b'"schemaVersion":2,"schemaVersion":2'),
        changed(schemaVersion=1), changed(schemaVersion="2"), changed(mediaType=INDEX), changed(mediaType=5),
        changed(config=None), changed(config={**_LAYER, "mediaType": "application/vnd.oci.image.config.v1+json"}),
        changed(layers=None), changed(layers=[]), changed(layers=[_LAYER, _LAYER]), changed(layers={}),
        changed(layers=[{**_LAYER, "mediaType": "text/plain"}]), changed(layers=[{**_LAYER, "size": -1}]),
        changed(layers=[{**_LAYER, "digest": "sha256:00"}]), changed(layers=[{**_LAYER, "size": 1.5}]),
        changed(subject=None), changed(subject=5), changed(subject={"digest": str(SUBJECT.digest)}),
        changed(annotations=[]), changed(annotations={"a": 1}), changed(manifests=[]),
    ],
)  # fmt: skip
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises((MalformedError, UnsupportedError)):
        parse_referrer(data, where="test")


@pytest.mark.parametrize("kind", ["application/spdx+json", "", "application/vnd.dev.sigstore.bundle+json;version=0.9"])
def test_another_artifact_is_unsupported_and_not_malformed(kind: str) -> None:
    with pytest.raises(UnsupportedError, match="not a Sigstore bundle"):
        parse_referrer(changed(artifactType=kind), where="test")


def test_a_manifest_too_large_is_refused() -> None:
    with pytest.raises(MalformedError):
        parse_referrer(MADE.manifest, where="test", limits=Limits(manifest_bytes=100))


def test_no_subject() -> None:
    assert subject_of(b'{"schemaVersion":2}', where="test") is None
    with pytest.raises(MalformedError):
        subject_of(b'{"subject":{}}', where="test")


def test_the_tag() -> None:
    assert fallback_tag(Digest("sha256", "a" * 64)) == "sha256-" + "a" * 64
    assert fallback_tag(Digest("sha512", "b" * 128)) == "sha512-" + "b" * 64


def entry(number: int, **more: Any) -> Descriptor:
    return Descriptor(media_type=MANIFEST, digest=Digest.of(b"%d" % number), size=number, **more)


def test_a_new_index() -> None:
    document = json.loads(merge_index(None, MADE.descriptor, where="test"))
    assert document["mediaType"] == INDEX
    assert document["schemaVersion"] == 2
    assert document["manifests"] == [
        {
            "mediaType": MANIFEST,
            "digest": str(MADE.descriptor.digest),
            "size": MADE.descriptor.size,
            "artifactType": BUNDLE_TYPE,
            "annotations": json.loads(MADE.manifest)["annotations"],
        }
    ]


def test_an_index_of_another_program_gets_what_it_lacks() -> None:
    bare = merge_index(None, entry(1), entry(2), where="test")
    rich = merge_index(bare, entry(1, artifact_type="a/b", annotations={"x": "y"}), where="test")
    first, second = parse_index(rich, where="test")
    assert first == entry(1, artifact_type="a/b", annotations={"x": "y"})
    assert second == entry(2)


def test_an_empty_list_written_by_go() -> None:
    data = b'{"schemaVersion":2,"mediaType":"application/vnd.oci.image.index.v1+json","manifests":null}'
    assert parse_index(data, where="test") == ()
    assert parse_index(merge_index(data, entry(1), where="test"), where="test") == (entry(1),)


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", MADE.manifest, b'{"schemaVersion":2,"manifests":[{}]}'])
def test_what_is_no_index_is_not_overwritten(data: bytes) -> None:
    with pytest.raises(MalformedError):
        merge_index(data, entry(1), where="test")


def test_an_index_has_an_end() -> None:
    limits = Limits(referrers_count=3)
    full = merge_index(None, entry(1), entry(2), entry(3), where="test", limits=limits)
    assert merge_index(full, entry(3), where="test", limits=limits) == full
    with pytest.raises(UnsupportedError, match="too many"):
        merge_index(full, entry(4), where="test", limits=limits)


_entries = st.lists(
    st.builds(entry, st.integers(0, 6), artifact_type=st.just("a/b"), annotations=st.just({"k": "v"})), max_size=6
)


@given(_entries, _entries)
def test_merging_is_idempotent_and_order_free_and_loses_nothing(
    first: list[Descriptor], second: list[Descriptor]
) -> None:
    base = merge_index(None, *first, where="test")
    both = merge_index(base, *second, where="test")
    assert merge_index(both, *first, *second, where="test") == both
    other = merge_index(merge_index(None, *second, where="test"), *first, where="test")
    listed, turned = parse_index(both, where="test"), parse_index(other, where="test")
    assert {d.digest for d in listed} == {d.digest for d in turned} == {d.digest for d in first + second}
    assert len({d.digest for d in listed}) == len(listed)


@pytest.mark.parametrize("version", ["0.1", "0.2", "0.3"])
def test_bundles_of_each_version_are_read(version: str) -> None:
    kind = f"application/vnd.dev.sigstore.bundle+json;version={version}"
    parsed = parse_referrer(changed(artifactType=kind, layers=[{**_LAYER, "mediaType": kind}]), where="test")
    assert parsed.layer.media_type == kind
