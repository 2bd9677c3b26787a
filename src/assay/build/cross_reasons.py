"""Why the builder's own account of an image and a scan of it differ in a component: one row a case, in plain words."""

from collections.abc import Collection, Iterable

from assay.build.goprograms import GoProgram
from assay.model.inventory import Component

_UNSEEN = {
    "generic": "a source or an output of a step is no package of any ecosystem: no cataloguer looks for it",
    "golang": "no program of the image tells that it was made from it",
    "deb": "its record in the image's package database was not laid, or not read",
}
"""Ecosystem → why a scan does not see what the builder laid."""
_NOT_LAID = "it served the making of a step's output; no record of it was laid into the image"
_NOT_READ = "its own record lies in the image and was not read as one"
_BROUGHT = {
    "step": "an output of that step holds it; the lock does not name it",
    "source": "it came with that source",
    "dependency": "it came inside of a locked dependency",
    "package": "a file of that package holds it",
    "rule": "a synthetic entry holds it",
}
"""Kind of owner → why a scan sees what the builder does not name."""


def why_unseen(component: Component) -> str:
    """Why a scan does not see a component the builder names."""
    if component.ecosystem in _UNSEEN:
        return _UNSEEN[component.ecosystem]
    return _NOT_READ if component.occurrences else _NOT_LAID


def why_seen(component: Component, owners: Iterable[str], programs: Collection[GoProgram]) -> str:
    """Why a scan sees a component the builder does not name.

    Args:
        component: as the scan has it.
        owners: of its files, `KIND NAME`.
        programs: the Go programs the steps left.
    """
    kinds = sorted({owner.partition(" ")[0] for owner in owners})
    if component.ecosystem == "golang" and "step" in kinds:
        if any(component.name == one.main for one in programs):
            return "the program's own module, made from the sources of that step"
        if any(component.name == module.path for one in programs for module in one.modules):
            return "the program was made from it, and the lock does not pin it: vendored, or replaced by a folder"
    return "; ".join(_BROUGHT[kind] for kind in kinds if kind in _BROUGHT)
