"""Which layers came with the base image: by evidence where there is some, else by the history, with the confidence.

In this order: diffIDs of bases that were given (a prefix of ours is certain); layers that a provenance lists for an
image it was built from (a prefix of ours is strong where the provenance came in the image's own index, weak where
anybody may have attached it: the layers are a fact, whose they are is a claim); annotations and labels of the OCI
specification, which name the base but not where it ends; the history, where a `CMD` or `ENTRYPOINT` before another
layer is how a base image ends; the lowest layer, where it brings the distribution. All else is said to be unknown.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from assay.formats import wire
from assay.model.digest import Digest
from assay.model.image import BuildStep, Image, Layer
from assay.model.inventory import BaseConfidence, BaseImage, BaseMethod

NAME, DIGEST = "org.opencontainers.image.base.name", "org.opencontainers.image.base.digest"
"""image-spec, annotations.md, "Pre-Defined Annotation Keys"."""
_ENDS = ("CMD ", "ENTRYPOINT ", "/bin/sh -c #(nop)  CMD ", "/bin/sh -c #(nop) CMD ", "/bin/sh -c #(nop)  ENTRYPOINT ")
_GAP_SECONDS = 3_600
"""Steps further apart than this were not made by one build, unless its cache was older."""
_TEXT_CHARACTERS = 300


class KnownBase(msgspec.Struct, frozen=True, kw_only=True):
    """An image that may be the base: what it is called, its digest, its diffIDs, lowest first."""

    name: str
    digest: str
    diff_ids: tuple[Digest | None, ...]


class NamedBase(msgspec.Struct, frozen=True, kw_only=True):
    """An image that a provenance names as what this one was built from. Nobody checked a signature."""

    name: str
    digest: str
    layers: tuple[str, ...] = ()
    """Digests of its layers' blobs, lowest first; () where the provenance does not list them."""
    source: str = ""
    """Where the provenance was found."""
    own: bool = False
    """Whether it stands in the index the image was chosen from: then whoever made the image made it too."""


class _Boundary(msgspec.Struct, frozen=True):
    layers_count: int
    confidence: BaseConfidence
    reason: str


def given(layers: Sequence[Layer], bases: Sequence[KnownBase]) -> BaseImage | None:
    """The longest of the given bases whose diffIDs are the lowest of these layers; None when none is.

    An image with the very layers of a base is that base and changes only its configuration.
    """
    own = tuple(layer.diff_id for layer in layers)
    fitting = [b for b in bases if b.diff_ids and None not in b.diff_ids and own[: len(b.diff_ids)] == b.diff_ids]
    if not fitting:
        return None
    best = max(fitting, key=lambda base: (len(base.diff_ids), base.digest, base.name))
    count = len(best.diff_ids)
    which = f"{count} layers are" if count > 1 else "layer is"
    reason = f"the lowest {which} the given base's, by diffID"
    return BaseImage(
        layers_count=count, confidence="certain", method="given", name=best.name, digest=best.digest, reason=reason
    )


def not_given(base: BaseImage | None, bases: Sequence[KnownBase]) -> BaseImage | None:
    """The same finding, saying that what was given does not fit; unchanged where nothing was given."""
    if base is None or not bases:
        return base
    names = ", ".join(known.name for known in bases)[:_TEXT_CHARACTERS]
    return msgspec.structs.replace(base, reason=f"{names} is not below this image; {base.reason}")


def find(
    image: Image,
    bases: Sequence[KnownBase] = (),
    *,
    system_layer: int | None = None,
    named: Sequence[NamedBase] = (),
) -> BaseImage:
    """What is known of the base of an image.

    Args:
        image: with its history, labels and annotations.
        bases: images the caller knows.
        system_layer: the lowest layer that brings packages of the distribution, where there are any.
        named: images that provenances beside the image name.
    """
    found = given(image.layers, bases)
    if found is not None:
        return found
    claimed = _claimed(image.layers, named)
    if claimed is not None:
        return not_given(claimed, bases) or claimed
    method, name, digest, says = _said(image, named)
    boundary = _history(image.history, len(image.layers)) or _lowest(len(image.layers), system_layer)
    if boundary is None:
        why = "nothing tells where it ends" if says else "no base is given, named, or visible in the history"
        reason = "; ".join(filter(None, (says, why)))
        return not_given(BaseImage(method=method, name=name, digest=digest, reason=reason), bases) or BaseImage()
    found = BaseImage(
        layers_count=boundary.layers_count,
        confidence=boundary.confidence,
        method="history",
        name=name,
        digest=digest,
        reason="; ".join(filter(None, (boundary.reason, says))),
    )
    return not_given(found, bases) or found


