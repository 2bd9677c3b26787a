"""Puts an OCI layout into a registry, with our own client: an image for tests to read back."""

import json
from pathlib import Path

from assay.adapters.registry_client import RegistryClient
from assay.model.digest import Digest


def push_layout(client: RegistryClient, layout: Path, tag: str, entry: int = 0) -> Digest:
    """Copy the manifest `entry` of a layout, and all below it, to a tag; returns its digest."""
    descriptor = json.loads((layout / "index.json").read_bytes())["manifests"][entry]
    digest = _push(client, layout, descriptor)
    client.put_manifest(tag, _blob(layout, descriptor), descriptor["mediaType"])
    return digest


def _push(client: RegistryClient, layout: Path, descriptor: dict[str, str]) -> Digest:
    digest, data = Digest.parse(descriptor["digest"]), _blob(layout, descriptor)
    document = json.loads(data)
    for child in document.get("manifests", []):
        _push(client, layout, child)
    for blob in ([document["config"]] if "config" in document else []) + document.get("layers", []):
        client.upload(_blob(layout, blob), Digest.parse(blob["digest"]))
    client.put_manifest(str(digest), data, descriptor["mediaType"])
    return digest


def _blob(layout: Path, descriptor: dict[str, str]) -> bytes:
    return (layout / "blobs" / descriptor["digest"].replace(":", "/")).read_bytes()
