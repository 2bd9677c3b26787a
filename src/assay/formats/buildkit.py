"""What BuildKit's provenance says of base images: materials that are images, and the layers each of them brought.

BuildKit documentation, "SLSA definitions": `docker-image://` sources of `llbDefinition`, and `layers` of its metadata
(both only with `mode=max`), in SLSA v0.2 and v1. A claim: nothing here is believed.
"""

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from assay.model.statement import ResourceDescriptor

_SCHEMES = ("pkg:docker/", "pkg:oci/", "docker-image://", "docker://", "oci://")
_FRONTEND = ("docker/dockerfile", "moby/buildkit", "tonistiigi/binfmt")
"""Images that drive a build or help it, and are no base."""
_SOURCE = "docker-image://"
_METADATA = (
    ("metadata", "https://mobyproject.org/buildkit@v1#metadata"),
    ("runDetails", "metadata", "buildkit_metadata"),
)
_STEPS = (
    ("buildConfig", "llbDefinition"),
    ("buildDefinition", "internalParameters", "buildConfig", "llbDefinition"),
)
_STEPS_COUNT, _LAYERS_COUNT = 2_000, 1_000


class Material(msgspec.Struct, frozen=True, kw_only=True):
    """An image that went into a build."""

    name: str
    """`docker.io/library/python:3.12`, as far as the provenance spells it."""
    digest: str = ""
    """`sha256:…` of its manifest or index."""
    layers: tuple[str, ...] = ()
    """Digests of its layers' blobs, lowest first; () where the provenance does not list them."""


def images(dependencies: tuple[ResourceDescriptor, ...], predicate: Mapping[str, Any]) -> tuple[Material, ...]:
    """The images among the materials, in the order given, each with its layers where they are told.

    Args:
        dependencies: of the provenance, read.
        predicate: the same as it was parsed, for what SLSA leaves to the builder.
    """
    told = dict(_layers(predicate))
    found: dict[tuple[str, str], Material] = {}
    for one in dependencies:
        digest = one.digest.get("sha256", "")
        uri = one.uri or one.name
        if not digest or not uri.startswith(_SCHEMES):
            continue
        name = _name(uri)
        if not name.removeprefix("docker.io/").startswith(_FRONTEND):
            digest = f"sha256:{digest}"
            found.setdefault((name, digest), Material(name=name, digest=digest, layers=told.get(digest, ())))
    return tuple(found.values())


def _name(uri: str) -> str:
    """A package URL or a source of BuildKit as people write the image: `name:tag`."""
    for scheme in _SCHEMES:
        if uri.startswith(scheme):
            uri = uri[len(scheme) :]
            break
    path = uri.partition("?")[0].partition("#")[0]
    path = path.partition("@sha256:")[0]
    name, at, tag = path.rpartition("@")
    return unquote(f"{name}:{tag}" if at else path)[:300]


def _layers(predicate: Mapping[str, Any]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Digest of an image → digests of its layers: the step that fetched it, and that step's first output."""
    outputs = next((_table(_at(predicate, (*path, "layers"))) for path in _METADATA if _at(predicate, path)), {})
    steps = next((found for path in _STEPS if isinstance(found := _at(predicate, path), list)), [])
    for step in steps[:_STEPS_COUNT]:
        body = _table(step)
        operation = _table(_table(body.get("op")).get("Op"))
        source = _table(operation.get("source") or operation.get("Source")).get("identifier")
        if not isinstance(source, str) or not source.startswith(_SOURCE) or "@sha256:" not in source:
            continue
        chains = outputs.get(f"{body.get('id')}:0")
        chain = chains[0] if isinstance(chains, list) and len(chains) == 1 and isinstance(chains[0], list) else []
        digests = [_table(layer).get("digest") for layer in chain[:_LAYERS_COUNT]]
        if digests and all(isinstance(digest, str) for digest in digests):
            yield "sha256:" + source.rpartition("@sha256:")[2], tuple(map(str, digests))


def _at(value: object, path: tuple[str, ...]) -> object:
    for name in path:
        value = _table(value).get(name)
    return value


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
