"""Whether a set of packages is closed: what each depends on is there too (Debian policy §7.1, §7.2 and §7.5).

Packages are never configured here and never upgraded, so `Pre-Depends` asks for no more than `Depends`.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache

import msgspec

from assay.build.debian.deb import Control
from assay.model.errors import MalformedError

Compare = Callable[[str, str], int | None]
"""Debian's order of two versions (deb-version(7)); None where they have none."""
_RELATION = re.compile(
    r"(?P<name>[a-z0-9][a-z0-9+.-]*)(?::(?P<architecture>[a-z0-9-]+))?"
    r"(?:\s*\(\s*(?P<sign><<|<=|=|>=|>>|<|>)\s*(?P<version>[A-Za-z0-9][^\s()]*)\s*\))?",
    re.ASCII,
)
_SIGNS: Mapping[str, Callable[[int], bool]] = {
    "<<": lambda order: order < 0,
    "<=": lambda order: order <= 0,
    "<": lambda order: order <= 0,  # deb-control(5): the old signs mean "or equal"
    "=": lambda order: order == 0,
    ">": lambda order: order >= 0,
    ">=": lambda order: order >= 0,
    ">>": lambda order: order > 0,
}
_ANY = frozenset({"", "any", "native", "all"})
"""Architectures of a relation that the packages of one image have in any case."""


class Relation(msgspec.Struct, frozen=True):
    """One package another asks for, or says that it stands in for."""

    name: str
    architecture: str = ""
    sign: str = ""
    version: str = ""


class Wanting(msgspec.Struct, frozen=True, order=True):
    """A package and what it asks for in vain."""

    package: str
    clause: str
    """As its control file says it, alternatives and all."""


def wanting(packages: Iterable[Control], *, architecture: str, compare: Compare) -> tuple[Wanting, ...]:
    """What packages ask for and none of them is or provides; empty where the set is closed.

    Args:
        packages: of one root.
        architecture: of Debian, of that root.
        compare: orders versions.

    Raises:
        MalformedError: a relation no package may have.
    """
    known = tuple(packages)
    versions: dict[str, list[str]] = defaultdict(list)
    for one in known:
        versions[one.name].append(one.version)
        for (provided,) in clauses(one.provides, one.name):
            # §7.5: what is provided without a version satisfies no relation that asks for one.
            versions[provided.name].append(provided.version if provided.sign == "=" else "")
    allowed = _ANY | {architecture}
    asked: dict[str, list[str]] = defaultdict(list)  # clause → who asks: most of them ask for the same few
    for one in known:
        for text in f"{one.pre_depends},{one.depends}".split(","):
            asked[text].append(one.name)
    found = set()
    for text, names in asked.items():
        for choices in clauses(text, names[0]):
            if not any(_meets(choice, versions, allowed, compare) for choice in choices):
                found |= {Wanting(name, " ".join(text.split())) for name in names}
    return tuple(sorted(found))


def clauses(field: str, package: str) -> Iterator[tuple[Relation, ...]]:
    """The clauses of a relation field, each with its alternatives; empty ones (`a, , b`) are dropped."""
    for clause in field.split(","):
        if clause := clause.strip():
            yield tuple(_relation(text.strip(), package) for text in clause.split("|"))


def _relation(text: str, package: str) -> Relation:
    found = _read(text)
    if found is None:
        raise MalformedError(
            "not a Debian package", where=package, why=f"{text[:100]!r} is no relation to another package",
            remedy="fetch it again, or leave it out",
        )  # fmt: skip
    return found


@lru_cache(maxsize=4_096)
def _read(text: str) -> Relation | None:
    found = _RELATION.fullmatch(text)
    return Relation(*(part or "" for part in found.groups())) if found else None


def _meets(wanted: Relation, versions: Mapping[str, list[str]], allowed: frozenset[str], compare: Compare) -> bool:
    there = versions.get(wanted.name)
    if there is None or wanted.architecture not in allowed:
        return False
    if not wanted.sign:
        return True
    orders = (compare(version, wanted.version) for version in there if version)
    return any(order is not None and _SIGNS[wanted.sign](order) for order in orders)
