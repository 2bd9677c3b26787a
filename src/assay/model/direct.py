"""The records by which a component is a direct dependency: somebody asked for it, not only another package needs it.

A root manifest beside the lock, pip's `REQUESTED`, apk's `world`, apt's `extended_states`, a lock of a source tree.
"""

from assay.model.inventory import Component

_DIRECT: tuple[tuple[str, str], ...] = (
    ("npm:direct", "true"),
    ("pypi:requested", "true"),
    ("alpm:explicit", "true"),
    ("apk:world", "true"),
    ("deb:auto-installed", "false"),
    ("sbom:direct", "true"),
)
_SUFFIX = ":direct"
_REQUESTED = frozenset(["conda:requested"])
"""Records whose value is the words of the request."""


def direct_record(component: Component) -> str:
    """The property by which a record calls a component a direct dependency, or empty."""
    for name, value in component.properties:
        if (name, value) in _DIRECT or name in _REQUESTED or (name.endswith(_SUFFIX) and value == "true"):
            return name
    return ""
