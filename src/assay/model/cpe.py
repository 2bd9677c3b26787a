"""Platform names (CPE 2.3) and the conditions under which NVD calls a product vulnerable."""

from typing import Literal

import msgspec


class CpeName(msgspec.Struct, frozen=True, order=True):
    """The parts of a CPE 2.3 name that matter, unescaped and in lower case; `*` = any, `-` = none."""

    part: str
    vendor: str
    product: str
    version: str = "*"
    update: str = "*"
    target_software: str = "*"


class CpeMatch(msgspec.Struct, frozen=True, array_like=True):
    """One product with a range of versions; `vulnerable` False = it only has to be there (a platform)."""

    name: CpeName
    vulnerable: bool
    start_including: str = ""
    start_excluding: str = ""
    end_including: str = ""
    end_excluding: str = ""


class CpeNode(msgspec.Struct, frozen=True, array_like=True):
    """Matches joined by one operator."""

    operator: Literal["AND", "OR"]
    negate: bool
    matches: tuple[CpeMatch, ...]


class CpeCondition(msgspec.Struct, frozen=True, array_like=True):
    """Nodes joined by one operator; of several conditions one is enough."""

    operator: Literal["AND", "OR"]
    negate: bool
    nodes: tuple[CpeNode, ...]
