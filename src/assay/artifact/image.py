"""From a reference to images: every manifest and config checked, one `Image` a platform.

    for image in resolve(source, platform=None, host=Platform("linux", "amd64"), limits=DEFAULT_LIMITS): …

An index and each of its manifests are different subjects: `subject.digest` is the platform manifest's,
`subject.index` that of the index it was chosen from.
"""

import re
from collections.abc import Sequence

from assay.artifact.integrity import check, check_diff_id, checked, digest_mismatch
from assay.formats import oci, strictjson
from assay.formats.codec import is_layer
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError, UsageError
from assay.model.image import BuildStep, Descriptor, Image, Layer, Platform, Subject
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.model.patterns import lazy
from assay.ports.content import ImageSource, ListsPlatforms, Root

__all__ = ["blob_of", "check", "check_diff_id", "checked", "parse_platform", "platform_manifests", "resolve"]

DEFAULT_HOST = Platform("linux", "amd64")
LAYER_INDEX, CONFIG_PATH = "assay.layer.index", "assay.config.path"
"""How an old docker archive's parts are asked for: annotations of descriptors that have no digest."""
INDEX_DEPTH_COUNT = 4
"""An index may list indexes (image-index.md); deeper nesting than this is refused."""
_HEX = lazy(r"(?:sha256:)?([0-9a-f]{64})(?:\.json)?", re.ASCII)
_VARIANT_OF = {("arm64", ""): "v8", ("arm", ""): "v7", ("amd64", ""): "v1"}
"""What an absent variant means (containerd's normalisation, Go's GOARM and GOAMD64 defaults)."""


def parse_platform(text: str) -> Platform:
    """`os/architecture[/variant]`, or an architecture alone (then linux).

    Raises:
        UsageError: anything else.
    """
    parts = text.strip().lower().split("/")
    if len(parts) == 1:
        parts = ["linux", *parts]
    if not 2 <= len(parts) <= 3 or not all(re.fullmatch(r"[a-z0-9._-]+", part, re.ASCII) for part in parts):
        raise UsageError("not a platform", why=repr(text[:100]), remedy="write os/architecture, e.g. linux/arm64")
    return Platform(*parts)


def resolve(
    source: ImageSource,
    *,
    platform: Platform | None = None,
    host: Platform = DEFAULT_HOST,
    all_platforms: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Image, ...]:
    """The images a reference names, sorted by platform; one, unless `all_platforms`.

    Args:
        source: where the bytes come from.
        platform: the platform asked for; None = the host's, or the only one there is.
        host: linux and the architecture of this machine (the bootstrap knows it).
        all_platforms: every platform of an index. Attestation manifests (`unknown/unknown`) are no platforms.
        limits: bounds on manifests and configs.

    Raises:
        UntrustedError: bytes that do not match their digest or size.
        UsageError: no such platform (the error lists those present).
        MalformedError, UnsupportedError: not an image.
    """
    if isinstance(source, ListsPlatforms) and (beside := source.platforms()):
        return _of_leaves(source, beside.manifests, platform, host, None, beside.name, limits, every=all_platforms)
    root = source.root()
    check(root.data, root.descriptor, where=root.name)
    if root.requested is not None:
        check(root.data, Descriptor(media_type="", digest=root.requested, size=None), where=root.name)
    if root.descriptor.media_type == oci.DOCKER_ARCHIVE:
        return (_platform_fits(_from_archive(source, root, limits), platform),)
    document = oci.parse(root.data, root.descriptor.media_type, where=root.name, limits=limits)
    digest = root.descriptor.digest or Digest.of(root.data)
    if isinstance(document, oci.Manifest):
        return (_platform_fits(_from_manifest(source, document, digest, None, root.name, limits), platform),)
    leaves = _leaves(source, document, root.name, limits)
    return _of_leaves(source, leaves, platform, host, digest, root.name, limits, every=all_platforms)


def _of_leaves(
    source: ImageSource, leaves: tuple[Descriptor, ...], platform: Platform | None, host: Platform,
    index: Digest | None, name: str, limits: Limits, *, every: bool,
) -> tuple[Image, ...]:  # fmt: skip
    """The images of the manifests meant; `index` is what lists them, if it is something of its own."""
    chosen = leaves if every else _choose(leaves, platform, host, name)
    images = [_from_leaf(source, leaf, index, name, limits) for leaf in chosen]
    if not every:
        return (_platform_fits(images[0], platform),)
    return tuple(sorted(images, key=lambda image: (str(image.subject.platform), str(image.subject.digest))))


