"""Which tracer watches a step: a table, the best that works here first."""

from collections.abc import Mapping

from assay.adapters.tracer_fanotify import Fanotify
from assay.adapters.tracer_handles import Handles
from assay.adapters.tracer_strace import Strace
from assay.model.tracing import Scope
from assay.ports.tracing import Tracer

ORDER: Mapping[Scope, tuple[type[Fanotify] | type[Handles] | type[Strace], ...]] = {
    "none": (),
    "processes": (Strace, Fanotify, Handles),
    "files": (Fanotify, Handles, Strace),
}
"""Of programs and connections strace sees more; of files fanotify does, and takes hardly any time; where
root's is not to be had, the one that watches a copy."""


def best(scope: Scope) -> tuple[Tracer | None, str]:
    """The tracer for a scope, and why the ones before it in the table do not do here."""
    missing: list[str] = []
    for kind in ORDER[scope]:
        tracer: Tracer = kind()
        why = tracer.available()
        if not why:
            return tracer, "; ".join(missing)
        missing.append(why)
    return None, "; ".join(missing)
