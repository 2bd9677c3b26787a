"""How long it takes to read an SBOM of three thousand components in each form we write.

The components are of five ecosystems and carry what those of a real image carry: licence, places, hashes, relations.
"""

import time
from collections.abc import Callable
from itertools import pairwise

from assay.formats import cyclonedx, cyclonedx_xml, sbom, spdx, spdx3, spdx_tagvalue
from assay.model.digest import Digest
from assay.model.image import Layer, Subject
from assay.model.inventory import Component, Inventory, Licence, Occurrence, Relation, SourcePackage
from assay.model.report import Tool

COUNT = 3_000
_ECOSYSTEMS = ("deb", "npm", "pypi", "golang", "maven")
_TOOL, _TIME = Tool("bench", "1"), "2026-01-01T00:00:00Z"
FORMS: dict[str, Callable[[Inventory], bytes]] = {
    "CycloneDX JSON": lambda found: cyclonedx.write(found, tool=_TOOL, timestamp=_TIME),
    "CycloneDX XML": lambda found: cyclonedx_xml.write(found, tool=_TOOL, timestamp=_TIME),
    "SPDX 2.3 JSON": lambda found: spdx.write(found, tool=_TOOL, timestamp=_TIME),
    "SPDX 2.3 tag-value": lambda found: spdx_tagvalue.write(found, tool=_TOOL, timestamp=_TIME),
    "SPDX 3.0.1": lambda found: spdx3.write(found, tool=_TOOL, timestamp=_TIME),
}


def component(number: int) -> Component:
    """One of them."""
    kind = _ECOSYSTEMS[number % len(_ECOSYSTEMS)]
    name, version = f"part-{number:04d}", f"{number % 9}.{number % 70}.{number % 11}"
    space = {"deb": "debian/", "golang": "example.org/", "maven": "org.example/"}.get(kind, "")
    purl = f"pkg:{kind}/{space}{name}@{version}"
    return Component(
        key=purl, purl=purl, ecosystem=kind, name=name, version=version, cataloguer=kind, introduced=number % 8,
        source=SourcePackage(f"source-{number // 3}", version) if kind == "deb" else None,
        licence=Licence(expression="MIT OR Apache-2.0", declared=("MIT OR Apache-2.0",)),
        maintainer="A Maintainer <maintainer@example.org>",
        occurrences=(Occurrence(f"opt/{kind}/{name}/metadata", number % 8, "package-metadata"),),
        hashes=(f"sha256:{number:064x}",),
    )  # fmt: skip


def inventory(count: int = COUNT) -> Inventory:
    """All of them; each depends on the one after it."""
    parts = tuple(sorted(map(component, range(count)), key=lambda part: part.key))
    relations = [Relation(one.key, "depends_on", two.key) for one, two in pairwise(parts)]
    return Inventory(
        subject=Subject(name="bench", digest=Digest("sha256", "0" * 64)),
        components=parts,
        relations=tuple(sorted(relations)),
        layers=tuple(Layer(index=n, diff_id=Digest("sha256", f"{n:064x}")) for n in range(8)),
    )


def reading() -> dict[str, float]:
    """Seconds of processor by form, best of five; each document must be read whole."""
    found = inventory()
    spent = {}
    for form, write in FORMS.items():
        data = write(found)
        best = float("inf")
        for _ in range(5):
            begun = time.process_time()
            count = len(sbom.read(data, "bench").components)
            best = min(best, time.process_time() - begun)
            assert count == COUNT, (form, count)
        spent[form] = best
    return spent


if __name__ == "__main__":
    for name, seconds in reading().items():
        print(f"{name}: {seconds:.3f} s")
