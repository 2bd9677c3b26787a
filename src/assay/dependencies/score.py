"""How complete an SBOM is against a published list of elements (dep. 3.5).

The number is the mean, over the profile's elements, of the share of places where the element is given:

    score = 100 / E x sum over elements of (given / asked), rounded down to one decimal

An element of the document is asked for once, one of components once a component. So 100.0 means that nothing is
missing, ten thousand components do not drown a missing author, and a document without components gets nothing for
their elements. `ntia`: "The Minimum Elements For a Software Bill of Materials", NTIA, July 2021, data fields. `bsi`:
BSI TR-03183-2 2.1.0 (2025-08-20), section 4 (format), 5.2.1 and 5.2.2 (required fields, and that each list of
dependencies says whether it is complete); whether a document is right in what it says is not judged.
"""

from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import msgspec

from assay.formats.sbom_described import Described, Document

Profile = Literal["ntia", "bsi"]


class ElementScore(msgspec.Struct, frozen=True, kw_only=True):
    """One element: where it was given and where it was asked for."""

    name: str
    clause: str
    of: Literal["document", "component"]
    given: int
    asked: int


class Missing(msgspec.Struct, frozen=True, kw_only=True):
    """What one component (or, with an empty label, the document) does not say."""

    label: str
    name: str
    elements: tuple[str, ...]


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """The result; `missing` lists every incomplete component, the document first."""

    profile: Profile
    title: str
    number: float
    """0.0 to 100.0."""
    components: int
    complete: int
    """Components that lack nothing."""
    elements: tuple[ElementScore, ...]
    missing: tuple[Missing, ...]


class _OfDocument(msgspec.Struct, frozen=True):
    name: str
    clause: str
    given: Callable[[Document], bool]


class _OfComponent(msgspec.Struct, frozen=True):
    name: str
    clause: str
    given: Callable[[Described], bool]


class _Row(msgspec.Struct, frozen=True):
    title: str
    document: tuple[_OfDocument, ...]
    component: tuple[_OfComponent, ...]


_LEAST = {"CycloneDX": (1, 6), "SPDX": (3, 0, 1)}

PROFILES: dict[Profile, _Row] = {
    "ntia": _Row(
        "NTIA minimum elements (July 2021)",
        (
            _OfDocument("author", "Author of SBOM Data", lambda d: bool(d.author)),
            _OfDocument("timestamp", "Timestamp", lambda d: bool(d.timestamp)),
        ),
        (
            _OfComponent("supplier", "Supplier Name", lambda c: bool(c.supplier)),
            _OfComponent("name", "Component Name", lambda c: bool(c.name)),
            _OfComponent("version", "Version of the Component", lambda c: bool(c.version)),
            _OfComponent("identifier", "Other Unique Identifiers", lambda c: bool(c.identifiers)),
            _OfComponent("relationship", "Dependency Relationship", lambda c: c.related),
        ),
    ),
    "bsi": _Row(
        "BSI TR-03183-2, version 2.1.0",
        (
            _OfDocument("format", "4", lambda d: d.version >= _LEAST[d.form]),
            _OfDocument("creator", "5.2.1, e-mail address or URL", lambda d: bool(d.author_contact)),
            _OfDocument("timestamp", "5.2.1", lambda d: bool(d.timestamp)),
        ),
        (
            _OfComponent("creator", "5.2.2, e-mail address or URL", lambda c: bool(c.creator_contact)),
            _OfComponent("name", "5.2.2", lambda c: bool(c.name)),
            _OfComponent("version", "5.2.2", lambda c: bool(c.version)),
            _OfComponent("filename", "5.2.2", lambda c: bool(c.filename)),
            _OfComponent("dependencies", "5.2.2", lambda c: c.related),
            _OfComponent("completeness", "5.2.2, of the dependencies", lambda c: c.completeness),
            _OfComponent("licence", "5.2.2, SPDX", lambda c: c.licensed),
            _OfComponent("hash", "5.2.2, SHA-512", lambda c: "SHA512" in c.hash_algorithms),
            _OfComponent("executable", "5.2.2", lambda c: bool(c.executable)),
            _OfComponent("archive", "5.2.2", lambda c: bool(c.archive)),
            _OfComponent("structured", "5.2.2", lambda c: bool(c.structured)),
        ),
    ),
}
"""Every element asked for, in the order of the text that asks."""


def score(document: Document, profile: Profile) -> Score:
    """Hold a document against a profile."""
    row = PROFILES[profile]
    lacking = tuple(e.name for e in row.document if not e.given(document))
    missing = [Missing(label="", name="the document", elements=lacking)] if lacking else []
    counts = dict.fromkeys((e.name for e in row.component), 0)
    complete = 0
    for component in document.components:
        absent = tuple(e.name for e in row.component if not e.given(component))
        for element in row.component:
            counts[element.name] += element.name not in absent
        complete += not absent
        if absent:
            missing.append(Missing(label=component.label, name=component.name, elements=absent))
    asked = len(document.components)
    elements = tuple(
        ElementScore(name=e.name, clause=e.clause, of="document", given=int(e.name not in lacking), asked=1)
        for e in row.document
    ) + tuple(
        ElementScore(name=e.name, clause=e.clause, of="component", given=counts[e.name], asked=asked)
        for e in row.component
    )
    return Score(
        profile=profile,
        title=row.title,
        number=_number(elements),
        components=asked,
        complete=complete,
        elements=elements,
        missing=tuple(missing),
    )


def _number(elements: tuple[ElementScore, ...]) -> float:
    total = sum((Fraction(e.given, e.asked) for e in elements if e.asked), Fraction(0))
    return int(total * 1000 / len(elements)) / 10
