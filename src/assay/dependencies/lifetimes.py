"""End of life of the runtimes, frameworks and servers in an image (endoflife.date), at a time that is handed in.

An OS package gets its fixes from the distribution: as long as that is maintained, it is supported, whatever upstream
says; when the distribution has ended, no more fixes come.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from assay.dependencies.identity import DISTRIBUTED
from assay.dependencies.lifecycle import Standing, cycle_of, named, numbers_of, standing
from assay.dependencies.lifecycle_products import by_upstream, names, version_of
from assay.model.inventory import Component
from assay.model.lifecycle import Horizon, Lifetime, Product, Release
from assay.model.report import EndOfLife
from assay.ports.stores import Lifecycles

_NEVER = "9999-99-99"
_RANKS = {"ended": 0, "soon": 1, "unknown": 2, "supported": 3}


class _Found(NamedTuple):
    """A release of a product, and who gives fixes for it."""

    product: Product
    release: Release | None
    distributed: bool


def lifetimes(
    components: Sequence[Component],
    distribution: EndOfLife | None,
    lifecycles: Lifecycles,
    now: str,
    horizon: Horizon,
) -> tuple[Lifetime, ...]:
    """One row per release of a product, most urgent first.

    Args:
        components: of the inventory; those a layer removed do not count.
        distribution: what `lifecycle.judge` says of the distribution; the answer for its packages.
        lifecycles: asked once, for all names.
        now: RFC 3339 time, or a date, the answer is for.
        horizon: how near an end is told beforehand, and whether extended support counts.

    Returns:
        Rows of known products only. A version whose release the data does not know is `unknown`, never supported.
    """
    asked = [(c, tried) for c in components if c.removed_by is None and (tried := names(c))]
    known = lifecycles.lifecycle(sorted({name for _, tried in asked for name in tried}))
    by_key = {component.key: component for component in components}
    rows: dict[tuple[str, str, bool], tuple[_Found, list[Component]]] = {}
    for component, tried in asked:
        product = next((known[name] for name in tried if name in known), None)
        if product is not None and product.releases:
            version = version_of(component)
            release = cycle_of(product, numbers_of(version))
            if release is None and component.ecosystem == "docker":  # `debian:bookworm-slim`
                release = named(product, version.partition("-")[0])
            found = _Found(product, release, _distributed(component, by_key))
            key = (product.name, release.cycle if release else "", found.distributed)
            rows.setdefault(key, (found, []))[1].append(component)
    return tuple(sorted((_row(found, of, distribution, now, horizon) for found, of in rows.values()), key=urgency))


def urgency(life: Lifetime) -> tuple[int, bool, str, str, str]:
    """Sort key: ended (longest ago first), ends soon, unknown, supported; what the distribution answers for last."""
    rank = _RANKS["soon" if life.soon else life.state]
    return rank, life.maintained_by == "distribution", life.date or _NEVER, life.product, life.cycle


def _distributed(component: Component, by_key: dict[str, Component]) -> bool:
    """Whether fixes come from the distribution: an OS package, or what one owns."""
    owner = by_key.get(component.owner, component)
    return owner.ecosystem in DISTRIBUTED and not by_upstream(owner)


def _row(
    found: _Found, components: Iterable[Component], distribution: EndOfLife | None, now: str, horizon: Horizon
) -> Lifetime:
    product, release = found.product, found.release
    own = standing(release, now, horizon) if release else Standing("unknown")
    title = f"{product.title or product.name} {release.cycle}" if release else product.title or product.name
    if found.distributed:
        state, reason = _by_distribution(own, distribution, title)
    else:
        state, reason = own, _says(own, title, known=release is not None)
    listed = list(components)
    return Lifetime(
        product=product.name,
        title=product.title,
        cycle=release.cycle if release else "",
        state=state.state,
        soon=state.soon,
        date=state.date,
        days=state.days,
        maintained_by="distribution" if found.distributed else "upstream",
        latest=release.latest if release else "",
        versions=tuple(sorted({component.version for component in listed})),
        components=tuple(sorted(component.key for component in listed)),
        reason=reason,
    )


def _by_distribution(own: Standing, life: EndOfLife | None, title: str) -> tuple[Standing, str]:
    """The distribution's answer, with a word on upstream where it differs."""
    if life is None or life.state == "unknown":
        return Standing("unknown"), "an OS package, and nobody knows whether its distribution is maintained"
    name = f"{life.product} {life.cycle}"
    upstream = f"; upstream's {title} has ended{_on(own.date)}" if own.state == "ended" else ""
    if life.state == "ended":
        return Standing("ended", date=life.date), f"{name}, which gave the fixes, has ended{_on(life.date)}"
    until = f" until {life.date}" if life.date else ""
    return Standing("supported", life.soon, life.date), f"{name} maintains it{until}{upstream}"


def _says(own: Standing, title: str, *, known: bool) -> str:
    if not known:
        return f"the lifecycle data knows no release of {title} for this version"
    support = "extended support of " if own.extended else ""
    if own.state == "ended":
        return f"{support}{title} has ended{_on(own.date)}"
    if own.state == "unknown":
        return f"the lifecycle data does not say when {title} ends"
    until = f" until {own.date}" if own.date else "; no end is set"
    return f"{title} is supported{until}" + (" by extended support" if own.extended else "")


def _on(date: str) -> str:
    return f" on {date}" if date else ""
