"""Image documents: strict where two readers could see two images, deaf to what is unknown."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assay.formats import oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import AssayError, MalformedError, UnsupportedError
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits

D = "sha256:" + "a" * 64
ITEM = {"mediaType": oci.OCI_CONFIG, "digest": D, "size": 3}
LAYER = {
    "mediaType": "application/vnd.oci.image.layer.v1.tar+gzip",
    "digest": D,
    "size": 5,
    "urls": ["https://x.example"],
}
MANIFEST = {"schemaVersion": 2, "mediaType": oci.OCI_MANIFEST, "config": ITEM, "layers": [LAYER], "unknown": {"x": 1}}
INDEX = {
    "schemaVersion": 2,
    "mediaType": oci.OCI_INDEX,
    "manifests": [
        {**ITEM, "mediaType": oci.OCI_MANIFEST, "platform": {"os": "linux", "architecture": "arm", "variant": "v7"}}
    ],
    "annotations": {"a": "b"},
}
LIMITS = Limits()


def parse(document: object, media_type: str = "", limits: Limits = LIMITS) -> oci.Manifest | oci.Index:
    return oci.parse(json.dumps(document).encode(), media_type, where="image", limits=limits)


def test_a_manifest() -> None:
    manifest = parse(MANIFEST, oci.OCI_MANIFEST)
    assert isinstance(manifest, oci.Manifest)
    assert manifest.config == Descriptor(media_type=oci.OCI_CONFIG, digest=Digest.parse(D), size=3)
    assert [layer.size for layer in manifest.layers] == [5]


def test_an_index() -> None:
    index = parse(INDEX, oci.OCI_INDEX)
    assert isinstance(index, oci.Index)
    assert index.manifests[0].platform == Platform("linux", "arm", "v7")
    assert index.annotations == {"a": "b"}


@pytest.mark.parametrize(("kind", "form"), [(oci.DOCKER_MANIFEST, MANIFEST), (oci.DOCKER_LIST, INDEX)])
def test_docker_schema_2(kind: str, form: dict[str, object]) -> None:
    assert parse({**form, "mediaType": kind}, kind).media_type == kind
    assert parse({**form, "mediaType": kind}).media_type == kind


def test_without_any_media_type_the_shape_decides() -> None:
    bare = {key: value for key, value in MANIFEST.items() if key != "mediaType"}
    assert isinstance(parse(bare), oci.Manifest)
    assert isinstance(parse({key: value for key, value in INDEX.items() if key != "mediaType"}), oci.Index)
    assert parse(bare, oci.DOCKER_MANIFEST).media_type == oci.DOCKER_MANIFEST


def test_subject_and_artifact_type() -> None:
    manifest = parse({**MANIFEST, "subject": ITEM, "artifactType": "application/x"})
    assert manifest.subject is not None
    assert manifest.artifact_type == "application/x"


def test_the_empty_type_in_a_list_says_nothing() -> None:
    """A registry of before image-spec 1.1 copies the type from the config: it may be anything, and is looked into."""
    assert oci.descriptor({**ITEM, "artifactType": "application/x"}, where="d").artifact_type == "application/x"
    assert oci.descriptor({**ITEM, "artifactType": oci.OCI_EMPTY}, where="d").artifact_type == ""


@pytest.mark.parametrize(
    "document",
    [
        {"schemaVersion": 1, "fsLayers": []},
        {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v1+prettyjws"},
    ],
)
def test_schema_1_is_named(document: dict[str, object]) -> None:
    with pytest.raises(UnsupportedError, match="schema 1"):
        parse(document)
    with pytest.raises(UnsupportedError, match="schema 1"):
        oci.parse(b"anything", "application/vnd.docker.distribution.manifest.v1+json", where="x", limits=LIMITS)


@pytest.mark.parametrize(
    "change",
    [
        {"schemaVersion": None}, {"schemaVersion": "2"}, {"schemaVersion": True}, {"schemaVersion": 3}, {"manifests": []}, {"config": None}, {"config": []},
        {"layers": {}}, {"layers": None}, {"layers": [1]}, {"layers": [{**LAYER, "size": -1}]}, {"layers": [{**LAYER, "size": 1.0}]}, {"layers": [{**LAYER, "size": True}]},
        {"layers": [{**LAYER, "size": 1 << 63}]}, {"layers": [{**LAYER, "size": None}]}, {"layers": [{**LAYER, "digest": "sha256:AA"}]}, {"layers": [{**LAYER, "digest": "md5:" + "a" * 32}]},
        {"layers": [{**LAYER, "digest": None}]}, {"layers": [{**LAYER, "mediaType": ""}]}, {"layers": [{**LAYER, "annotations": {"a": 1}}]}, {"annotations": []}, {"subject": {}}, {"mediaType": 7},
        {"layers": [{**LAYER, "digest": "sha256:../../../../etc/passwd"}]},
    ],
    ids=str,
)  # fmt: skip
def test_malformed_manifests(change: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        parse({**MANIFEST, **change})


def test_a_document_with_two_readings_is_refused() -> None:
    with pytest.raises(MalformedError, match="both"):
        parse({**INDEX, "layers": []})
    with pytest.raises(MalformedError, match="announced as"):
        parse(MANIFEST, oci.OCI_INDEX)
    with pytest.raises(MalformedError, match="duplicate name"):
        oci.parse(b'{"schemaVersion":2,"config":{},"config":{}}', "", where="x", limits=LIMITS)


def test_other_media_types_are_unsupported() -> None:
    with pytest.raises(UnsupportedError, match="not an image manifest"):
        parse(MANIFEST, "application/vnd.oci.artifact.manifest.v1+json")
    with pytest.raises(UnsupportedError, match="not an image manifest"):
        parse({**MANIFEST, "mediaType": "text/plain"})


def test_counts_are_bounded() -> None:
    with pytest.raises(UnsupportedError, match="too many layers"):
        parse({**MANIFEST, "layers": [LAYER] * 3}, limits=Limits(layers_count=2))
    with pytest.raises(UnsupportedError, match="too many manifests"):
        parse({**INDEX, "manifests": INDEX["manifests"] * 3}, limits=Limits(index_manifests_count=2))  # type: ignore[operator]
    with pytest.raises(MalformedError, match="limit 10"):
        parse(MANIFEST, limits=Limits(manifest_bytes=10))


CONFIG = {
    "architecture": "amd64",
    "os": "linux",
    "created": "2024-01-01T00:00:00Z",
    "config": {"User": "1000", "Labels": {"a": "b"}, "Entrypoint": ["/e"], "Cmd": None, "Env": ["A=B"]},
    "rootfs": {"type": "layers", "diff_ids": [D]},
    "history": [{"created_by": "one"}, {"created_by": "two", "empty_layer": True}, {}],
}


def test_a_config() -> None:
    config = oci.parse_config(json.dumps(CONFIG).encode(), where="config", limits=LIMITS)
    assert config.platform == Platform("linux", "amd64")
    assert config.diff_ids == (Digest.parse(D),)
    assert [(step.created_by, step.empty_layer) for step in config.history] == [
        ("one", False),
        ("two", True),
        ("", False),
    ]
    assert (config.user, config.labels, config.entrypoint, config.command) == ("1000", {"a": "b"}, ("/e",), ())


def test_a_bare_config() -> None:
    config = oci.parse_config(b'{"rootfs":{"type":"layers","diff_ids":null},"config":null}', where="c", limits=LIMITS)
    assert config == oci.Config(platform=Platform("", ""), diff_ids=())


@pytest.mark.parametrize(
    "change", [{"rootfs": None}, {"rootfs": {"type": "x"}}, {"rootfs": {"type": "layers", "diff_ids": ["x"]}}, {"os": 1}, {"history": {}}, {"config": []}],
    ids=str,
)  # fmt: skip
def test_malformed_configs(change: dict[str, object]) -> None:
    with pytest.raises(MalformedError):
        oci.parse_config(json.dumps({**CONFIG, **change}).encode(), where="config", limits=LIMITS)


def test_a_docker_archive() -> None:
    data = json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": ["a/layer.tar"]}]).encode()
    (entry,) = oci.parse_docker_archive(data, where="manifest.json", limits=LIMITS)
    assert entry == oci.ArchiveEntry(config="c.json", layers=("a/layer.tar",))
    assert oci.archive_entry(oci.archive_entry_to_dict(entry), where="x", limits=LIMITS) == entry


@pytest.mark.parametrize("document", [[], {}, [1], [{"Layers": []}], [{"Config": 1}], [{"Config": "c", "Layers": [1]}]])
def test_malformed_docker_archives(document: object) -> None:
    with pytest.raises(MalformedError):
        oci.parse_docker_archive(json.dumps(document).encode(), where="manifest.json", limits=LIMITS)


names = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


@given(
    st.builds(
        Descriptor,
        media_type=names.filter(bool),
        digest=st.binary(min_size=32, max_size=32).map(lambda raw: Digest("sha256", raw.hex())),
        size=st.integers(0, (1 << 63) - 1),
        annotations=st.dictionaries(names, names, max_size=3),
        artifact_type=names,
        platform=st.none() | st.builds(Platform, names, names, names),
    )
)
def test_descriptors_survive_writing_and_reading(value: Descriptor) -> None:
    data = strictjson.canonical(oci.descriptor_to_dict(value))
    assert oci.descriptor(strictjson.loads(data, where="d", limit=1 << 20), where="d") == value


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([D, oci.OCI_INDEX, oci.OCI_MANIFEST, "layers"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*MANIFEST, *INDEX, *LAYER, *CONFIG, "type", "diff_ids", "platform", "os"]), inner, max_size=5),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(json_values)
def test_any_json_gives_a_value_or_one_of_the_errors(value: object) -> None:
    data = json.dumps(value).encode()
    for read in (
        lambda: oci.parse(data, "", where="x", limits=LIMITS),
        lambda: oci.parse_config(data, where="x", limits=LIMITS),
        lambda: oci.parse_docker_archive(data, where="x", limits=LIMITS),
    ):
        try:
            read()
        except AssayError:
            continue
