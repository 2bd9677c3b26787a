"""What an image is made of: descriptors, platforms, layers, and the subject a statement is about."""

import msgspec

from assay.model.digest import Digest


class Platform(msgspec.Struct, frozen=True, order=True):
    """An OCI platform; `str()` gives `os/architecture[/variant]`."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


class Descriptor(msgspec.Struct, frozen=True, kw_only=True):
    """An OCI content descriptor (image-spec 1.1, descriptor.md).

    `digest` is None only for a layer of an old `docker save` archive, which names no blob digests; there the
    diffID check is mandatory. `size` is None likewise.
    """

    media_type: str
    digest: Digest | None
    size: int | None
    annotations: dict[str, str] = {}
    artifact_type: str = ""
    platform: Platform | None = None


class Layer(msgspec.Struct, frozen=True, kw_only=True):
    """One layer, lowest first. `index` counts from 0."""

    index: int
    diff_id: Digest | None
    digest: Digest | None = None
    size: int | None = None
    media_type: str = ""
    created_by: str = ""


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """What an inventory, a statement or a verdict is about.

    `digest` is the digest of the platform manifest (of the config for an old docker archive), or None for a
    directory; `index` is the digest of the index it was chosen from. The two are different subjects.
    `name` never contains a path of the host: the last component of a local path, or the reference.
    """

    name: str
    kind: str = "image"
    """`image`, `directory`, `rootfs` or `sbom`."""
    digest: Digest | None = None
    index: Digest | None = None
    platform: Platform | None = None
    media_type: str = ""


class BuildStep(msgspec.Struct, frozen=True):
    """One step of an image's history (config.md, `history`); an empty step made no layer."""

    created_by: str = ""
    empty_layer: bool = False
    created: str = ""
    """RFC 3339 time as the config has it, or empty."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A resolved image of one platform: its subject, config facts and layers (lowest first)."""

    subject: Subject
    layers: tuple[Layer, ...]
    config_digest: Digest | None = None
    created: str = ""
    """RFC 3339 time of the config, or empty."""
    user: str = ""
    labels: dict[str, str] = {}
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """What a container runs: the config's Entrypoint, then its Cmd."""
    working_dir: str = ""
    environment: tuple[str, ...] = ()
    """`NAME=value` each, of the config."""
    history: tuple[BuildStep, ...] = ()
    annotations: dict[str, str] = {}
    """Of the manifest."""
