"""OCI and Docker image documents: manifest, index, config, `manifest.json` of `docker save`.

OCI image-spec 1.1 (descriptor.md, manifest.md, image-index.md, config.md) and Docker's image manifest v2 schema 2.
Parsing is strict where two readers could see two images (duplicate names, `manifests` beside `layers`, a media type
that contradicts itself), and deaf to unknown fields, as the specification asks.
"""

from typing import Any, TypeGuard

import msgspec

from assay.formats import strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_INDEX = "application/vnd.oci.image.index.v1+json"
OCI_CONFIG = "application/vnd.oci.image.config.v1+json"
OCI_EMPTY = "application/vnd.oci.empty.v1+json"
DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
DOCKER_LIST = "application/vnd.docker.distribution.manifest.list.v2+json"
DOCKER_CONFIG = "application/vnd.docker.container.image.v1+json"
DOCKER_ARCHIVE = "application/vnd.assay.docker-archive.v1+json"
"""Our own name for one entry of an old `docker save` archive's `manifest.json`; it never leaves this program."""

MANIFESTS = frozenset({OCI_MANIFEST, DOCKER_MANIFEST})
INDEXES = frozenset({OCI_INDEX, DOCKER_LIST})
CONFIGS = frozenset({OCI_CONFIG, DOCKER_CONFIG})
ACCEPT = (OCI_INDEX, OCI_MANIFEST, DOCKER_LIST, DOCKER_MANIFEST)
"""Media types to ask a registry for, in order."""
REF_NAME = "org.opencontainers.image.ref.name"

_SCHEMA_1 = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
    }
)
_MAX_SIZE = (1 << 63) - 1


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """An image or artifact manifest."""

    media_type: str
    config: Descriptor
    layers: tuple[Descriptor, ...]
    artifact_type: str = ""
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}


class Index(msgspec.Struct, frozen=True, kw_only=True):
    """An image index (Docker: manifest list)."""

    media_type: str
    manifests: tuple[Descriptor, ...]
    artifact_type: str = ""
    subject: Descriptor | None = None
    annotations: dict[str, str] = {}


