"""VEX put where programs leave it: four layouts beside an image in an OCI layout, made by our own code."""

import json
from pathlib import Path
from typing import Any

from assay.artifact import attestations, referrers
from assay.formats import base64text, bundle, intoto, oci, predicates, strictjson
from assay.formats import dsse as envelopes
from assay.model.digest import Digest
from assay.model.image import Descriptor
from assay.model.statement import Envelope, ResourceDescriptor, Signature
from assay.trust import dsse, keyring
from fakes.layouts import LayoutBuilder, demo_layers, dump
from signing import P256, MemorySigner

IN_TOTO, DSSE = attestations.IN_TOTO, attestations.DSSE


def document(
    *products: str, status: str = "not_affected", vulnerability: str = "CVE-2024-2222", **more: Any
) -> dict[str, Any]:
    """An OpenVEX document with one statement; `more` goes into the statement."""
    said: dict[str, Any] = {
        "vulnerability": {"name": vulnerability},
        "products": [{"@id": product} for product in products],
        "status": status,
    }
    said |= {"justification": "component_not_present"} if status == "not_affected" else {}
    said |= {"action_statement": "Update."} if status == "affected" else {}
    return {
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": "urn:test:vex", "author": "Somebody",
        "timestamp": "2026-01-01T00:00:00Z", "version": 1, "statements": [said | more],
    }  # fmt: skip


def statement(target: Digest, vex: dict[str, Any], kind: str = predicates.OPENVEX) -> Any:
    return intoto.statement([ResourceDescriptor(name="image", digest={"sha256": target.hex})], kind, vex)


def envelope(target: Digest, vex: dict[str, Any], signer: MemorySigner, **more: Any) -> bytes:
    """A bare DSSE envelope, as cosign 2 signs."""
    payload = statement(target, vex, **more).payload
    signature = Signature(signer.sign(envelopes.pae(envelopes.IN_TOTO, payload)))
    return envelopes.write(Envelope(payload_type=envelopes.IN_TOTO, payload=payload, signatures=(signature,)))


class VexImage:
    """An OCI layout with one image in an index, and what is put beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.builder = folder, LayoutBuilder(folder)
        self.image = self.builder.image(demo_layers())
        self.digest = Digest.parse(str(self.image["digest"]))
        self.attested: list[dict[str, Any]] = []
        self.entries: list[dict[str, Any]] = []
        self.index = self.digest
        self.write()

    def write(self) -> None:
        """Write the image's index and `index.json`; every attestation of BuildKit changes the index's digest."""
        inner = {"schemaVersion": 2, "mediaType": oci.OCI_INDEX, "manifests": [self.image, *self.attested]}
        entry = self.builder.put(dump(inner), oci.OCI_INDEX)
        self.index = Digest.parse(str(entry["digest"]))
        self.builder.index(entry | {"annotations": {oci.REF_NAME: "latest"}}, *self.entries)

    def manifest(self, layer: bytes, media_type: str, annotations: dict[str, str], **more: Any) -> dict[str, Any]:
        """A manifest with one layer; returns its descriptor."""
        document = {
            "schemaVersion": 2, "mediaType": oci.OCI_MANIFEST, "config": self.builder.put(b"{}", oci.OCI_EMPTY),
            "layers": [self.builder.put(layer, media_type) | {"annotations": annotations}],
        }  # fmt: skip
        return self.builder.put(dump(document | more), oci.OCI_MANIFEST)

    def cosign2(self, layer: bytes, **annotations: str) -> None:
        """At the legacy tag, as cosign 2 attaches."""
        known = {"dev.cosignproject.cosign/signature": "", "predicateType": predicates.OPENVEX}
        entry = self.manifest(layer, DSSE, known | annotations)
        self.entries.append(entry | {"annotations": {oci.REF_NAME: attestations.legacy_tag(self.digest)}})
        self.write()

    def cosign3(self, vex: dict[str, Any], signer: MemorySigner, *, about: Digest | None = None) -> None:
        """A bundle as a referrer, as cosign 3 (and `assay attest`) attaches."""
        target = about or self.digest
        self.bundle(dsse.sign(statement(target, vex), signer), target)

    def bundle(self, data: bytes, target: Digest) -> None:
        size = len((self.folder / "blobs/sha256" / target.hex).read_bytes())
        subject = Descriptor(media_type=oci.OCI_MANIFEST, digest=target, size=size)
        made = referrers.build_referrer(data, subject, predicates.OPENVEX, "2026-01-01T00:00:00Z")
        for blob in made.blobs:
            self.builder.put(blob, "x")
        entry = self.builder.put(made.manifest, oci.OCI_MANIFEST)
        self.entries.append(entry | {"artifactType": referrers.BUNDLE_TYPE})
        self.write()

    def docker(
        self, layer: bytes, media_type: str = IN_TOTO, subject: Digest | None = None, kind: str = predicates.OPENVEX
    ) -> Digest:
        """A bare in-toto referrer, as Docker attaches; returns the digest of its manifest."""
        target = subject or self.digest
        named = {"mediaType": oci.OCI_MANIFEST, "digest": str(target), "size": 1}
        annotations = {"in-toto.io/predicate-type": kind}
        entry = self.manifest(layer, media_type, annotations, subject=named, artifactType=media_type)
        self.entries.append(entry | {"artifactType": media_type})
        self.write()
        return Digest.parse(str(entry["digest"]))

    def buildkit(self, layer: bytes, kind: str = predicates.OPENVEX) -> None:
        """An attestation manifest in the image's index, as BuildKit writes."""
        entry = self.manifest(layer, IN_TOTO, {"in-toto.io/predicate-type": kind})
        marks = {"vnd.docker.reference.type": "attestation-manifest", "vnd.docker.reference.digest": str(self.digest)}
        nowhere = {"os": "unknown", "architecture": "unknown"}
        self.attested.append(entry | {"annotations": marks, "platform": nowhere})
        self.write()


def pem(signer: MemorySigner) -> str:
    """The public key as PEM."""
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return signer.key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed_beside(data: bytes, signer: MemorySigner = P256) -> bytes:
    """A bundle as `cosign sign-blob --bundle` writes it."""
    return json.dumps(
        {
            "mediaType": bundle.MEDIA_TYPE,
            "verificationMaterial": {"publicKey": {"hint": keyring.key_id(signer.public_key())}},
            "messageSignature": {
                "messageDigest": {
                    "algorithm": "SHA2_256",
                    "digest": base64text.encode(bytes.fromhex(Digest.of(data).hex)),
                },
                "signature": base64text.encode(signer.sign(data)),
            },
        }
    ).encode()


def trust_row(name: str, signer: MemorySigner, **scope: object) -> str:
    """One `[[vex.trust]]` row as TOML, its key in it."""
    fields = {"name": name, "key_pem": pem(signer)} | (scope or {"products": ["*"]})
    lines = [f"{field} = {json.dumps(value)}" for field, value in fields.items()]
    return "\n".join(["[[vex.trust]]", *lines, ""])


def canonical(value: dict[str, Any]) -> bytes:
    return strictjson.canonical(value)
