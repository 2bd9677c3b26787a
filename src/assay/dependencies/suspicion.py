"""What about a package should make a person look: names that deceive, internal names from elsewhere, code that runs at
installation, packages their publishers took back, packages fetched in the clear.

A suspicion is no finding. It has its reasons and a weight to sort by; it changes no status, severity or decision.
What is known to be malicious is a finding (`Finding.category`), and comes from advisories alone.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import urlsplit

from assay.dependencies.identity import DISTRIBUTED
from assay.dependencies.internal_names import confusion
from assay.dependencies.lookalikes import resemblance
from assay.model.inventory import Component
from assay.model.suspicion import Clue, Internal, Suspicion, SuspicionLevel

_LEVELS: tuple[tuple[int, SuspicionLevel], ...] = ((70, "high"), (40, "medium"), (0, "low"))
_TOP = 100
_Facts = Mapping[str, str]
_Rule = Callable[[Component, _Facts, Internal], Iterator[Clue]]

INSTALL_SCRIPT = "npm:install-script"
"""Property: what npm ran when it installed the package: `postinstall: node x.js`, or `true` where only a lock tells."""
_BUILDERS = (
    "node-gyp", "prebuild", "node-pre-gyp", "cmake-js", "husky", "patch-package", "opencollective", "ngcc", "is-ci",
    "tsc", "npm run build", "nan-build", "true", "exit 0",
)  # fmt: skip
"""What install scripts honestly begin with: they build, or unpack, the package's own program."""
_FETCHERS = (
    "curl", "wget", "powershell", "certutil", "invoke-webrequest", "nslookup", "base64", "/dev/tcp", "eval(", "eval ",
    "http://", "https://", "child_process", "| sh", "|sh", "| bash", "|bash", "node -e", "python -c", "$(", "whoami",
    "hostname", "/etc/passwd",
)  # fmt: skip


_NOTHING_INTERNAL = Internal()


def suspicions(components: Iterable[Component], internal: Internal = _NOTHING_INTERNAL) -> tuple[Suspicion, ...]:
    """Every component that something speaks against, the weightiest first.

    What a distribution ships, or owns, is left out: it was chosen and named by the distribution.

    Args:
        components: of one inventory, in any order.
        internal: what the user calls internal.
    """
    found = (_suspicion(component, internal) for component in components if _is_looked_at(component))
    return tuple(sorted(filter(None, found), key=lambda one: (-one.points, one.component)))


def _is_looked_at(component: Component) -> bool:
    return bool(component.ecosystem) and component.ecosystem not in DISTRIBUTED and not component.owner


def _suspicion(component: Component, internal: Internal) -> Suspicion | None:
    facts = dict(component.properties)
    clues = {clue for rule in _RULES for clue in rule(component, facts, internal)}
    if not clues:
        return None
    points = min(sum(clue.points for clue in clues), _TOP)
    return Suspicion(
        component=component.key,
        purl=component.purl,
        name=component.name,
        version=component.version,
        level=next(level for least, level in _LEVELS if points >= least),
        points=points,
        clues=tuple(sorted(clues, key=lambda clue: (-clue.points, clue))),
        layer=component.introduced,
    )


def _name(component: Component, facts: _Facts, internal: Internal) -> Iterator[Clue]:
    found = resemblance(component.ecosystem, component.name)
    if found is not None:
        yield Clue("typosquat", found.points, f"looks like {found.known}: {found.change}")


def _confused(component: Component, facts: _Facts, internal: Internal) -> Iterator[Clue]:
    for points, says in confusion(component, facts, internal):
        yield Clue("dependency-confusion", points, says)


def _script(component: Component, facts: _Facts, internal: Internal) -> Iterator[Clue]:
    said = facts.get(INSTALL_SCRIPT, "")
    if not said:
        return
    told = said.lower()
    fetching = next((word for word in _FETCHERS if word in told), "")
    if fetching:
        yield Clue("install-script", 55, f"its install script holds {fetching.strip()!r}: {said}")
    elif said == "true":
        yield Clue("install-script", 10, "it ran code of its own when it was installed, by its lock entry")
    elif not all(_is_builder(part) for part in told.split("; ")):
        yield Clue("install-script", 10, f"it ran code of its own when it was installed: {said}")


def _is_builder(part: str) -> bool:
    return part.partition(": ")[2].strip().startswith(_BUILDERS)


_WITHDRAWN = (
    ("pypi:yanked", 45, "was yanked by its publisher"),
    ("cargo:yanked", 45, "was yanked by its publisher"),
    ("npm:deprecated", 10, "is deprecated by its publisher"),
    ("go:retracted", 45, "was retracted by its publisher"),
)
"""Properties that cataloguers or other tools' documents give, weights, words."""


def _withdrawn(component: Component, facts: _Facts, internal: Internal) -> Iterator[Clue]:
    for name, points, says in _WITHDRAWN:
        value = facts.get(name, "")
        if value and value != "false":
            yield Clue("withdrawn", points, says if value == "true" else f"{says}: {value}")


def _clear(component: Component, facts: _Facts, internal: Internal) -> Iterator[Clue]:
    """Fetched over plain HTTP, or from a place that is no index."""
    for name in (f"{component.ecosystem}:direct-url", f"{component.ecosystem}:registry"):
        url = facts.get(name, "")
        scheme = urlsplit(url).scheme.rpartition("+")[2] if "://" in url and "[" not in url else ""
        if scheme in ("http", "ftp", "git"):
            yield Clue("origin", 45, f"was fetched unencrypted and unauthenticated, from {url}")
    url = facts.get(f"{component.ecosystem}:direct-url", "")
    if url.startswith("https:"):
        yield Clue("origin", 10, f"was installed from {url}, not from an index")


_RULES: tuple[_Rule, ...] = (_name, _confused, _script, _withdrawn, _clear)
"""Grow by rows: a rule takes the component, its properties and the user's internal names."""


def tally(found: Iterable[Suspicion]) -> dict[str, int]:
    """How many of each level, in the order of weight; levels without any are left out."""
    counts = {level: 0 for _, level in _LEVELS}
    for one in found:
        counts[one.level] += 1
    return {level: count for level, count in counts.items() if count}
