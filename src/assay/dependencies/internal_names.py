"""Dependency confusion: a package under an internal name, or a name like it, that came from elsewhere.

Only the user knows which names are internal, and from where they come (`Internal`). Without names nothing is told but
one thing: a version so high that it wins over every other, which is how such packages get themselves chosen.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from assay.model.inventory import Component
from assay.model.suspicion import Internal

PATTERN_CHARACTERS = 300
"""Longest pattern, and longest name, compared."""

_PUBLIC = (
    "npmjs.org", "yarnpkg.com", "pypi.org", "pythonhosted.org", "rubygems.org", "crates.io", "packagist.org",
    "maven.org", "maven.apache.org", "nuget.org", "golang.org", "hex.pm", "pub.dev",
)  # fmt: skip
"""Domains of registries anyone may publish to."""
_WINNING = re.compile(r"v?(?:9[0-9]|9{3,6})\.[0-9].*", re.DOTALL)
"""`99.10.9`, `9999.0.0`; a year is none."""


def confusion(component: Component, facts: Mapping[str, str], internal: Internal) -> Iterator[tuple[int, str]]:
    """Points and words of every clue.

    Args:
        component: what was found.
        facts: its properties; `TYPE:registry` and `TYPE:direct-url` say where it came from.
        internal: what the user calls internal.
    """
    winning = _WINNING.fullmatch(component.version) is not None
    pattern = next((one for one in internal.names if matches(one, component.name)), "")
    if pattern:
        yield from _of_internal(pattern, component, facts, internal)
        if winning:
            yield 30, f"version {component.version} would win over every other"
        return
    like = next((one for one in internal.names if _is_unscoped(one, component.name)), "")
    if like:
        yield 50, f"is the internal {like} without its scope"
    if winning:
        yield 20, f"version {component.version} would win over every other"


def _of_internal(
    pattern: str, component: Component, facts: Mapping[str, str], internal: Internal
) -> Iterator[tuple[int, str]]:
    url = facts.get(f"{component.ecosystem}:direct-url") or facts.get(f"{component.ecosystem}:registry", "")
    host = authority(url)
    if not host:
        yield 25, f"bears the internal name {pattern}, and nothing records where it came from"
    elif any(matches(source, host) for source in internal.sources):
        return
    elif _is_public(host):
        yield 90, f"bears the internal name {pattern} and came from the public {host}"
    elif internal.sources:
        yield 80, f"bears the internal name {pattern} and came from {host}, which is none of the internal sources"
    else:
        yield 15, f"bears the internal name {pattern} and came from {host}; no internal source is configured"


def _is_public(host: str) -> bool:
    name = host.partition(":")[0]
    return any(name == domain or name.endswith("." + domain) for domain in _PUBLIC)


def authority(url: str) -> str:
    """Host of a URL, in lower case, with its port if it names one; "" for text that is none, or a local path.

    >>> authority("https://user@Packages.example:8443/simple/"), authority("file:///srv/x")
    ('packages.example:8443', '')
    """
    try:
        return urlsplit(url.removeprefix("git+")).netloc.rpartition("@")[2].lower()
    except ValueError:
        return ""


def matches(pattern: str, text: str) -> bool:
    """Whether a name is one that a pattern means: `*` stands for any text; upper and lower case are one.

    >>> matches("@acme/*", "@acme/tools"), matches("acme-*", "acme"), matches("*", "x")
    (True, False, True)
    """
    if len(pattern) > PATTERN_CHARACTERS or len(text) > PATTERN_CHARACTERS:
        return False
    return _glob(tuple(pattern.lower().split("*")), text.lower())


def _glob(parts: tuple[str, ...], text: str) -> bool:
    """The pieces between the asterisks, each found at its first place after the one before: never backtracks."""
    if len(parts) == 1:
        return text == parts[0]
    first, *middle, last = parts
    if not text.startswith(first) or not text.endswith(last) or len(text) < len(first) + len(last):
        return False
    place, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, place, end)
        if found < 0:
            return False
        place = found + len(part)
    return True


@lru_cache(maxsize=256)
def _unscoped(pattern: str) -> str:
    """`@acme/*` as others would publish it without the scope: `acme-*`; "" for a pattern without a scope."""
    scope, slash, name = pattern.partition("/")
    return f"{scope[1:]}-{name}" if slash and scope.startswith("@") and len(scope) > 2 else ""


def _is_unscoped(pattern: str, name: str) -> bool:
    without = _unscoped(pattern)
    return bool(without) and matches(without, name.replace("_", "-").replace(".", "-"))
