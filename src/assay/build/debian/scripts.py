"""Maintainer scripts: none is ever run, so each must be known, or the spec's author has read it.

A script is known by its SHA-256. `EFFECTS` says what a reviewed one does and what stands in for it here.
"""

import re
from collections.abc import Collection, Iterable, Mapping

import msgspec

from assay.model.errors import UnsupportedError

_NEEDED = ("preinst", "postinst")
"""Scripts that would run at installation; those for removal never would."""
_ALTERNATIVE = re.compile(
    r"update-alternatives\b[^\n;&|]{0,200}?--install\s{1,80}(\S{1,300})\s{1,80}(\S{1,300})\s{1,80}(\S{1,300})\s{1,80}(\d{1,6})"
    r"((?:\s{1,80}(?:--quiet|--slave\s{1,80}\S{1,300}\s{1,80}\S{1,300}\s{1,80}\S{1,300}))*)"
)
_SLAVE = re.compile(r"--slave\s+(\S+)\s+(\S+)\s+(\S+)")
_ASSIGNED = re.compile(r"^([A-Za-z_]{1,40})=([A-Za-z0-9_./-]{1,100})$", re.ASCII | re.MULTILINE)
"""A variable with a plain value, as `automake` has its version."""
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z_]{1,40})\}|([A-Za-z_]{1,40}))", re.ASCII)
_PLAIN = re.compile(r"/[A-Za-z0-9_./+-]+", re.ASCII)


class Script(msgspec.Struct, frozen=True, order=True):
    """A script that was not run."""

    package: str
    name: str
    sha256: str
    effect: str
    """What stands in for it; or `acknowledged` where only the spec's author knows."""


def judge(
    scripts: Mapping[str, Mapping[str, str]], *, reviewed: Mapping[str, str], acknowledged: Collection[str]
) -> tuple[Script, ...]:
    """Every script that would have run, with what stands in for it.

    Args:
        scripts: package → script name → `sha256:…`.
        reviewed: digest → effect.
        acknowledged: packages whose scripts the spec's author has read.

    Raises:
        UnsupportedError: `build.script-unreviewed`: some are neither; all are listed.
    """
    found, unknown = [], []
    for package in sorted(scripts):
        for name in _NEEDED:
            digest = scripts[package].get(name)
            if digest is None:
                continue
            effect = reviewed.get(digest, "acknowledged" if package in acknowledged else "")
            found.append(Script(package, name, digest, effect))
            if not effect:
                unknown.append(f"{package} {name} {digest}")
    if unknown:
        shown = "; ".join(unknown[:20]) + (f"; and {len(unknown) - 20} more" if len(unknown) > 20 else "")
        raise UnsupportedError(
            "maintainer scripts that nobody has reviewed",
            where=f"{len(unknown)} scripts",
            why=f"build.script-unreviewed: {shown}",
            remedy="read them, say what stands in for them, and list their packages under maintainer-scripts",
        )
    return tuple(found)


class Alternative(msgspec.Struct, frozen=True, order=True):
    """A link that `update-alternatives` would make."""

    link: str
    priority: int
    target: str


def alternatives(text: str) -> tuple[Alternative, ...]:
    """Links a script asks for in plain words; what it computes is left out.

    >>> alternatives("update-alternatives --install /usr/bin/awk awk /usr/bin/mawk 5")
    (Alternative(link='/usr/bin/awk', priority=5, target='/usr/bin/mawk'),)
    """
    found = []
    values = dict(_ASSIGNED.findall(text))
    text = _VARIABLE.sub(lambda match: values.get(match[1] or match[2], match[0]), text.replace("\\\n", " "))
    for match in _ALTERNATIVE.finditer(text):
        priority = int(match[4])
        pairs = [(match[1], match[3]), *((slave[1], slave[3]) for slave in _SLAVE.finditer(match[5]))]
        found += [
            Alternative(link, priority, target)
            for link, target in pairs
            if _PLAIN.fullmatch(link) and _PLAIN.fullmatch(target)
        ]
    return tuple(found)


def chosen(wishes: Iterable[Alternative]) -> dict[str, str]:
    """Link → target: the highest priority wins, then the first target by name (update-alternatives(1), automatic)."""
    best: dict[str, Alternative] = {}
    for wish in sorted(wishes, key=lambda one: (one.link, -one.priority, one.target)):
        best.setdefault(wish.link, wish)
    return {link: wish.target for link, wish in sorted(best.items())}
