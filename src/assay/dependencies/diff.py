"""What changed between two inventories: packages, layers, distribution, config, gaps (dep. 3.7).

Compared is what is visible and nobody else's (a package owned by an OS package is counted in its owner). Everything
is sorted; the same two inventories give the same difference, and equal ones an empty one.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import cmp_to_key

from assay.dependencies.diff_layers import changes, counterparts
from assay.dependencies.diff_renamed import Parts, with_renamed
from assay.dependencies.identity import DISTRIBUTED
from assay.dependencies.versions import scheme_of_type
from assay.formats import purl as purls
from assay.model.difference import KINDS, ChangeKind, Difference, Fact, PackageChange, Setting
from assay.model.errors import MalformedError
from assay.model.inventory import BaseImage, Component, Distro, Inventory

Identity = tuple[str, str]
"""Ecosystem and canonical name."""
Versions = Mapping[str, Component]
"""One package's components by version."""


def compare(old: Inventory, new: Inventory) -> Difference:
    """The difference of two inventories, without findings."""
    before, after = packages(old), packages(new)
    changed: list[PackageChange] = []
    pairs: list[tuple[Component, Component]] = []
    for identity in sorted(before.keys() | after.keys()):
        found, kept = _one_package(identity, before.get(identity, {}), after.get(identity, {}))
        changed += found
        pairs += kept
    changed = with_renamed(changed, _parts(before), _parts(after))
    place = counterparts(old.layers, new.layers)
    layers, shared = changes(old.layers, new.layers)
    return Difference(
        old=old.subject,
        new=new.subject,
        packages=tuple(sorted(changed, key=lambda c: (KINDS.index(c.kind), c.ecosystem, c.name, c.old, c.new))),
        moved=_facts(pairs, lambda a, b: _moved(a, b, place)),
        licences=_facts(pairs, lambda a, b: _differ(_licence(a), _licence(b))),
        content=_facts(pairs, _content),
        layers=layers,
        shared_layers=shared,
        distro=_distro(old.distro, new.distro),
        # Only an image has a config: one side without any says nothing about the other's.
        config=_settings(dict(old.properties), dict(new.properties)) if old.properties and new.properties else (),
        base=_base(old.base, new.base),
        gaps=(len(old.gaps), len(new.gaps)),
    )


def identity_of(component: Component) -> Identity:
    """Ecosystem and name that stay the same from one version, release or tool to the next.

    The purl's normalised namespace and name; a distribution's id is left out, so that a changed base shows as changed
    versions. Without a usable purl: the name as written.
    """
    try:
        purl = purls.parse(component.purl)
    except MalformedError:
        return component.ecosystem, component.name
    if not purl.namespace or (purl.type in DISTRIBUTED and purl.type != "ebuild"):  # whose namespace is a category
        return purl.type, purl.name
    return purl.type, f"{purl.namespace}/{purl.name}"


def packages(inventory: Inventory) -> dict[Identity, dict[str, Component]]:
    """Visible, unowned components by identity and version; of several copies the first by key speaks."""
    found: dict[Identity, dict[str, Component]] = {}
    for component in sorted(inventory.components, key=lambda c: c.key):
        if component.removed_by is None and not component.owner:
            found.setdefault(identity_of(component), {}).setdefault(component.version, component)
    return found


def _parts(packages: Mapping[Identity, Versions]) -> Parts:
    return {
        (identity[0], component.name, version): component
        for identity, versions in packages.items()
        for version, component in versions.items()
    }


def _one_package(
    identity: Identity, before: Versions, after: Versions
) -> tuple[list[PackageChange], list[tuple[Component, Component]]]:
    """Its changes, and the pairs that correspond. As many versions on both sides correspond in their order."""
    kept = [(before[version], after[version]) for version in sorted(before.keys() & after.keys())]
    gone = _ordered(identity[0], [c for version, c in before.items() if version not in after])
    come = _ordered(identity[0], [c for version, c in after.items() if version not in before])
    if len(gone) == len(come):
        pairs = list(zip(gone, come, strict=True))
        return [_change(_direction(identity[0], a, b), identity, a, b) for a, b in pairs], kept + pairs
    removed = [_change("removed", identity, c, None) for c in gone]
    return removed + [_change("added", identity, None, c) for c in come], kept


