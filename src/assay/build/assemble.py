"""Layers, config and manifest of an image: the same tree and spec give the same bytes, everywhere.

OCI image-spec 1.1: layer.md, config.md, manifest.md, image-index.md.
"""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from assay.build.layering import PlannedLayer
from assay.build.platforms import ANNOTATION
from assay.build.spec import HealthCheck, Metadata, RunConfig
from assay.formats import oci, strictjson, tarwrite
from assay.formats.compressors import Ahead, Compressor, compress, in_turn
from assay.model.digest import Digest
from assay.model.image import Descriptor, Platform
from assay.model.limits import Limits
from assay.model.tree import Span
from assay.ports.stores import BlobSink

_TITLE = "org.opencontainers.image."
_NANOSECONDS = 1_000_000_000

Read = Callable[[Span], Iterator[bytes]]


class BuiltLayer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer as it was written."""

    name: str
    diff_id: Digest
    descriptor: Descriptor
    entries_count: int


class BuiltImage(msgspec.Struct, frozen=True, kw_only=True):
    """One image as it was written."""

    platform: Platform
    manifest: Descriptor
    config: Descriptor
    layers: tuple[BuiltLayer, ...]
    user: str = "0:0"
    """Numbers of the user and group it runs as."""
    label: str = ""
    """`native`, `cross` or `assembled` (see `build.platforms`)."""


def write_layer(
    plan: PlannedLayer, read: Read, by: Compressor, sink: BlobSink, limits: Limits, ahead: Ahead = in_turn
) -> BuiltLayer:
    """Write one layer; nothing is held but pieces.

    Args:
        plan: its entries.
        read: gives the bytes of a span.
        by: the compressor.
        sink: takes the blob.
        limits: `blob_bytes`.
        ahead: lets the compressor work beside the writing of the tar; the bytes are the same whatever it does.
    """
    state = hashlib.sha256()

    def tar() -> Iterator[bytes]:
        items = ((item.entry, read(item.span) if item.span else ()) for item in plan.entries)
        for piece in tarwrite.write(items):
            state.update(piece)
            yield piece

    blob = sink.put(compress(tar(), by, ahead=ahead), limit=limits.blob_bytes)
    return BuiltLayer(
        name=plan.name,
        diff_id=Digest("sha256", state.hexdigest()),
        descriptor=Descriptor(media_type=by.media_type, digest=blob.digest, size=blob.size),
        entries_count=len(plan.entries),
    )


def write_image(
    layers: Iterable[BuiltLayer],
    *,
    run: RunConfig,
    user: str,
    metadata: Metadata,
    platform: Platform,
    epoch: int,
    sink: BlobSink,
    limits: Limits,
    annotations: Mapping[str, str] | None = None,
) -> BuiltImage:
    """Write config and manifest over layers that are there; annotations come over the manifest's own."""
    built = tuple(layers)
    labels = {_TITLE + "title": metadata.name, _TITLE + "version": metadata.version, _TITLE + "created": rfc3339(epoch)}
    config = {
        "architecture": platform.architecture,
        "os": platform.os,
        **({"variant": platform.variant} if platform.variant else {}),
        "created": rfc3339(epoch),
        "config": _run(run, user),
        "rootfs": {"type": "layers", "diff_ids": [str(layer.diff_id) for layer in built]},
        "history": [{"created": rfc3339(epoch), "created_by": f"assay build: {layer.name}"} for layer in built],
    }
    config_at = _put(config, oci.OCI_CONFIG, sink, limits)
    manifest = {
        "schemaVersion": 2,
        "mediaType": oci.OCI_MANIFEST,
        "config": oci.descriptor_to_dict(config_at),
        "layers": [oci.descriptor_to_dict(layer.descriptor) for layer in built],
        "annotations": labels | dict(annotations or {}),
    }
    found = _put(manifest, oci.OCI_MANIFEST, sink, limits)
    return BuiltImage(
        platform=platform,
        manifest=msgspec.structs.replace(found, platform=platform),
        config=config_at,
        layers=built,
        user=user,
    )


def write_index(images: Iterable[BuiltImage], sink: BlobSink, limits: Limits) -> Descriptor:
    """What a tag names: the manifest of the only image, or an index of several, sorted by platform and labelled."""
    found = sorted(images, key=lambda image: image.platform)
    if len(found) == 1:
        return found[0].manifest
    manifests = [
        msgspec.structs.replace(one.manifest, annotations={ANNOTATION: one.label} if one.label else {}) for one in found
    ]
    document = {
        "schemaVersion": 2,
        "mediaType": oci.OCI_INDEX,
        "manifests": [oci.descriptor_to_dict(manifest) for manifest in manifests],
    }
    return _put(document, oci.OCI_INDEX, sink, limits)


def rfc3339(epoch: int) -> str:
    """Unix seconds as OCI writes times: `2023-11-14T22:13:20Z`."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _put(document: dict[str, Any], media_type: str, sink: BlobSink, limits: Limits) -> Descriptor:
    blob = sink.put((strictjson.canonical(document),), limit=limits.manifest_bytes)
    return Descriptor(media_type=media_type, digest=blob.digest, size=blob.size)


def _run(run: RunConfig, user: str) -> dict[str, Any]:
    """The execution part of the config (config.md, "config"); what is empty is left out."""
    found: dict[str, Any] = {
        "User": user,
        "Env": [f"{name}={value}" for name, value in sorted(run.env.items())],
        "Entrypoint": list(run.entrypoint),
        "Cmd": list(run.command),
        "ExposedPorts": {str(port) if "/" in str(port) else f"{port}/tcp": {} for port in run.ports},
        "WorkingDir": run.working_dir,
        "Labels": dict(run.labels),
        "Volumes": {volume: {} for volume in run.volumes},
        "StopSignal": run.stop_signal,
        "Healthcheck": _health(run.healthcheck) if run.healthcheck else None,
    }
    return {name: value for name, value in found.items() if value}


def _health(check: HealthCheck) -> dict[str, Any]:
    found = {
        "Test": list(check.test),
        "Interval": check.interval_seconds * _NANOSECONDS,
        "Timeout": check.timeout_seconds * _NANOSECONDS,
        "StartPeriod": check.start_period_seconds * _NANOSECONDS,
        "Retries": check.retries,
    }
    return {name: value for name, value in found.items() if value}
