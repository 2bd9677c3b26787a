"""Evidence in an OCI layout folder (`ports.content.ReferrerStore` and `TaggedManifests`).

A layout has no referrers API. A referrer is found where a registry without the API keeps it, in an index named by the
fallback tag in `index.json` (distribution-spec 1.1, "Referrers Tag Schema"), and also where other programs leave it:
as an entry of `index.json` whose manifest names the `subject`.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from assay.adapters.layout import LayoutSource
from assay.adapters.layout_files import locked, stream_whole, write_whole
from assay.artifact import referrers as form
from assay.artifact.integrity import check
from assay.artifact.reference import DEFAULT_TAG, Target
from assay.formats import oci, strictjson
from assay.model.digest import Digest
from assay.model.errors import MalformedError, UnavailableError, UnsupportedError
from assay.model.image import Descriptor
from assay.model.limits import DEFAULT_LIMITS, Limits
from assay.ports.content import Tagged

_INDEX = "index.json"
_SAVED = {".att": "dev.cosignproject.cosign/atts", ".sig": "dev.cosignproject.cosign/sigs"}
_KIND_IMAGE, _KIND_INDEX = "dev.cosignproject.cosign/image", "dev.cosignproject.cosign/imageIndex"
"""The `kind` by which cosign marks entries of a saved layout."""


class LayoutStore:
    """The referrers of the images of one layout; safe for several threads and processes at once.

    Args:
        path: the layout's folder.
        tag: name of the image in `index.json`; not needed where there is one image.
        digest: digest of its manifest or index; wins over the tag.
        limits: the bounds.
    """

    def __init__(
        self, path: Path, *, tag: str = "", digest: Digest | None = None, limits: Limits = DEFAULT_LIMITS
    ) -> None:
        self._path, self._limits, self._name = Path(path), limits, Path(path).resolve().name
        self._tag = tag
        self._source = LayoutSource(Target(scheme="oci-dir", location=str(path), tag=tag, digest=digest), limits)

    def describe(self) -> Descriptor:
        """The descriptor of the manifest or index that tag or digest mean; its bytes are checked.

        Raises:
            UsageError: none or several match.
            UntrustedError: the file is not what its name says.
        """
        root = self._source.root()
        check(root.data, root.descriptor, where=root.name)
        media_type = root.descriptor.media_type
        if not media_type:
            media_type = oci.parse(root.data, "", where=root.name, limits=self._limits).media_type
        return Descriptor(media_type=media_type, digest=root.descriptor.digest, size=len(root.data))

    def referrers(self, subject: Digest) -> tuple[Descriptor, ...]:
        """Those listed at the fallback tag, then those that `index.json` itself lists; each once.

        Raises:
            MalformedError, UntrustedError: a list or a manifest that is not what it should be.
        """
        tag, found = form.fallback_tag(subject), dict[Digest | None, Descriptor]()
        entries = self._entries(self._read_index())
        for entry in entries:
            if entry.annotations.get(oci.REF_NAME) == tag:
                listed = form.parse_index(self._manifest(entry), where=self._where(tag), limits=self._limits)
                found |= {descriptor.digest: descriptor for descriptor in listed}
        for descriptor in self._with_subject(entries, subject):
            found.setdefault(descriptor.digest, descriptor)
        if len(found) > self._limits.referrers_count:
            raise _bad(self._where(tag), f"{len(found)} referrers, limit {self._limits.referrers_count}")
        return tuple(found.values())

    def fetch(self, digest: Digest, limit: int, *, manifest: bool) -> bytes:
        """A manifest or a blob by digest; unchecked bytes. In a layout both lie in the same place.

        Raises:
            UnavailableError: it is listed, but not there: nobody knows what it says, as in a registry.
        """
        del manifest
        try:
            return self._source.fetch(Descriptor(media_type="", digest=digest, size=None), limit)
        except MalformedError as error:
            raise UnavailableError(error.what, where=error.where, why=error.why, remedy=error.remedy) from error

    def tagged(self, tag: str) -> tuple[bytes, ...]:
        """The manifests `index.json` lists under a tag; attestations also where `cosign save` leaves them.

        It marks them with `kind` and gives them the image's own name: what they are about, their statements say.

        Raises:
            MalformedError, UntrustedError: an entry whose manifest is missing or another.
        """
        found: dict[Digest | None, bytes] = {}
        for entry in self._entries(self._read_index()):
            saved = entry.annotations.get("kind") == _SAVED.get(tag[-4:], "-")
            if entry.annotations.get(oci.REF_NAME) == tag or saved:
                found[entry.digest] = self._manifest(entry)
        return tuple(found.values())

    def push_blob(self, data: bytes) -> Digest:
        """Store a blob; one that is there already, whole, is left alone."""
        with locked(self._path, self._limits.lock_seconds):
            return self._put(data)

    def push_referrer(self, manifest: bytes, descriptor: Descriptor, subject: Digest) -> None:
        """Store a manifest with a `subject`, and list it in the index at the fallback tag. Idempotent."""
        with locked(self._path, self._limits.lock_seconds):
            self._put(manifest)
            document = self._read_index()
            tag = form.fallback_tag(subject)
            named = [entry for entry in self._entries(document) if entry.annotations.get(oci.REF_NAME) == tag]
            present = [self._manifest(entry) for entry in named]
            rest = [item for data in present[1:] for item in form.parse_index(data, where=tag, limits=self._limits)]
            before = present[0] if present else None
            merged = form.merge_index(before, *rest, descriptor, where=self._where(tag), limits=self._limits)
            if merged == before and len(named) == 1:
                return
            # The new list is whole on disk before `index.json` names it; the old one stays for who reads it now.
            self._write_index(document, tag, _list_entry(self._put(merged), merged, tag))

    def remove_referrer(self, manifest: Digest, subject: Digest) -> None:
        """Unlist a referrer, and delete its manifest and those of its blobs that nothing else here names.

        Raises:
            MalformedError, UntrustedError: a list that is not what it should be; then nothing is changed.
        """
        with locked(self._path, self._limits.lock_seconds):
            document = self._read_index()
            tag, listed = form.fallback_tag(subject), None
            for entry in self._entries(document):
                if entry.annotations.get(oci.REF_NAME) == tag:
                    listed = self._manifest(entry)
            if listed is not None:
                left = form.without(listed, manifest, where=self._where(tag), limits=self._limits)
                entry = _list_entry(self._put(left), left, tag)
                document = self._write_index(document, tag, entry if form.parse_index(left, where=tag) else None)
            others = [item for item in document["manifests"] if item.get("digest") != str(manifest)]
            if len(others) != len(document["manifests"]):
                document = {**document, "manifests": others}
                write_whole(self._path / _INDEX, strictjson.canonical(document))
            self._sweep(manifest, document)

    def change_tagged(self, tag: str, change: Callable[[bytes | None], Tagged]) -> None:
        """Change the manifest at a tag; nobody else changes the layout meanwhile."""
        with locked(self._path, self._limits.lock_seconds):
            document = self._read_index()
            named = [entry for entry in self._entries(document) if entry.annotations.get(oci.REF_NAME) == tag]
            before = self._manifest(named[0]) if named else None
            made = change(before)
            if made.manifest == before:
                return
            for blob in (*made.blobs, made.manifest):
                self._put(blob)
            entry = _list_entry(Digest.of(made.manifest), made.manifest, tag, oci.OCI_MANIFEST)
            self._write_index(document, tag, entry)

    def push_stream(self, descriptor: Descriptor, chunks: Iterator[bytes]) -> None:
        """Store a blob of any size, unless one of its size is there under its digest."""
        if descriptor.digest is None:
            raise _bad(self._where(descriptor.media_type), "a blob without a digest")
        place = self._place(descriptor.digest)
        if not (place.is_file() and place.stat().st_size == descriptor.size):
            place.unlink(missing_ok=True)
            stream_whole(place, chunks)

    def push_manifest(self, manifest: bytes, media_type: str, tag: str = "") -> Digest:
        """Store a manifest by its digest, and list it under a tag where one is given."""
        with locked(self._path, self._limits.lock_seconds):
            digest = self._put(manifest)
            if tag:
                self._write_index(self._read_index(), tag, _list_entry(digest, manifest, tag, media_type))
        return digest

    def push_image(self, manifest: bytes, media_type: str) -> Digest:
        """Store what the reference names and list it under its tag (`latest` where it names none).

        The entry's `kind` lets `cosign load` find it (cosign 3.1, pkg/oci/layout).
        """
        tag = self._tag or DEFAULT_TAG
        with locked(self._path, self._limits.lock_seconds):
            digest = self._put(manifest)
            kind = {"kind": _KIND_INDEX if media_type in oci.INDEXES else _KIND_IMAGE}
            self._write_index(self._read_index(), tag, _list_entry(digest, manifest, tag, media_type, kind))
        return digest

    def push_tagged(self, manifest: bytes, media_type: str) -> Digest:
        """Store a manifest under the reference's tag (`latest` where it names none). Idempotent."""
        tag = self._tag or DEFAULT_TAG
        with locked(self._path, self._limits.lock_seconds):
            digest = self._put(manifest)
            self._write_index(self._read_index(), tag, _list_entry(digest, manifest, tag, media_type))
        return digest

    def close(self) -> None:
        """Nothing to release."""
        self._source.close()

    def _put(self, data: bytes) -> Digest:
        digest = Digest.of(data)
        place = self._place(digest)
        if not (place.is_file() and place.stat().st_size == len(data) and place.read_bytes() == data):
            write_whole(place, data)
        return digest

    def _place(self, digest: Digest) -> Path:
        return self._path / "blobs" / digest.algorithm / digest.hex

    def _sweep(self, manifest: Digest, document: dict[str, Any]) -> None:
        """Delete a manifest and its layers, unless something `index.json` leads to names them."""
        place = self._place(manifest)
        try:
            parts = oci.parse(place.read_bytes(), "", where=str(manifest), limits=self._limits)
        except FileNotFoundError:
            return
        mine = {layer.digest for layer in parts.layers} if isinstance(parts, oci.Manifest) else set()
        kept = self._named(document)
        for digest in sorted({manifest, *filter(None, mine)} - kept, key=str):
            self._place(digest).unlink(missing_ok=True)

    def _named(self, document: dict[str, Any]) -> set[Digest]:
        """Every digest `index.json` leads to: manifests, configs, layers."""
        named: set[Digest] = set()
        left = self._entries(document)
        while left:
            entry = left.pop()
            if entry.digest is None or entry.digest in named:
                continue
            named.add(entry.digest)
            if entry.media_type in oci.ACCEPT:
                inner = oci.parse(self._manifest(entry), "", where=str(entry.digest), limits=self._limits)
                left += inner.manifests if isinstance(inner, oci.Index) else (inner.config, *inner.layers)
        return named

    def _read_index(self) -> dict[str, Any]:
        # Through the source, which also refuses a folder that is no layout.
        document = strictjson.loads(self._source.index(), where=self._where(_INDEX), limit=self._limits.manifest_bytes)
        if not isinstance(document, dict) or not isinstance(document.get("manifests"), list):
            raise _bad(self._where(_INDEX), "no list of manifests")
        if len(document["manifests"]) > self._limits.index_manifests_count:
            raise _bad(self._where(_INDEX), f"more than {self._limits.index_manifests_count} entries")
        return document

    def _write_index(self, document: dict[str, Any], tag: str, entry: Descriptor | None) -> dict[str, Any]:
        """`index.json` with this entry in place of the tag's; None takes the tag away."""
        added = [] if entry is None else [oci.descriptor_to_dict(entry)]
        entries: list[Any] = []
        for item in document["manifests"]:
            if (item.get("annotations") or {}).get(oci.REF_NAME) != tag:
                entries.append(item)
            else:  # in the place of the first of its name, so that writing the same again changes no byte
                entries += added
                added = []
        document = {**document, "manifests": [*entries, *added]}
        data = strictjson.canonical(document)
        if len(document["manifests"]) > self._limits.index_manifests_count or len(data) > self._limits.manifest_bytes:
            raise UnsupportedError(
                "too many images in the layout",
                where=self._where(_INDEX),
                why=f"{len(document['manifests'])} entries, {len(data)} bytes",
                remedy="use a layout of its own for this image",
            )
        write_whole(self._path / _INDEX, data)
        return document

    def _entries(self, document: dict[str, Any]) -> list[Descriptor]:
        where = self._where(_INDEX)
        return [oci.descriptor(item, where=f"{where} manifests[{i}]") for i, item in enumerate(document["manifests"])]

    def _with_subject(self, entries: list[Descriptor], subject: Digest) -> Iterator[Descriptor]:
        for entry in entries:
            if entry.media_type not in oci.ACCEPT or entry.digest == subject:
                continue
            document = oci.parse(self._manifest(entry), entry.media_type, where=str(entry.digest), limits=self._limits)
            if document.subject is not None and document.subject.digest == subject:
                # Before image-spec 1.1 the config's media type said what an artifact is.
                config = document.config.media_type if isinstance(document, oci.Manifest) else ""
                yield Descriptor(
                    media_type=entry.media_type,
                    digest=entry.digest,
                    size=entry.size,
                    annotations={**document.annotations, **entry.annotations},
                    artifact_type=entry.artifact_type
                    or document.artifact_type
                    or ("" if config == oci.OCI_EMPTY else config),
                )

    def _manifest(self, entry: Descriptor) -> bytes:
        data = self._source.fetch(entry, self._limits.manifest_bytes)
        return check(data, entry, where=self._where(str(entry.digest)))

    def _where(self, what: str) -> str:
        return f"{self._name} {what}"


def _list_entry(
    digest: Digest, data: bytes, tag: str, media_type: str = oci.OCI_INDEX, more: Mapping[str, str] = {}
) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest, size=len(data), annotations={oci.REF_NAME: tag, **more})


def _bad(where: str, why: str) -> MalformedError:
    return MalformedError("not a valid layout", where=where, why=why, remedy="copy the image again")
