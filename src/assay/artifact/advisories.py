"""The advisory database as an OCI artifact: one manifest, the database in gzip, its signature beside it.

An image manifest with an `artifactType` and the empty config (image-spec 1.1, manifest.md, "Guidelines for Artifact
Usage"). The signature is a layer and no referrer, so that a tag moves from one whole pair to the next in one step; so
are the deltas that lead to it, each annotated with the content it begins with and the content it leads to.
"""

from collections.abc import Mapping, Sequence

import msgspec

from assay.artifact.referrers import BUNDLE_TYPE, EMPTY_CONFIG
from assay.formats import advisory_delta, oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnsupportedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits

ARTIFACT_TYPE = "application/vnd.assay.advisories.v1+sqlite3"
DATABASE_TYPE = "application/vnd.assay.advisories.v1.sqlite3+gzip"
TITLE = "org.opencontainers.image.title"
BUILD = "urn:assay:advisories:build"
CONTENT = "urn:assay:advisories:content"
BASE = "urn:assay:advisories:base"
DELTA_TYPE = advisory_delta.MEDIA_TYPE
_NUMBER_DIGITS = 15
_NAME = "advisories.db.gz"
_BUNDLE_NAME = "advisories.db.sigstore.json"
_DELTA_NAME = "advisories.delta.gz"


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact ready to push: blobs first, then the manifest."""

    manifest: bytes
    media_type: str
    blobs: tuple[bytes, ...]


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A delta: from one content digest to another."""

    base: str
    content: str
    descriptor: Descriptor

    @property
    def size(self) -> int:
        """Bytes to fetch."""
        return self.descriptor.size or 0


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """What a manifest of an advisory database names. Claims, until the database itself was verified."""

    database: Descriptor
    bundle: Descriptor | None = None
    build: int = 0
    content: str = ""
    """Empty where the manifest does not say."""
    steps: tuple[Step, ...] = ()

    @property
    def whole_bytes(self) -> int:
        """Bytes of the whole database as it is fetched."""
        return self.database.size or 0


def step(delta: bytes, *, base: str, content: str) -> Step:
    """How a delta stands in a manifest."""
    said = {BASE: base, CONTENT: content}
    return Step(base=base, content=content, descriptor=_layer(DELTA_TYPE, delta, _DELTA_NAME, said))


def way(steps: Sequence[Step], base: str, content: str) -> tuple[Step, ...]:
    """The deltas that lead from one content to another with the fewest bytes, in order; none where no way leads there.

    Steps are few (`Limits.database_deltas_count`), so every one is looked at in every round.
    """
    ways: dict[str, tuple[Step, ...]] = {base: ()}
    for _ in steps:
        for one in steps:
            known = ways.get(one.base)
            if known is None:
                continue
            new, old = (*known, one), ways.get(one.content)
            if old is None or _cost(new) < _cost(old):
                ways[one.content] = new
    return ways.get(content, ())


def worth_keeping(
    fresh: Sequence[Step], kept: Sequence[Step], content: str, whole_bytes: int, limits: Limits = DEFAULT_LIMITS
) -> tuple[Step, ...]:
    """The deltas to publish: those from which the newest content is reached with fewer bytes than half the whole.

    Args:
        fresh: those just made.
        kept: those published before.
        content: where they must lead.
        whole_bytes: of the whole database.
        limits: how many.
    """
    steps = tuple({(one.base, one.content): one for one in (*kept, *fresh)}.values())
    costs = [(_cost(found), one.base, one) for one in steps if (found := way(steps, one.base, content))]
    costs.sort(key=lambda entry: entry[:2])
    return tuple(one for cost, _, one in costs if cost * 2 < whole_bytes)[: limits.database_deltas_count]


def _cost(steps: Sequence[Step]) -> int:
    return sum(one.size for one in steps)


def wrap(database: bytes, bundle: bytes, *, build: int, content: str, steps: Sequence[Step] = ()) -> Artifact:
    """The artifact of a database in gzip; the same bytes give the same manifest. An empty bundle is left out.

    The deltas' own bytes are pushed by whoever made them.
    """
    layers = [_layer(DATABASE_TYPE, database, _NAME)]
    layers += [_layer(BUNDLE_TYPE, bundle, _BUNDLE_NAME)] if bundle else []
    layers += [one.descriptor for one in steps]
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
    databases, bundles, deltas = (
        [layer for layer in manifest.layers if layer.media_type == kind]
        for kind in (DATABASE_TYPE, BUNDLE_TYPE, DELTA_TYPE)
    )
    if not databases and manifest.layers:
        why = f"its layer is {manifest.layers[0].media_type[:100]!r}"
        raise UnsupportedError("a database in another form", where=where, why=why, remedy="use the Assay that made it")
    known = len(databases) + len(bundles) + len(deltas)
    if len(databases) != 1 or len(bundles) > 1 or len(manifest.layers) != known:
        raise _bad(where, f"{len(manifest.layers)} layers, not one database, its signature and its deltas")
    if len(deltas) > limits.database_deltas_count:
        raise _bad(where, f"{len(deltas)} deltas, limit {limits.database_deltas_count}")
    for layer in (databases[0], *bundles, *deltas):
        limit = limits.bundle_bytes if layer in bundles else limits.database_bytes
        if layer.digest is None or layer.size is None or layer.size > limit:
            raise _bad(where, f"a layer of {layer.size} bytes, limit {limit}")
    number = manifest.annotations.get(BUILD, "")
    return Named(
        database=databases[0],
        bundle=bundles[0] if bundles else None,
        build=int(number) if number.isascii() and number.isdecimal() and len(number) <= _NUMBER_DIGITS else 0,
        content=manifest.annotations.get(CONTENT, ""),
        steps=tuple(_step(layer, where) for layer in deltas),
    )


def _step(layer: Descriptor, where: str) -> Step:
    base, content = layer.annotations.get(BASE, ""), layer.annotations.get(CONTENT, "")
    if not base or not content:
        raise _bad(where, "a delta that does not say where it begins and where it leads")
    return Step(base=base, content=content, descriptor=layer)


def _layer(media_type: str, data: bytes, title: str, said: Mapping[str, str] = {}) -> Descriptor:
    annotations = {TITLE: title, **said}
    return Descriptor(media_type=media_type, digest=Digest.of(data), size=len(data), annotations=annotations)


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a whole advisory database", where=where, why=why, remedy="push it again")
