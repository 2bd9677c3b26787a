"""The advisory database as an OCI artifact: one manifest, the database in gzip, its signature beside it.

An image manifest with an `artifactType` and the empty config (image-spec 1.1, manifest.md, "Guidelines for Artifact
Usage"). The signature is a layer and no referrer, so that a tag moves from one whole pair to the next in one step.
"""

import msgspec

from assay.artifact.referrers import BUNDLE_TYPE, EMPTY_CONFIG
from assay.formats import oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits

ARTIFACT_TYPE = "application/vnd.assay.advisories.v1+sqlite3"
DATABASE_TYPE = "application/vnd.assay.advisories.v1.sqlite3+gzip"
TITLE = "org.opencontainers.image.title"
BUILD = "urn:assay:advisories:build"
CONTENT = "urn:assay:advisories:content"
_NAME = "advisories.db.gz"
_BUNDLE_NAME = "advisories.db.sigstore.json"


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact ready to push: blobs first, then the manifest."""

    manifest: bytes
    media_type: str
    blobs: tuple[bytes, ...]


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest of an advisory database names. Claims, until the database itself was verified."""

    database: Descriptor
    bundle: Descriptor | None = None


def wrap(database: bytes, bundle: bytes, *, build: int, content: str) -> Artifact:
    """The artifact of a database in gzip; the same bytes give the same manifest. An empty bundle is left out."""
    layers = [_layer(DATABASE_TYPE, database, _NAME)]
    layers += [_layer(BUNDLE_TYPE, bundle, _BUNDLE_NAME)] if bundle else []
    config = Descriptor(media_type=oci.OCI_EMPTY, digest=Digest.of(EMPTY_CONFIG), size=len(EMPTY_CONFIG))
    manifest = strictjson.canonical(
        {
            "schemaVersion": 2,
            "mediaType": oci.OCI_MANIFEST,
            "artifactType": ARTIFACT_TYPE,
            "config": oci.descriptor_to_dict(config),
            "layers": [oci.descriptor_to_dict(layer) for layer in layers],
            "annotations": {BUILD: str(build), CONTENT: content},
        }
    )
    blobs = (EMPTY_CONFIG, database, bundle) if bundle else (EMPTY_CONFIG, database)
    return Artifact(manifest=manifest, media_type=oci.OCI_MANIFEST, blobs=blobs)


def unwrap(data: bytes, media_type: str, *, where: str, limits: Limits = DEFAULT_LIMITS) -> Named:
    """What a manifest names.

    Raises:
        UnsupportedError: another kind of artifact, or a database in another form.
        MalformedError: no manifest, or not one database and at most one bundle with digest and size within the limits.
    """
    manifest = oci.parse(data, media_type, where=where, limits=limits)
    if not isinstance(manifest, oci.Manifest) or manifest.artifact_type != ARTIFACT_TYPE:
        why = f"artifact type {manifest.artifact_type[:100]!r}"
        raise UnsupportedError(
            "not an advisory database", where=where, why=why, remedy="name one made by `assay db push`"
        )
    databases = [layer for layer in manifest.layers if layer.media_type == DATABASE_TYPE]
    bundles = [layer for layer in manifest.layers if layer.media_type == BUNDLE_TYPE]
    if not databases and manifest.layers:
        why = f"its layer is {manifest.layers[0].media_type[:100]!r}"
        raise UnsupportedError("a database in another form", where=where, why=why, remedy="use the Assay that made it")
    if len(databases) != 1 or len(bundles) > 1 or len(manifest.layers) != len(databases) + len(bundles):
        raise _bad(where, f"{len(manifest.layers)} layers, not one database and its signature")
    for layer, limit in ((databases[0], limits.database_bytes), *((bundle, limits.bundle_bytes) for bundle in bundles)):
        if layer.digest is None or layer.size is None or layer.size > limit:
            raise _bad(where, f"a layer of {layer.size} bytes, limit {limit}")
    return Named(database=databases[0], bundle=bundles[0] if bundles else None)


def _layer(media_type: str, data: bytes, title: str) -> Descriptor:
    return Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data), annotations={TITLE: title})


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a whole advisory database", where=where, why=why, remedy="push it again")