def _ordered(ecosystem: str, components: list[Component]) -> list[Component]:
    """By the ecosystem's order; versions it cannot compare stay in the order of their texts."""
    scheme = scheme_of_type(ecosystem)

    def order(a: Component, b: Component) -> int:
        return scheme.compare(a.version, b.version) or 0

    return sorted(sorted(components, key=lambda c: c.version), key=cmp_to_key(order))


def _direction(ecosystem: str, a: Component, b: Component) -> ChangeKind:
    order = scheme_of_type(ecosystem).compare(a.version, b.version)
    return "changed" if not order else "upgraded" if order < 0 else "downgraded"


def _change(kind: ChangeKind, identity: Identity, a: Component | None, b: Component | None) -> PackageChange:
    return PackageChange(
        kind=kind,
        ecosystem=identity[0],
        name=_name(b or a, identity),
        old=a.version if a else "",
        new=b.version if b else "",
        old_layer=a.introduced if a else None,
        new_layer=b.introduced if b else None,
    )


def _name(component: Component | None, identity: Identity) -> str:
    return component.name if component else identity[1]


def _facts(
    pairs: Iterable[tuple[Component, Component]], ask: Callable[[Component, Component], tuple[str, str] | None]
) -> tuple[Fact, ...]:
    found = [
        Fact(ecosystem=b.ecosystem, name=b.name, version=b.version, old=answer[0], new=answer[1])
        for a, b in pairs
        if (answer := ask(a, b)) is not None
    ]
    return tuple(sorted(found, key=lambda f: (f.ecosystem, f.name, f.version, f.old, f.new)))


def _differ(a: str, b: str) -> tuple[str, str] | None:
    return (a, b) if a != b else None


def _licence(component: Component) -> str:
    """What is declared (the expression, else the raw texts), and what is concluded beside or instead of it.

    The reason why there is none is no licence.
    """
    licence = component.licence
    declared = licence.expression or "; ".join(licence.declared)
    concluded = f"concluded {licence.concluded}" if licence.concluded and licence.concluded != declared else ""
    return "; ".join(filter(None, (declared, concluded)))


def _content(a: Component, b: Component) -> tuple[str, str] | None:
    """Hashes of an algorithm both sides give, where they have none in common: same version, other bytes."""
    if a.version != b.version:
        return None
    old, new = _by_algorithm(a.hashes), _by_algorithm(b.hashes)
    for algorithm in sorted(old.keys() & new.keys(), reverse=True):
        if not old[algorithm] & new[algorithm]:
            return min(old[algorithm]), min(new[algorithm])
    return None


def _by_algorithm(hashes: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for text in hashes:
        found.setdefault(text.partition(":")[0], set()).add(text)
    return found


def _moved(a: Component, b: Component, place: Mapping[int, int]) -> tuple[str, str] | None:
    """Same version, whose layer is not the old layer's counterpart; without a counterpart the index decides."""
    if a.version != b.version or a.introduced is None or b.introduced is None:
        return None
    expected = place.get(a.introduced, a.introduced)
    return None if expected == b.introduced else (str(a.introduced), str(b.introduced))


def _distro(old: Distro | None, new: Distro | None) -> tuple[Setting, ...]:
    """Identity and release; codename and title only where both sides know them (other tools' SBOMs leave them out)."""
    sides = [
        {f"distro.{name}": getattr(distro, name) for name in ("id", "version_id", "codename", "name")} if distro else {}
        for distro in (old, new)
    ]
    both = old is not None and new is not None
    return tuple(
        setting
        for setting in _settings(*sides)
        if (setting.old and setting.new) or setting.name in ("distro.id", "distro.version_id") or not both
    )


def _base(old: BaseImage | None, new: BaseImage | None) -> tuple[Setting, ...]:
    """Name, digest and number of layers; where one side was not looked into, nothing is known of a change."""
    if old is None or new is None:
        return ()
    sides = [{"base.name": one.name, "base.digest": one.digest, "base.layers": _count(one)} for one in (old, new)]
    return _settings(*({name: value for name, value in side.items() if value} for side in sides))


def _count(base: BaseImage) -> str:
    return "" if base.layers_count is None else str(base.layers_count)


def _settings(old: Mapping[str, str], new: Mapping[str, str]) -> tuple[Setting, ...]:
    return tuple(
        Setting(name=name, old=old.get(name), new=new.get(name))
        for name in sorted(old.keys() | new.keys())
        if old.get(name) != new.get(name)
    )
