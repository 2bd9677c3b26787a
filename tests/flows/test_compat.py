"""The older form beside the new one: once, beside what others wrote, and only with a managed key."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from assay.adapters.layout_store import LayoutStore
from assay.adapters.registry import RegistryStore
from assay.adapters.registry_client import RegistryClient
from assay.artifact import older_tags
from assay.artifact.reference import parse_reference
from assay.flows.compat import write_older
from assay.flows.signing import KeyMaker
from assay.flows.verify import collect
from assay.formats import cosign, predicates
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UntrustedError
from assay.model.image import Descriptor
from assay.model.limits import Limits
from assay.trust.expect import Expected, Legacy
from fakes.layouts import demo_layers, layout
from fakes.registry import FakeRegistry, fake_registry
from registry_push import push_layout
from signing import ED25519, NOW, OTHER, P256, claim, ring

LIMITS = Limits(referrers_settle_seconds=0, http_backoff_seconds=0)
LAYER = Descriptor(media_type="x/y", digest=Digest.of(b"x"), size=1, annotations={"a": "b"})


class FixedClock:
    def now(self) -> str:
        return NOW


@pytest.fixture
def registry() -> Iterator[FakeRegistry]:
    with fake_registry() as running:
        yield running


@pytest.fixture(params=["registry", "layout"])
def place(
    request: pytest.FixtureRequest, registry: FakeRegistry, tmp_path: Path
) -> Iterator[RegistryStore | LayoutStore]:
    layout(tmp_path / "image", demo_layers())
    if request.param == "layout":
        yield LayoutStore(tmp_path / "image", limits=LIMITS)
        return
    target = parse_reference(f"{registry.authority}/a/b:1")
    client = RegistryClient(target, limits=LIMITS)
    push_layout(client, tmp_path / "image", "1")
    store = RegistryStore(target, limits=LIMITS, client=client)
    yield store
    store.close()


def written(place: RegistryStore | LayoutStore, signer: object = P256, **how: bool) -> list[bool]:
    subject = place.describe().digest
    assert subject is not None
    made = [claim(subject, kind=kind) for kind in (predicates.COSIGN_SIGN, "urn:a:1", "urn:b:1")]
    maker = KeyMaker(signer, FixedClock())  # type: ignore[arg-type]
    return [done.written for done in write_older(place, subject, made, maker, NOW, limits=LIMITS, **how)]


def verified(place: RegistryStore | LayoutStore, *signers: object) -> list[tuple[str, str]]:
    subject = place.describe().digest
    assert subject is not None
    expected = Expected(keys=ring(*signers), legacy=Legacy(cosign_v2=True))  # type: ignore[arg-type]
    rows = collect(place, subject, None, expected, NOW, tags=place, limits=LIMITS).rows
    return sorted((row.format, row.predicate_type) for row in rows if row.outcome == "verified")


def test_it_is_written_once_and_verifies(place: RegistryStore | LayoutStore) -> None:
    assert written(place) == [True] * 3
    assert verified(place, P256) == [
        ("cosign .att", "urn:a:1"),
        ("cosign .att", "urn:b:1"),
        ("cosign .sig", predicates.COSIGN_SIGN),
    ]
    assert written(place) == [False] * 3
    assert written(place, force=True) == [True] * 3


def test_what_others_wrote_stays(place: RegistryStore | LayoutStore) -> None:
    written(place)
    assert written(place, OTHER) == [True] * 3
    assert len(verified(place, P256)) == len(verified(place, OTHER)) == 3
    assert len(verified(place, P256, OTHER)) == 6


def test_a_key_that_cannot_sign_the_older_form_says_so(place: RegistryStore | LayoutStore) -> None:
    """cosign's payload is verified by its digest, which pure Ed25519 cannot."""
    with pytest.raises(UntrustedError) as caught:
        written(place, ED25519)
    assert caught.value.code == "ALGORITHM"


def test_keyless_makers_are_refused(place: RegistryStore | LayoutStore) -> None:
    subject = place.describe().digest
    assert subject is not None
    with pytest.raises(UnsupportedError, match="managed key"):
        write_older(place, subject, [claim(subject)], object(), NOW, limits=LIMITS)


def test_a_layer_is_added_at_the_end_and_only_once() -> None:
    first = older_tags.with_layer(None, layer=LAYER, where="tag")
    assert older_tags.with_layer(first.manifest, layer=LAYER, where="tag").manifest == first.manifest
    strange = json.loads(first.manifest)
    strange["layers"][0]["colour"] = "red"
    strange["annotations"] = {"theirs": "1"}
    other = Descriptor(media_type="x/y", digest=Digest.of(b"y"), size=1)
    both = json.loads(older_tags.with_layer(json.dumps(strange).encode(), layer=other, where="tag").manifest)
    assert both["layers"][0] == strange["layers"][0]
    assert both["annotations"] == {"theirs": "1"}
    assert [layer["digest"] for layer in both["layers"]] == [str(LAYER.digest), str(other.digest)]


@pytest.mark.parametrize("data", [b"{", b"[]", b'{"schemaVersion":2,"manifests":[]}'])
def test_something_else_at_the_tag_is_not_overwritten(data: bytes) -> None:
    with pytest.raises(MalformedError):
        older_tags.with_layer(data, layer=LAYER, where="tag")


def test_the_config_lists_the_layers() -> None:
    made = older_tags.with_layer(None, layer=LAYER, where="tag")
    (config,) = made.blobs
    manifest = json.loads(made.manifest)
    assert manifest["config"]["digest"] == str(Digest.of(config))
    assert json.loads(config)["rootfs"]["diff_ids"] == [str(LAYER.digest)]
    assert cosign.SIMPLE_SIGNING.endswith("simplesigning.v1+json")