def platform_manifests(
    source: ImageSource,
    index: oci.Index,
    *,
    name: str,
    platform: Platform | None = None,
    host: Platform = DEFAULT_HOST,
    all_platforms: bool = False,
    limits: Limits = DEFAULT_LIMITS,
) -> tuple[Descriptor, ...]:
    """The manifests `resolve` would take, by what the index says of them; none of them is read.

    Raises:
        UsageError: no such platform. MalformedError, UnsupportedError: the index lists no image, or too many.
    """
    leaves = _leaves(source, index, name, limits)
    return leaves if all_platforms else _choose(leaves, platform, host, name)


def blob_of(layer: Layer) -> Descriptor:
    """The descriptor to stream a layer by; in an old docker archive, which has no digests, its position."""
    position = {} if layer.digest else {LAYER_INDEX: str(layer.index)}
    return Descriptor(media_type=layer.media_type, digest=layer.digest, size=layer.size, annotations=position)


def _leaves(source: ImageSource, index: oci.Index, name: str, limits: Limits) -> tuple[Descriptor, ...]:
    """The platform manifests of an index, those of nested indexes included, each once, in order."""
    leaves: dict[Digest | None, Descriptor] = {}
    nested: dict[Digest | None, Descriptor] = {}
    level = [index]
    for _ in range(INDEX_DEPTH_COUNT):
        inner: list[Descriptor] = []
        for item in (item for document in level for item in document.manifests):
            if item.media_type in oci.INDEXES and item.digest not in nested:
                nested[item.digest] = item
                inner.append(item)
            elif item.media_type in oci.MANIFESTS and not _is_attestation(item):
                leaves.setdefault(item.digest, item)
        if len(leaves) + len(nested) > limits.index_manifests_count:
            raise _too_much(name, f"more than {limits.index_manifests_count} manifests (index_manifests_count)")
        if not inner:
            break
        level = [_inner_index(source, item, name, limits) for item in inner]
    else:
        raise _too_much(name, f"indexes nested deeper than {INDEX_DEPTH_COUNT}")
    if not leaves:
        raise MalformedError("the index lists no image", where=name, why="no platform manifest in it")
    return tuple(leaves.values())


def _inner_index(source: ImageSource, item: Descriptor, name: str, limits: Limits) -> oci.Index:
    where = f"{name} {item.digest}"
    data = check(source.fetch(item, limits.manifest_bytes), item, where=where)
    inner = oci.parse(data, item.media_type, where=where, limits=limits)
    if not isinstance(inner, oci.Index):
        raise MalformedError("not an image index", where=where, why=f"announced as {item.media_type}")
    return inner


def _too_much(name: str, why: str) -> UnsupportedError:
    return UnsupportedError("the index is too large", where=name, why=why, remedy="name a manifest by its digest")


def _is_attestation(item: Descriptor) -> bool:
    """BuildKit's attestation manifests, and referrers that a tool listed in the index."""
    unknown = item.platform is not None and item.platform.os == "unknown" and item.platform.architecture == "unknown"
    # Go programs write the config's media type where an artifact type could be; of an image that says nothing new.
    artifact = bool(item.artifact_type) and item.artifact_type not in oci.CONFIGS
    return unknown or artifact or "vnd.docker.reference.type" in item.annotations


def _choose(
    leaves: Sequence[Descriptor], platform: Platform | None, host: Platform, name: str
) -> tuple[Descriptor, ...]:
    """The manifest for a platform. An entry that names none is taken only when it is the only one."""
    if len(leaves) == 1 and (platform is None or leaves[0].platform is None):
        return (leaves[0],)
    asked = platform or host
    fitting = [leaf for leaf in leaves if leaf.platform is not None and _fits(leaf.platform, asked)]
    if not fitting:
        raise _no_platform(asked, [leaf.platform for leaf in leaves], name)
    exact = [leaf for leaf in fitting if leaf.platform == asked]
    return ((exact or fitting)[0],)


def _fits(present: Platform, asked: Platform) -> bool:
    """Same system and architecture; a variant counts only if both name one, an absent one being the default."""
    if (present.os, present.architecture) != (asked.os, asked.architecture):
        return False
    if not asked.variant:
        return True
    variant = present.variant or _VARIANT_OF.get((present.architecture, ""), "")
    return variant == asked.variant


def _platform_fits(image: Image, asked: Platform | None) -> Image:
    """A single image is taken whatever its platform, unless one was asked for."""
    present = image.subject.platform
    if asked is not None and present is not None and not _fits(present, asked):
        raise _no_platform(asked, [present], image.subject.name)
    return image