def _claimed(layers: Sequence[Layer], named: Sequence[NamedBase]) -> BaseImage | None:
    """The named image with most layers, all of which are the lowest of ours; None where none is."""
    own = tuple(str(layer.digest or "") for layer in layers)
    fitting = [one for one in named if one.layers and own[: len(one.layers)] == one.layers]
    if not fitting:
        return None
    best = max(fitting, key=lambda one: (one.own, len(one.layers), one.digest, one.name))
    count = len(best.layers)
    confidence: BaseConfidence = "strong" if best.own else "weak"
    which = f"{count} layers are" if count > 1 else "layer is"
    reason = f"the lowest {which} those of {best.name}, which {best.source} names; no signature was checked"
    return BaseImage(
        layers_count=count,
        confidence=confidence,
        method="provenance",
        name=best.name,
        digest=best.digest,
        reason=reason,
    )


def _said(image: Image, named: Sequence[NamedBase]) -> tuple[BaseMethod, str, str, str]:
    """What names the base, its name and digest, and that in words: a provenance, else annotations and labels.

    A provenance that names several images does not say which is below, unless an annotation or label agrees with one.
    """
    method, name, digest = _named(image)
    able = {one.digest: one for one in named if not one.layers}
    one = able.get(digest) or (next(iter(able.values())) if len(able) == 1 else None)
    if one is not None:
        return "provenance", one.name, one.digest, f"{one.source} names {one.name}; no signature was checked"
    says = f"{method} names {name or digest}" if method != "none" else ""
    if len(able) > 1:
        many = f"{next(iter(able.values())).source} names {len(able)} images, and not which is below"
        says = "; ".join(filter(None, (says, many)))
    return method, name, digest, says


def _named(image: Image) -> tuple[BaseMethod, str, str]:
    """Annotations speak of this image; a label may have come with the base and then speaks of the base's own."""
    sources: tuple[tuple[BaseMethod, Mapping[str, str]], ...] = (
        ("annotation", image.annotations),
        ("label", image.labels),
    )
    for method, table in sources:
        name, digest = table.get(NAME, "")[:_TEXT_CHARACTERS], table.get(DIGEST, "")[:_TEXT_CHARACTERS]
        if name or digest:
            return method, name, digest
    return "none", "", ""


def _history(steps: Sequence[BuildStep], layers_count: int) -> _Boundary | None:
    """The last place where a base ends; one with a gap in time behind it rather than one without."""
    if sum(not step.empty_layer for step in steps) != layers_count:
        return None
    found = list(_ends(steps, layers_count))
    return next((one for one in reversed(found) if one.confidence == "strong"), found[-1] if found else None)


def _ends(steps: Sequence[BuildStep], layers_count: int) -> Iterator[_Boundary]:
    below = 0
    for number, step in enumerate(steps):
        below += not step.empty_layer
        if step.empty_layer and 0 < below < layers_count and step.created_by.lstrip().startswith(_ENDS):
            word = "ENTRYPOINT" if "ENTRYPOINT" in step.created_by[:40] else "CMD"
            following = next(later for later in steps[number + 1 :] if not later.empty_layer)
            seconds = _between(step.created, following.created)
            if seconds is not None and seconds >= _GAP_SECONDS:
                hours = int(seconds // 3_600)
                yield _Boundary(below, "strong", f"{word} ends it, and the next layer was made {hours} h later")
            else:
                yield _Boundary(below, "weak", f"{word} in the history, with layers above it")


def _lowest(layers_count: int, system_layer: int | None) -> _Boundary | None:
    if system_layer == 0 and layers_count > 1:
        return _Boundary(1, "weak", "the lowest layer brings the distribution; where the base ends, nothing tells")
    return None


def _between(earlier: str, later: str) -> float | None:
    """Seconds; None where a time is missing or is none."""
    if not (wire.is_instant(earlier) and wire.is_instant(later)):
        return None
    first, second = (datetime.fromisoformat(wire.instant(text)) for text in (earlier, later))
    return (second - first).total_seconds()
