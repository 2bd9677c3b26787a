"""Hostile attachments: whatever lies at a tag, in an annotation or in a list, the answer is an error with a place."""

import contextlib
import json
import string
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.artifact import attestations, older_tags
from assay.artifact.referrers import merge_index, parse_index, without
from assay.flows.attached import Place, Wanted, attached, fetched
from assay.formats import cosign
from assay.model.digest import Digest
from assay.model.errors import AssayError, UnavailableError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from assay.trust.expect import Expected, Legacy
from assay.trust.legacy import LegacyCandidate, judge
from signing import NOW, P256, ring

NAMES = ["critical", "image", "type", "docker-manifest-digest", "SignedEntryTimestamp", "Payload", "body", "logID",
         "logIndex", "integratedTime", "layers", "config", "manifests", "schemaVersion", "mediaType", "digest", "size",
         "annotations", "subject", "kind", "apiVersion"]  # fmt: skip
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-2, 1 << 65)
    | st.text(string.printable, max_size=8)
    | st.sampled_from(NAMES),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=5),
    max_leaves=12,
)
BYTES = st.binary(max_size=60) | VALUES.map(lambda value: json.dumps(value).encode())
DIGESTS = [Digest.of(b"%d" % n) for n in range(6)]
LAYER = Descriptor(media_type="x/y", digest=DIGESTS[0], size=1)


def entry(digest: Digest) -> Descriptor:
    return Descriptor(media_type="application/vnd.oci.image.manifest.v1+json", digest=digest, size=1)


def or_error(work: Any, *args: Any, **how: Any) -> None:
    with contextlib.suppress(AssayError):
        work(*args, **how)


@given(BYTES)
def test_any_bytes_at_a_tag(data: bytes) -> None:
    or_error(cosign.read_payload, data, where="x")
    or_error(older_tags.with_layer, data, layer=LAYER, where="x")
    or_error(without, data, DIGESTS[0], where="x")
    or_error(attestations.layers, data, where="x")


@given(st.dictionaries(st.sampled_from([cosign.SIGNATURE, cosign.CERTIFICATE, cosign.BUNDLE, cosign.TIMESTAMP]),
                       BYTES.map(lambda data: data.decode("latin-1"))), BYTES, st.booleans())  # fmt: skip
@settings(max_examples=60)
def test_any_layer_is_a_row(annotations: dict[str, str], data: bytes, payload: bool) -> None:
    candidate = LegacyCandidate(place="x", payload=payload, data=data, annotations=annotations)
    expected = Expected(keys=ring(P256), legacy=Legacy(cosign_v2=True))
    assert judge(candidate, DIGESTS[0], None, expected, NOW).outcome != "verified"


@given(st.lists(st.sampled_from(DIGESTS)), st.sampled_from(DIGESTS))
def test_taking_away_is_the_inverse_of_adding(present: list[Digest], gone: Digest) -> None:
    data = merge_index(None, *map(entry, present), where="x")
    left = without(data, gone, where="x")
    assert {d.digest for d in parse_index(left, where="x")} == set(present) - {gone}
    assert without(left, gone, where="x") == left
    if gone not in present:
        assert left == data


class Hostile:
    """A store that gives any bytes for any manifest and blob."""

    def __init__(self, listed: tuple[Descriptor, ...], data: bytes) -> None:
        self.listed, self.data = listed, data

    def describe(self) -> Descriptor:
        raise NotImplementedError

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        return self.listed

    def fetch(self, digest: Digest, limit: int, *, manifest: bool) -> bytes:
        if not self.data:
            raise UnavailableError("no answer")
        return self.data

    def tagged(self, tag: str) -> tuple[bytes, ...]:
        return (self.data,)


TYPES = ["", "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.in-toto+json", "a/b",
         "application/vnd.dev.cosign.artifact.sig.v1+json", "application/vnd.dsse.envelope.v1+json"]  # fmt: skip


@given(BYTES, st.lists(st.sampled_from(TYPES), max_size=3), st.booleans())
@settings(max_examples=60)
def test_any_store_gives_items(data: bytes, types: list[str], manifests: bool) -> None:
    digest = Digest.of(data)
    listed = tuple(Descriptor(media_type="m", digest=digest, size=len(data), artifact_type=kind) for kind in types)
    store = Hostile(listed, data)
    for item in attached(Place(store, store), DIGESTS[0], Wanted(manifests=manifests)):
        if item.form != "other":
            or_error(fetched, store, item)


def test_a_list_without_end_ends() -> None:
    listed = tuple(entry(Digest.of(b"n%d" % n)) for n in range(30))
    store = Hostile(listed, b"")
    found = list(attached(Place(store), DIGESTS[0], Wanted(), Limits(referrers_count=5)))
    assert len(found) == 6
    assert found[-1].error is not None
    assert "limit 5" in str(found[-1].error)


@pytest.mark.parametrize("kind", ["sig", "att", "sbom"])
def test_the_older_tags_are_exact(kind: str) -> None:
    assert f"sha256-{DIGESTS[0].hex}.{kind}" in attestations.legacy_tags(DIGESTS[0])
