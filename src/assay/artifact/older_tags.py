"""The manifest cosign before version 3 keeps at a `.sig` or `.att` tag: one layer a signature, new ones at the end.

Clause: cosign SIGNATURE_SPEC.md, "Tag-based discovery": an image manifest whose layers carry the signature in
annotations, and a config that lists the layers as if they were an image's.
"""

from typing import Any

from assay.formats import oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import Tagged

_NO_TIME = "0001-01-01T00:00:00Z"


def with_layer(existing: bytes | None, *, layer: Descriptor, where: str, limits: Limits = DEFAULT_LIMITS) -> Tagged:
    """The manifest with one more layer; a layer that is there already, annotations included, changes nothing.

    Layers of others stay as they are, unknown fields included.

    Args:
        existing: the manifest now, or None where there is none.
        layer: with digest, size and its annotations.
        where: named in errors.
        limits: bounds of manifests.

    Raises:
        MalformedError: `existing` is no image manifest: it is not ours to overwrite.
    """
    entry = oci.descriptor_to_dict(layer)
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": oci.OCI_MANIFEST, "layers": []}
    if existing is not None:
        parsed = oci.parse(existing, "", where=where, limits=limits)
        if not isinstance(parsed, oci.Manifest):
            raise MalformedError(
                "something else lies at the tag", where=where, why="an index", remedy="remove the tag, if it is yours"
            )
        document = strictjson.loads(existing, where=where, limit=limits.manifest_bytes)
        if entry in document["layers"]:
            return Tagged(existing)
    layers = [*document["layers"], entry]
    config = _config([item["digest"] for item in layers])
    described = Descriptor(media_type=oci.OCI_CONFIG, digest=Digest.of(config), size=len(config))
    manifest = strictjson.canonical({**document, "config": oci.descriptor_to_dict(described), "layers": layers})
    return Tagged(manifest, (config,))


def _config(digests: list[str]) -> bytes:
    return strictjson.canonical(
        {
            "architecture": "",
            "config": {},
            "created": _NO_TIME,
            "history": [{"created": _NO_TIME} for _ in digests],
            "os": "",
            "rootfs": {"diff_ids": digests, "type": "layers"},
        }
    )
