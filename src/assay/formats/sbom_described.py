"""The values that an SBOM document's own words become, whatever its form (`sbom_elements` reads them)."""

import re
from typing import Any

import msgspec

UNSAID = frozenset({"", "NOASSERTION", "NONE"})
_CONTACT = re.compile(r"[^\s<>()@]+@[^\s<>()@]+\.[^\s<>()@]+|https?://[^\s<>()]+")
"""An e-mail address or a URL."""


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """One component as the document describes it; empty = not said."""

    label: str
    name: str = ""
    version: str = ""
    supplier: str = ""
    creator_contact: str = ""
    """E-mail address or URL of who made it."""
    identifiers: tuple[str, ...] = ()
    """Package URL, CPE, SWID."""
    licensed: bool = False
    """An SPDX identifier or expression."""
    hash_algorithms: frozenset[str] = frozenset()
    related: bool = False
    """Whether its relation to others is said, if only that it needs nothing."""
    completeness: bool = False
    """Whether it is said if that list of relations is complete; `unknown` says nothing."""
    filename: str = ""
    executable: str = ""
    archive: str = ""
    structured: str = ""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """The document and its components, in its own order."""

    form: str
    """`CycloneDX` or `SPDX`."""
    version: tuple[int, ...]
    author: str = ""
    author_contact: str = ""
    timestamp: str = ""
    components: tuple[Described, ...] = ()


def contact_in(text: str) -> str:
    """The first e-mail address or URL of a text, "" without one."""
    match = _CONTACT.search(text)
    return match[0] if match else ""


def listed(item: Any, key: str) -> list[dict[str, Any]]:
    """The objects of a list; a field the reader does not check may hold anything."""
    value = item.get(key) if isinstance(item, dict) else None
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def numbers(version: str) -> tuple[int, ...]:
    """`1.6` as numbers that can be compared."""
    return tuple(int(part) for part in version.split(".") if part.isdecimal() and len(part) < 6)