def _no_platform(asked: Platform, present: Sequence[Platform | None], name: str) -> UsageError:
    names = sorted({str(platform) if platform else "(unnamed)" for platform in present})
    return UsageError(
        f"no image for {asked}",
        where=name,
        why="present are " + ", ".join(names[:50]),
        remedy="choose one with --platform, or take --all-platforms",
    )


def _from_leaf(source: ImageSource, leaf: Descriptor, index: Digest | None, name: str, limits: Limits) -> Image:
    where = f"{name} {leaf.digest}"
    data = check(source.fetch(leaf, limits.manifest_bytes), leaf, where=where)
    manifest = oci.parse(data, leaf.media_type, where=where, limits=limits)
    if not isinstance(manifest, oci.Manifest) or leaf.digest is None:
        raise MalformedError("not an image manifest", where=where, why=f"announced as {leaf.media_type}")
    return _from_manifest(source, manifest, leaf.digest, index, name, limits)


def _from_manifest(
    source: ImageSource, manifest: oci.Manifest, digest: Digest, index: Digest | None, name: str, limits: Limits
) -> Image:
    """Fetch and check the config, and pair layers with diffIDs and history."""
    where = f"{name} {digest}"
    if manifest.config.media_type not in oci.CONFIGS or manifest.artifact_type:
        raise UnsupportedError(
            "not a container image",
            where=where,
            why=f"its config is {manifest.artifact_type or manifest.config.media_type}",
            remedy="name an image; this is another kind of artifact",
        )
    foreign = [layer.media_type for layer in manifest.layers if not is_layer(layer.media_type)]
    if foreign:
        raise UnsupportedError(
            "unknown layer media type", where=where, why=repr(foreign[0][:200]), remedy="rebuild it with OCI layers"
        )
    data = check(source.fetch(manifest.config, limits.config_bytes), manifest.config, where=f"{name} config")
    config = oci.parse_config(data, where=f"{name} config", limits=limits)
    subject = Subject(name=name, digest=digest, index=index, platform=config.platform, media_type=manifest.media_type)
    return _image(subject, config, manifest.config.digest, manifest.layers, where, manifest.annotations)


def _from_archive(source: ImageSource, root: Root, limits: Limits) -> Image:
    """An old `docker save` archive: no manifest, so the config's digest is the subject (the image id)."""
    entry = oci.archive_entry(
        strictjson.loads(root.data, where=root.name, limit=limits.manifest_bytes), where=root.name, limits=limits
    )
    wanted = Descriptor(media_type=oci.DOCKER_CONFIG, digest=None, size=None, annotations={CONFIG_PATH: entry.config})
    data = source.fetch(wanted, limits.config_bytes)
    digest = Digest.of(data)
    named = _HEX.fullmatch(entry.config.rpartition("/")[2])
    if named and named[1] != digest.hex:
        raise digest_mismatch(Digest("sha256", named[1]), digest, f"{root.name} {entry.config}")
    config = oci.parse_config(data, where=f"{root.name} {entry.config}", limits=limits)
    layers = [Descriptor(media_type="", digest=None, size=None) for _ in entry.layers]
    subject = Subject(name=root.name, digest=digest, platform=config.platform, media_type=oci.DOCKER_CONFIG)
    return _image(subject, config, digest, layers, root.name)


def _image(
    subject: Subject,
    config: oci.Config,
    config_digest: Digest | None,
    layers: Sequence[Descriptor],
    where: str,
    annotations: dict[str, str] | None = None,
) -> Image:
    if len(layers) != len(config.diff_ids):
        raise MalformedError(
            "manifest and config do not fit together",
            where=where,
            why=f"{len(layers)} layers, {len(config.diff_ids)} diffIDs",
            remedy="build or push the image again",
        )
    steps = [step.created_by for step in config.history if not step.empty_layer]
    if len(steps) != len(layers):
        steps = [""] * len(layers)  # history is optional, and some builders write it short: then it says nothing
    return Image(
        subject=subject,
        layers=tuple(
            Layer(
                index=number,
                diff_id=config.diff_ids[number],
                digest=item.digest,
                size=item.size,
                media_type=item.media_type,
                created_by=steps[number],
            )
            for number, item in enumerate(layers)
        ),
        config_digest=config_digest,
        created=config.created,
        user=config.user,
        labels=config.labels,
        entrypoint=config.entrypoint or config.command,
        command=(*config.entrypoint, *config.command),
        working_dir=config.working_dir,
        environment=config.environment,
        history=tuple(BuildStep(step.created_by, step.empty_layer, step.created) for step in config.history),
        annotations=annotations or {},
    )
