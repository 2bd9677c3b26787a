"""An `ImageSource` in memory: what a test says, lies included."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

from assay.formats import oci
from assay.model.digest import Digest
from assay.model.errors import UnavailableError
from assay.model.image import Descriptor
from assay.ports.content import Root
from fakes.tars import cut


def dump(value: object) -> bytes:
    return json.dumps(value, sort_keys=True).encode()


class MemorySource:
    """Blobs by digest; `pick` names the root."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.fetched: list[str] = []
        self.top: Root | None = None

    def put(self, data: bytes, media_type: str) -> dict[str, object]:
        digest = str(Digest.of(data))
        self.blobs[digest] = data
        return {"mediaType": media_type, "digest": digest, "size": len(data)}

    def image(
        self, os: str = "linux", architecture: str = "amd64", variant: str = "", **more: object
    ) -> dict[str, object]:
        """One manifest without layers, unless `layers` and `config` say otherwise; its descriptor."""
        config = {
            "os": os, "architecture": architecture, **({"variant": variant} if variant else {}),
            "rootfs": {"type": "layers", "diff_ids": []}, **more.pop("config", {}),  # type: ignore[dict-item]
        }  # fmt: skip
        manifest = {
            "schemaVersion": 2, "mediaType": oci.OCI_MANIFEST,
            "config": self.put(dump(config), oci.OCI_CONFIG), "layers": [], **more,
        }  # fmt: skip
        return self.put(dump(manifest), oci.OCI_MANIFEST)

    def index(self, *entries: dict[str, object]) -> dict[str, object]:
        return self.put(
            dump({"schemaVersion": 2, "mediaType": oci.OCI_INDEX, "manifests": list(entries)}), oci.OCI_INDEX
        )

    def pick(
        self, entry: dict[str, object], *, requested: Digest | None = None, data: bytes | None = None
    ) -> "MemorySource":
        descriptor = oci.descriptor(entry, where="test")
        content = self.blobs[str(descriptor.digest)] if data is None else data
        self.top = Root(name="test", descriptor=descriptor, data=content, requested=requested)
        return self

    def root(self) -> Root:
        assert self.top is not None
        return self.top

    def fetch(self, descriptor: Descriptor, limit: int) -> bytes:
        self.fetched.append(str(descriptor.digest))
        if str(descriptor.digest) not in self.blobs:
            raise UnavailableError("no such blob", where=str(descriptor.digest))
        return self.blobs[str(descriptor.digest)][:limit]

    @contextmanager
    def stream(self, descriptor: Descriptor) -> Iterator[Iterator[bytes]]:
        yield iter(cut(self.blobs[str(descriptor.digest)], 1000))

    def close(self) -> None:
        self.blobs.clear()
