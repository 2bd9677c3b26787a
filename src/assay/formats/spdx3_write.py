"""`Inventory` to SPDX 3.0.1 JSON-LD (profiles core, software, simpleLicensing): the 2.3 document as a graph.

Facts travel in annotations as in 2.3: `statement` is the comment, `subject` the element.
"""

from collections.abc import Iterator
from typing import Any

from assay.formats import spdx_write, wire
from assay.model.inventory import Inventory
from assay.model.tool import Tool

Node = dict[str, Any]

CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CREATION = "_:creation"
_HASHES = {
    "MD5": "md5", "SHA1": "sha1", "SHA224": "sha224", "SHA256": "sha256", "SHA384": "sha384", "SHA512": "sha512",
    "SHA3-256": "sha3_256", "SHA3-384": "sha3_384", "SHA3-512": "sha3_512", "BLAKE2b-256": "blake2b256",
    "BLAKE2b-384": "blake2b384", "BLAKE2b-512": "blake2b512", "BLAKE3": "blake3", "MD2": "md2", "MD4": "md4",
    "MD6": "md6", "ADLER32": "adler32",
}  # fmt: skip
HASHES = {three: two for two, three in _HASHES.items()}
"""Algorithm of SPDX 3 → of SPDX 2.3."""
_PURPOSES = {"CONTAINER": "container", "FILE": "file", "OPERATING_SYSTEM": "operatingSystem", "LIBRARY": "library"}
_KINDS = {"DESCRIBES": ("describes", False), "CONTAINS": ("contains", False), "DEPENDS_ON": ("dependsOn", False)}
_KINDS |= {"GENERATED_FROM": ("generates", True), "OTHER": ("other", False)}
"""Relationship of 2.3 → of 3, and whether its ends change places."""
_STANCES = (
    ("licenseDeclared", "Declared", "hasDeclaredLicense"),
    ("licenseConcluded", "Concluded", "hasConcludedLicense"),
)


def write(inventory: Inventory, *, tool: Tool, timestamp: str) -> bytes:
    """The inventory as an SPDX 3.0.1 document; the same input gives the same bytes.

    Args:
        inventory: what to write; nothing of it is lost.
        tool: the creator.
        timestamp: RFC 3339 time for `created`; "" gives the epoch.

    Raises:
        MalformedError: the timestamp is none.
    """
    document = spdx_write.document(inventory, tool=tool, timestamp=timestamp)
    data = wire.encode({"@context": CONTEXT, "@graph": _Graph(document).nodes()})
    number = wire.uuid5(data)
    return data.replace(spdx_write.NAMESPACE.encode(), f"urn:uuid:{number}".encode())


class _Graph:
    """Makes the nodes of one document."""

    def __init__(self, document: Node) -> None:
        self._document = document
        self._agents: dict[str, Node] = {}
        self._licences: dict[str, Node] = {}

    def nodes(self) -> list[Node]:
        document = self._document
        creator = document["creationInfo"]["creators"][0].partition(": ")[2]
        tool = self._element("SoftwareAgent", "Creator", name=creator)
        packages = [self._package(p) for p in document["packages"]]
        links = [self._relationship(n, entry) for n, entry in enumerate(document["relationships"])]
        links += self._stated()
        notes = list(self._annotations())
        members = [*self._agents.values(), *self._licences.values(), *packages, *links, *notes]
        about = self._id(spdx_write.SUBJECT)
        sbom = self._element("software_Sbom", "Sbom", rootElement=[about], element=[m["spdxId"] for m in members])
        root = self._element(
            "SpdxDocument",
            spdx_write.DOCUMENT.removeprefix("SPDXRef-"),
            name=document["name"],
            rootElement=[sbom["spdxId"]],
            profileConformance=["core", "software", "simpleLicensing"],
        )
        creation = {
            "type": "CreationInfo",
            "@id": _CREATION,
            "specVersion": "3.0.1",
            "created": document["creationInfo"]["created"],
            "createdBy": [tool["spdxId"]],
        }
        return [creation, tool, root, sbom, *members]

    def _id(self, spdx: str) -> str:
        return f"{spdx_write.NAMESPACE}#{spdx.removeprefix('SPDXRef-')}"

    def _element(self, kind: str, spdx: str, **fields: Any) -> Node:
        return {"type": kind, "spdxId": self._id(spdx), "creationInfo": _CREATION, **fields}

    def _package(self, package: Node) -> Node:
        node = self._element("software_Package", package["SPDXID"], name=package["name"])
        node["software_primaryPurpose"] = _PURPOSES.get(package["primaryPackagePurpose"], "other")
        for name, field in (
            ("comment", "comment"),
            ("software_packageVersion", "versionInfo"),
            ("software_sourceInfo", "sourceInfo"),
        ):
            if field in package:
                node[name] = package[field]
        purl = next((r["referenceLocator"] for r in package.get("externalRefs", ())), "")
        if purl:
            node["software_packageUrl"] = purl
        if "checksums" in package:
            node["verifiedUsing"] = [
                {"type": "Hash", "algorithm": _HASHES[c["algorithm"]], "hashValue": c["checksumValue"]}
                for c in package["checksums"]
            ]
        if "originator" in package:
            node["originatedBy"] = [self._agent(package["originator"])]
        if "supplier" in package:
            node["suppliedBy"] = self._agent(package["supplier"])
        return node

    def _agent(self, actor: str) -> str:
        """`Person: name` or `Organization: name` as an agent; whether an originator is a person nobody knows."""
        word, _, name = actor.partition(": ")
        kind = "Organization" if word == "Organization" else "Agent"
        if actor not in self._agents:
            self._agents[actor] = self._element(kind, f"Agent-{len(self._agents)}", name=name)
        return str(self._agents[actor]["spdxId"])

    def _relationship(self, number: int, entry: Node) -> Node:
        kind, turned = _KINDS[entry["relationshipType"]]
        ends = entry["spdxElementId"], entry["relatedSpdxElement"]
        source, target = reversed(ends) if turned else ends
        more = {"comment": entry["comment"]} if "comment" in entry else {}
        return self._element(
            "Relationship",
            f"Relationship-{number}",
            **more,
            **{"from": self._id(source), "relationshipType": kind, "to": [self._id(target)]},
        )

    def _stated(self) -> Iterator[Node]:
        for package in self._document["packages"]:
            for field, word, kind in _STANCES:
                if package[field] != "NOASSERTION":
                    ends = {"from": self._id(package["SPDXID"]), "to": [self._expression(package[field])]}
                    yield self._element("Relationship", f"{word}-{package['SPDXID']}", relationshipType=kind, **ends)

    def _expression(self, text: str) -> str:
        if text not in self._licences:
            self._licences[text] = self._element(
                "simplelicensing_LicenseExpression",
                f"Licence-{len(self._licences)}",
                simplelicensing_licenseExpression=text,
            )
        return str(self._licences[text]["spdxId"])

    def _annotations(self) -> Iterator[Node]:
        annotated = [(spdx_write.DOCUMENT, self._document), *((p["SPDXID"], p) for p in self._document["packages"])]
        for target, value in annotated:
            for annotation in value.get("annotations", ()):
                yield self._element(
                    "Annotation",
                    f"Facts-{target}",
                    annotationType="other",
                    contentType="text/plain",
                    statement=annotation["comment"],
                    subject=self._id(target),
                )
