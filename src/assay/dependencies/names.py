"""One spelling per package name, so that an advisory and a component meet."""

import re

from assay.model.patterns import lazy

_RUNS = lazy(r"[-_.]+")
_LOWER = frozenset({"Go", "Packagist", "NuGet", "Hex", "Pub", "Bitnami", "GitHub Actions", "SwiftURL"})
_SCHEME = lazy(r"^[a-z+]+://(?:[^/@]*@)?", re.IGNORECASE)


def canonical_name(osv_ecosystem: str, name: str) -> str:
    """The name under which advisories are kept and asked for.

    PyPI: PEP 503 normalisation; registries that do not tell upper from lower case: lower case; SwiftURL: a repository
    without scheme and `.git`; others: as written. Go's proxy does tell them apart, but package URLs do not (purl-spec,
    `golang`), and neither does the host that most modules lie on: its advisories come in either spelling.

    >>> canonical_name("SwiftURL", "https://github.com/Apple/swift-nio.git")
    'github.com/apple/swift-nio'
    >>> canonical_name("PyPI", "Zope.Interface"), canonical_name("npm", "JSONStream")
    ('zope-interface', 'JSONStream')
    """
    if osv_ecosystem == "PyPI":
        return _RUNS.sub("-", name).lower()
    if osv_ecosystem == "SwiftURL":
        name = _SCHEME.sub("", name).rstrip("/").removesuffix(".git")
    return name.lower() if osv_ecosystem in _LOWER else name
