"""Why a package is there: direct or transitive, how deep, by which shortest paths over `depends_on`.

"Direct" is said only where a record says so (dep. 2.3): a root manifest beside the lock, pip's `REQUESTED`, apk's
`world`, apt's `extended_states`, a lock of a source tree. Without a record for the ecosystem
it is unknown, never guessed from the shape of the graph. Cycles are allowed; every search is bounded.
"""

import heapq
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import msgspec

from assay.dependencies.origin import described
from assay.dependencies.vers_range import contains
from assay.formats import purl as purls
from assay.model.direct import direct_record
from assay.model.errors import MalformedError
from assay.model.inventory import Component, Inventory
from assay.model.purl import Purl
from assay.model.report import Shares

Standing = Literal["direct", "transitive", "unknown"]

PATHS_SHOWN = 5
_STEPS = 100_000
"""Half-finished paths a search may look at; past it the answer says that there may be more."""
_LENGTH = 200
"""Edges of the longest path that is shown."""

_INDIRECT = frozenset([("go:indirect", "true"), ("pub:indirect", "true")])
"""Records that call a package transitive without a path that leads to it: Go's `// indirect`, pub's `transitive`."""


class Why(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the records say about the presence of one component."""

    component: Component
    standing: Standing
    record: str
    """The property that says "direct" (`pypi:requested`), or why the standing is unknown; empty when transitive."""
    depth: int | None
    """1 for a direct dependency, one more an edge; None when no recorded direct one leads here."""
    paths: tuple[tuple[str, ...], ...]
    """Keys from a root to the component, shortest first, at most `PATHS_SHOWN`; () when nothing depends on it."""
    more: bool
    """Whether there are (or may be) further paths."""
    needed_by: tuple[str, ...]
    """Keys of the components that depend on it directly, sorted."""
    instruction: str
    """The build instruction of the layer that brought it, or empty."""
    removed_instruction: str = ""
    """The build instruction of the layer that hides it, or empty."""
    owner: str = ""
    """Key of the OS package whose files these are, or empty."""
    origin: str = ""
    """`base image …` or `application`, how surely and why; or why it is unknown; empty where nobody looked."""
    scopes: tuple[str, ...] = ()
    """What those in `needed_by` need it for, one each; "" = unknown."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """How many visible components are direct, transitive, unknown."""

    direct: int
    transitive: int
    unknown: int


class Graph:
    """The `depends_on` edges of one inventory, in both directions; built once, asked often."""

    def __init__(self, inventory: Inventory) -> None:
        self.components = {c.key: c for c in inventory.components}
        self._layers = {layer.index: " ".join(layer.created_by.split()) for layer in inventory.layers}
        self._base = inventory.base
        self._scopes: dict[tuple[str, str], str] = {}
        self._needs: dict[str, list[str]] = {}
        self._needed: dict[str, list[str]] = {}
        for relation in inventory.relations:
            ends = relation.source, relation.target
            if relation.kind == "depends_on" and ends[0] != ends[1] and all(end in self.components for end in ends):
                self._needs.setdefault(ends[0], []).append(ends[1])
                self._scopes[ends] = relation.scope
                self._needed.setdefault(ends[1], []).append(ends[0])
        for table in (self._needs, self._needed):
            for key, others in table.items():
                table[key] = sorted(set(others))
        self._records = {
            key: name for key, c in self.components.items() if c.removed_by is None and (name := direct_record(c))
        }
        self._depths = _distances(self._records, self._needs)
        self._recorded = {self.components[key].ecosystem for key in self._records}

    def standing(self, key: str) -> tuple[Standing, str]:
        """Direct, transitive or unknown, with the record or the reason.

        Transitive needs two things: a recorded direct dependency that leads here, and records of the component's own
        ecosystem (else a component that is also wanted for itself would be called transitive).
        """
        if key in self._records:
            return "direct", self._records[key]
        ecosystem = self.components[key].ecosystem
        if ecosystem not in self._recorded:
            return "unknown", f"nothing records which {ecosystem or 'unidentified'} packages were asked for"
        if key in self._depths or not _INDIRECT.isdisjoint(self.components[key].properties):
            return "transitive", ""
        return "unknown", "no record calls it direct, and no recorded direct dependency leads to it"

    def why(self, key: str) -> Why:
        """Why a component of the inventory is there."""
        component = self.components[key]
        standing, record = self.standing(key)
        paths, more = self._paths(key)
        depth = self._depths.get(key)
        return Why(
            component=component,
            standing=standing,
            record=record,
            depth=None if depth is None else depth + 1,
            paths=paths,
            more=more,
            needed_by=tuple(self._needed.get(key, ())),
            instruction=self._made(component.introduced),
            removed_instruction=self._made(component.removed_by),
            owner=component.owner,
            origin=described(component.introduced, self._base),
            scopes=tuple(self._scopes.get((other, key), "") for other in self._needed.get(key, ())),
        )

    def share(self) -> Share:
        """The standing of every visible component nobody owns, counted."""
        counts: dict[Standing, int] = {"direct": 0, "transitive": 0, "unknown": 0}
        for key, component in self.components.items():
            if component.removed_by is None and not component.owner:
                counts[self.standing(key)[0]] += 1
        return Share(direct=counts["direct"], transitive=counts["transitive"], unknown=counts["unknown"])

    def shares(self) -> Shares:
        """The same with the reasons why a standing is unknown, counted."""
        counts = self.share()
        unknown = [
            c.ecosystem
            for key, c in self.components.items()
            if c.removed_by is None and not c.owner and self.standing(key)[0] == "unknown"
        ]
        return Shares(
            direct=counts.direct,
            transitive=counts.transitive,
            unknown=counts.unknown,
            unrecorded=tuple(sorted(set(unknown) - self._recorded)),
            unreached_count=sum(ecosystem in self._recorded for ecosystem in unknown),
        )

    def _made(self, layer: int | None) -> str:
        return self._layers.get(layer, "") if layer is not None else ""

    def _paths(self, target: str) -> tuple[tuple[tuple[str, ...], ...], bool]:
        """The shortest simple paths to the target from recorded direct ones, else from components nothing needs.

        Where neither leads here (the target hangs on a cycle alone) each direct dependent begins a path.
        """
        distance = _distances([target], self._needed)
        del distance[target]
        starts = [key for key in distance if key in self._records]
        starts = starts or [key for key in distance if key not in self._needed]
        return self._search(starts or self._needed.get(target, ()), target, distance)

    def _search(
        self, starts: Sequence[str], target: str, distance: Mapping[str, int]
    ) -> tuple[tuple[tuple[str, ...], ...], bool]:
        """A*: the distance to the target is known exactly, so paths come out in the order of their length.

        A path never runs through a second start: its later half says the same in fewer words.
        """
        begins = frozenset(starts)
        queue: list[tuple[int, tuple[str, ...]]] = [
            (distance[key], (key,)) for key in starts if distance[key] < _LENGTH
        ]
        longer = len(queue) < len(begins)
        heapq.heapify(queue)
        found: list[tuple[str, ...]] = []
        steps = len(queue)
        while queue:
            _, path = heapq.heappop(queue)
            if path[-1] == target:
                if len(found) == PATHS_SHOWN:
                    return tuple(found), True
                found.append(path)
                continue
            for key in self._needs.get(path[-1], ()):
                rest = 0 if key == target else distance.get(key)
                if rest is not None and key not in begins and key not in path:
                    steps += 1
                    if steps > _STEPS + len(begins):
                        return tuple(found), True
                    if len(path) + rest > _LENGTH:
                        longer = True
                        continue
                    heapq.heappush(queue, (len(path) + rest, (*path, key)))
        return tuple(found), longer


def find(components: Iterable[Component], wanted: str) -> tuple[Component, ...]:
    """The components a person means by a key, a package URL (version and qualifiers may be left out,
    `?vers=` is a range of versions) or a name.

    Visible ones before removed ones, then by key. A name is compared without regard to case, whole or as its last
    part (`core` finds `@babel/core`) where nothing bears the whole name.
    """
    listed = list(components)
    exact = [c for c in listed if wanted in (c.key, c.purl)]
    if not exact and wanted.startswith("pkg:"):
        exact = _by_purl(listed, wanted)
    name = wanted.casefold()
    exact = exact or [c for c in listed if c.name.casefold() == name]
    exact = exact or [c for c in listed if c.name.casefold().replace(":", "/").rpartition("/")[2] == name]
    return tuple(sorted(exact, key=lambda c: (c.removed_by is not None, c.key)))


def _by_purl(components: Iterable[Component], wanted: str) -> list[Component]:
    asked = _parsed(wanted)
    if asked is None:
        return []
    return [c for c in components if c.purl and (own := _parsed(c.purl)) is not None and _answers(own, asked)]


def _answers(own: Purl, asked: Purl) -> bool:
    return (
        (own.type, own.namespace, own.name) == (asked.type, asked.namespace, asked.name)
        and asked.version in ("", own.version)
        and asked.subpath in ("", own.subpath)
        and all(_qualified(own, key, value) for key, value in asked.qualifiers)
    )


def _qualified(own: Purl, key: str, value: str) -> bool:
    """A qualifier it has too; `vers` is a range its version lies in, or cannot be told not to."""
    if key == "vers":
        return contains(value, own.version) is not False
    return (key, value) in own.qualifiers


def _parsed(text: str) -> Purl | None:
    try:
        return purls.parse(text)
    except MalformedError:
        return None


def _distances(starts: Iterable[str], edges: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Edges from the nearest start, breadth first."""
    distance = dict.fromkeys(starts, 0)
    queue = deque(distance)
    while queue:
        key = queue.popleft()
        for other in edges.get(key, ()):
            if other not in distance:
                distance[other] = distance[key] + 1
                queue.append(other)
    return distance