class History(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the image's history; empty steps made no layer."""

    created_by: str = ""
    empty_layer: bool = False
    created: str = ""


class Config(msgspec.Struct, frozen=True, kw_only=True):
    """The parts of an image config that anyone here asks for."""

    platform: Platform
    diff_ids: tuple[Digest, ...]
    created: str = ""
    history: tuple[History, ...] = ()
    user: str = ""
    labels: dict[str, str] = {}
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    working_dir: str = ""
    environment: tuple[str, ...] = ()
    """`NAME=value` each."""


class ArchiveEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One image of `docker save`: paths inside the archive."""

    config: str
    layers: tuple[str, ...]
    tags: tuple[str, ...] = ()


def parse(data: bytes, media_type: str, *, where: str, limits: Limits) -> Manifest | Index:
    """A manifest or an index.

    Args:
        data: the bytes as received.
        media_type: what the descriptor or the registry said they are; "" if nobody did.
        where: named in errors.
        limits: `manifest_bytes`, `index_manifests_count`, `layers_count`.

    Raises:
        MalformedError: not a manifest; or the document contradicts `media_type` or itself.
        UnsupportedError: Docker's schema 1, or a media type that is no manifest.
    """
    if media_type in _SCHEMA_1:
        raise _schema_1(where)
    if media_type and media_type not in MANIFESTS and media_type not in INDEXES:
        raise UnsupportedError(
            "not an image manifest",
            where=where,
            why=f"media type {media_type[:200]!r}",
            remedy="name a container image",
        )
    document = _object(strictjson.loads(data, where=where, limit=limits.manifest_bytes), where, "the document")
    version = document.get("schemaVersion")
    if type(version) is int and version == 1:
        raise _schema_1(where)
    if type(version) is not int or version != 2:
        raise _bad(where, f"schemaVersion is {version!r}, expected 2")
    own = _text(document, "mediaType", where)
    if own and media_type and own != media_type:
        raise _bad(where, f"it says {own!r}, but was announced as {media_type!r}")
    kind = own or media_type or (OCI_INDEX if "manifests" in document else OCI_MANIFEST)
    if kind in _SCHEMA_1:
        raise _schema_1(where)
    # CVE-2021-41190: a document that is both has two readings.
    if "manifests" in document and ("layers" in document or "config" in document):
        raise _bad(where, "it has both `manifests` and `layers`")
    if kind in INDEXES:
        return _index(document, kind, where, limits)
    if kind in MANIFESTS:
        return _manifest(document, kind, where, limits)
    raise _no_manifest(where, kind)


def _index(document: dict[str, Any], kind: str, where: str, limits: Limits) -> Index:
    items = _list(document, "manifests", where, limits.index_manifests_count, required=True)
    return Index(
        media_type=kind,
        manifests=tuple(descriptor(item, where=f"{where} manifests[{i}]") for i, item in enumerate(items)),
        artifact_type=_text(document, "artifactType", where),
        subject=_subject(document, where),
        annotations=_strings(document, "annotations", where),
    )


def _manifest(document: dict[str, Any], kind: str, where: str, limits: Limits) -> Manifest:
    items = _list(document, "layers", where, limits.layers_count, required=True)
    if "config" not in document:
        raise _bad(where, "it has no `config`")
    return Manifest(
        media_type=kind,
        config=descriptor(document["config"], where=f"{where} config"),
        layers=tuple(descriptor(item, where=f"{where} layers[{i}]") for i, item in enumerate(items)),
        artifact_type=_text(document, "artifactType", where),
        subject=_subject(document, where),
        annotations=_strings(document, "annotations", where),
    )


def _subject(document: dict[str, Any], where: str) -> Descriptor | None:
    value = document.get("subject")
    return None if value is None else descriptor(value, where=f"{where} subject")


def descriptor(value: object, *, where: str) -> Descriptor:
    """A content descriptor; media type, digest and size are required (descriptor.md, "Properties").

    Raises:
        MalformedError: one is missing or of the wrong type.
    """
    item = _object(value, where, "the descriptor")
    size = item.get("size")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= _MAX_SIZE:
        raise _bad(where, f"size is {str(size)[:60]!r}")
    media_type = _text(item, "mediaType", where)
    if not media_type:
        raise _bad(where, "a descriptor without mediaType")
    platform, artifact_type = item.get("platform"), _text(item, "artifactType", where)
    return Descriptor(
        media_type=media_type,
        digest=Digest.parse(_text(item, "digest", where), where=where),
        size=size,
        annotations=_strings(item, "annotations", where),
        # A registry older than image-spec 1.1 copies it from the config, and the empty config says nothing.
        artifact_type="" if artifact_type == OCI_EMPTY else artifact_type,
        platform=None if platform is None else _platform(_object(platform, where, "platform"), where),
    )


def descriptor_to_dict(value: Descriptor) -> dict[str, Any]:
    """The descriptor as JSON names it; empty parts are left out. Write it with `strictjson.canonical`."""
    out: dict[str, Any] = {"mediaType": value.media_type, "digest": str(value.digest), "size": value.size}
    if value.annotations:
        out["annotations"] = dict(sorted(value.annotations.items()))
    if value.artifact_type:
        out["artifactType"] = value.artifact_type
    if value.platform:
        parts = {"architecture": value.platform.architecture, "os": value.platform.os}
        out["platform"] = parts | ({"variant": value.platform.variant} if value.platform.variant else {})
    return out


def parse_config(data: bytes, *, where: str, limits: Limits) -> Config:
    """An image config (config.md). Missing history, labels and the like are empty; `rootfs.diff_ids` is required.

    Raises:
        MalformedError: not an image config.
    """
    document = _object(strictjson.loads(data, where=where, limit=limits.config_bytes), where, "the config")
    rootfs = _object(document.get("rootfs"), where, "rootfs")
    if rootfs.get("type") != "layers":
        raise _bad(where, f"rootfs.type is {str(rootfs.get('type'))[:60]!r}, expected 'layers'")
    ids = _list(rootfs, "diff_ids", where, limits.layers_count)
    inner = document.get("config")
    run = {} if inner is None else _object(inner, where, "config")
    return Config(
        platform=_platform(document, where),
        diff_ids=tuple(Digest.parse(_plain(item, where, "a diffID"), where=where) for item in ids),
        created=_text(document, "created", where),
        history=tuple(_history(item, where) for item in _list(document, "history", where, 10 * limits.layers_count)),
        user=_text(run, "User", where),
        labels=_strings(run, "Labels", where),
        entrypoint=_words(run, "Entrypoint", where),
        command=_words(run, "Cmd", where),
        working_dir=_text(run, "WorkingDir", where),
        environment=_words(run, "Env", where),
    )


def parse_docker_archive(data: bytes, *, where: str, limits: Limits) -> tuple[ArchiveEntry, ...]:
    """`manifest.json` of `docker save`: one entry an image.

    Raises:
        MalformedError: not such a document, or one without images.
    """
    document = strictjson.loads(data, where=where, limit=limits.manifest_bytes)
    if not _is_list(document) or not document or len(document) > limits.index_manifests_count:
        raise _bad(where, "expected a list of images")
    return tuple(archive_entry(item, where=where, limits=limits) for item in document)


def archive_entry(value: object, *, where: str, limits: Limits) -> ArchiveEntry:
    """One element of `manifest.json`."""
    item = _object(value, where, "an image")
    config = _text(item, "Config", where)
    if not config:
        raise _bad(where, "an image without Config")
    layers = _list(item, "Layers", where, limits.layers_count)
    return ArchiveEntry(
        config=config, layers=tuple(_plain(p, where, "a layer") for p in layers), tags=_words(item, "RepoTags", where)
    )


def archive_entry_to_dict(entry: ArchiveEntry) -> dict[str, Any]:
    """The entry as `manifest.json` writes it."""
    return {"Config": entry.config, "Layers": list(entry.layers), "RepoTags": list(entry.tags)}


def _platform(item: dict[str, Any], where: str) -> Platform:
    return Platform(_text(item, "os", where), _text(item, "architecture", where), _text(item, "variant", where))


def _history(value: object, where: str) -> History:
    item = _object(value, where, "history")
    created = item.get("created")
    return History(
        created_by=_text(item, "created_by", where),
        empty_layer=item.get("empty_layer") is True,
        created=created if isinstance(created, str) else "",
    )


def _object(value: object, where: str, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _bad(where, f"{what} is not an object")
    return value


def _is_list(value: object) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _list(item: dict[str, Any], name: str, where: str, limit: int, *, required: bool = False) -> list[Any]:
    value = item.get(name)
    if value is None and not required:
        return []
    if not _is_list(value):
        raise _bad(where, f"{name} is not a list")
    if len(value) > limit:
        raise UnsupportedError(
            f"too many {name}",
            where=where,
            why=f"{len(value)}, limit {limit}",
            remedy="raise the limit",
        )
    return value


def _plain(value: object, where: str, what: str) -> str:
    if not isinstance(value, str):
        raise _bad(where, f"{what} is not text")
    return value


def _text(item: dict[str, Any], name: str, where: str) -> str:
    value = item.get(name)
    return "" if value is None else _plain(value, where, name)


def _words(item: dict[str, Any], name: str, where: str) -> tuple[str, ...]:
    value = item.get(name)
    if value is None:
        return ()
    if isinstance(value, str):
        return (value,)
    if not _is_list(value):
        raise _bad(where, f"{name} is not a list")
    return tuple(_plain(word, where, name) for word in value)


def _strings(item: dict[str, Any], name: str, where: str) -> dict[str, str]:
    value = item.get(name)
    if value is None:
        return {}
    return {key: _plain(text, where, f"{name}.{key}") for key, text in _object(value, where, name).items()}


def _schema_1(where: str) -> UnsupportedError:
    return UnsupportedError(
        "Docker image manifest schema 1",
        where=where,
        why="this format was retired in 2017 and has no content-addressed config",
        remedy="pull and push the image again with a current client",
    )


def _no_manifest(where: str, media_type: str) -> UnsupportedError:
    why = f"media type {media_type[:200]!r}"
    return UnsupportedError("not an image manifest", where=where, why=why, remedy="name a container image")


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a valid image document", where=where, why=why, remedy="build or push the image again")
