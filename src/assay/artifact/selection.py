"""Which image of a layout or archive a tag or digest means. Pure: the adapters read, this file picks."""

import re
from collections.abc import Iterable, Sequence

from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import UsageError
from assay.model.image import Descriptor

_NAMES = (oci.REF_NAME, "io.containerd.image.name")
_KIND, _KIND_PREFIX, _KIND_IMAGES = "kind", "dev.cosignproject.cosign/", ("image", "imageIndex")
_FALLBACK = re.compile(r"sha(?:256|384|512)-[0-9a-f]{64,128}(?:\.[a-z]+)?", re.ASCII)


def select(index: oci.Index, *, tag: str, digest: Digest | None, where: str) -> Descriptor | None:
    """The entry of a layout's `index.json` that is meant (OCI image-spec, image-layout.md).

    Referrers (an artifact type, a fallback tag) are no images. Without a tag, entries with a name go before entries
    without one. Entries of one digest are one.

    Returns:
        The descriptor, or None if a digest was asked for that no entry has (it may lie deeper, in another index).

    Raises:
        UsageError: nothing fits, or several images do; the error lists them.
    """
    images = [item for item in index.manifests if _is_image(item)]
    if digest is not None:
        return next((item for item in index.manifests if item.digest == digest), None)
    if tag:
        found = [item for item in index.manifests if any(_named(name, tag) for name in _names(item))]
    else:
        found = [item for item in images if _names(item)] or images
    distinct = {item.digest: item for item in found}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    raise _choice([_shown(item) for item in (distinct.values() or images)], tag, where, several=bool(distinct))


def platforms_of(index: oci.Index, *, tag: str, digest: Digest | None) -> tuple[Descriptor, ...]:
    """The platform manifests of one image that `index.json` lists itself, as some builders write it.

    They are one image if each names another platform, and all bear the same names, or none. Such an image has no
    index: nothing can be attached to it as a whole.

    Returns:
        Two manifests or more; nothing where a tag or digest means one image, or several.
    """
    if digest is not None:
        return ()
    images = [item for item in index.manifests if _is_image(item) and not _is_attestation(item)]
    if tag:
        found = [item for item in images if any(_named(name, tag) for name in _names(item))]
    else:
        found = [item for item in images if _names(item)] or images
    distinct = list({item.digest: item for item in found}.values())
    platforms = {item.platform for item in distinct if item.platform is not None}
    names = {frozenset(_names(item)) for item in distinct}
    alike = len(distinct) > 1 and len(platforms) == len(distinct) and len(names) == 1
    return tuple(distinct) if alike and all(item.media_type in oci.MANIFESTS for item in distinct) else ()


def _is_attestation(item: Descriptor) -> bool:
    return "vnd.docker.reference.type" in item.annotations or (
        item.platform is not None and item.platform.os == "unknown"
    )


def select_entry(
    entries: Sequence[oci.ArchiveEntry], *, tag: str, digest: Digest | None, where: str
) -> oci.ArchiveEntry:
    """The image of a `docker save` archive that is meant, by tag or by config digest (the image id).

    Raises:
        UsageError: nothing fits, or several images do; the error lists them.
    """
    if digest is not None:
        found = [entry for entry in entries if digest.hex in entry.config]
    elif tag:
        found = [entry for entry in entries if any(_named(name, tag) for name in entry.tags)]
    else:
        found = list(entries)
    distinct = {entry.config: entry for entry in found}
    if len(distinct) == 1:
        return next(iter(distinct.values()))
    shown = [", ".join(entry.tags) or entry.config for entry in (distinct.values() or entries)]
    raise _choice(shown, str(digest or tag), where, several=bool(distinct))


def _is_image(item: Descriptor) -> bool:
    kind = item.annotations.get(_KIND, "")
    if kind.startswith(_KIND_PREFIX) and kind.removeprefix(_KIND_PREFIX) not in _KIND_IMAGES:
        return False
    if item.media_type not in oci.MANIFESTS and item.media_type not in oci.INDEXES:
        return False
    # Go programs write the config's media type where an artifact type could be; of an image that says nothing new.
    artifact = item.artifact_type and item.artifact_type not in oci.CONFIGS
    return not artifact and not any(_FALLBACK.fullmatch(name) for name in _names(item))


def _names(item: Descriptor) -> list[str]:
    return [item.annotations[key] for key in _NAMES if item.annotations.get(key)]


def _named(name: str, tag: str) -> bool:
    """Whether a stored name is this tag: the tag alone, or a reference ending in it (x:1 of docker.io/library/x:1)."""
    last = name.rpartition("/")[2]
    return name == tag or name.endswith(f"/{tag}") or (last.rpartition(":")[2] == tag and ":" in last)


def _shown(item: Descriptor) -> str:
    names = _names(item)
    platform = f" ({item.platform})" if item.platform else ""
    return f"{names[0] if names else item.digest}{platform}"


def _choice(present: Iterable[str], asked: str, where: str, *, several: bool) -> UsageError:
    shown = sorted(set(present))
    listed = ", ".join(shown[:50]) or "nothing"
    if several:
        what, remedy = "several images match", "choose one with :TAG or @sha256:…"
    else:
        what, remedy = f"no image called {asked!r}" if asked else "no image in it", "choose one of those present"
    return UsageError(what, where=where, why=f"present: {listed}", remedy=remedy)
