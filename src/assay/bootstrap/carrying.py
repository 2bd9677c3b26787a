"""Images carried between registries and layouts, with everything attached to them."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

from assay.artifact.reference import Target
from assay.bootstrap.machine import LIMITS, target_of
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.flows.carry import Carried, Origin
    from assay.ports.world import Progress
    from assay.settings import Settings


def save_image(text: str, folder: str, *, settings: Settings, progress: Progress) -> Carried:
    """Carry an image and what is attached to it into an OCI layout, which is made if it is not there.

    Raises:
        UsageError: the image is neither in a registry nor in an OCI layout.
    """
    from assay.adapters.layout_files import make_layout
    from assay.adapters.layout_store import LayoutStore
    from assay.flows.carry import carry

    target = target_of(text)
    with ExitStack() as stack:
        origin = _origin(target, settings, stack)
        make_layout(Path(folder))
        tag = target.tag or ("" if target.scheme == "registry" else "latest")
        place = LayoutStore(Path(folder), tag=tag, limits=LIMITS)
        return carry(origin, place, progress, limits=LIMITS)


def load_image(folder: str, text: str, *, settings: Settings, progress: Progress) -> Carried:
    """Carry an image of an OCI layout, `PATH[:tag|@digest]`, and what is attached to it, to a registry.

    Raises:
        UsageError: several images are there and none is named; or the goal is no registry reference.
    """
    from assay.adapters.registry import RegistryStore
    from assay.flows.carry import carry

    source = target_of(folder if folder.startswith("oci-dir:") else f"oci-dir:{folder}")
    goal = target_of(text)
    if goal.scheme != "registry":
        raise UsageError(
            "an image is loaded into a registry", where=text, why=f"scheme {goal.scheme}", remedy="write HOST/NAME:TAG"
        )
    with ExitStack() as stack:
        origin = _origin(source, settings, stack)
        place = stack.enter_context(
            closing(RegistryStore(goal, limits=LIMITS, insecure=settings.insecure, env=os.environ))
        )
        return carry(origin, place, progress, limits=LIMITS)


def _origin(target: Target, settings: Settings, stack: ExitStack) -> Origin:
    from assay.flows.carry import Origin

    if target.scheme == "registry":
        from assay.adapters.registry import RegistrySource

        source = RegistrySource(target, limits=LIMITS, insecure=settings.insecure, env=os.environ)
        stack.enter_context(closing(source))
        store = stack.enter_context(closing(source.store()))
        return Origin(source, store, store)
    if target.scheme == "oci-dir":
        from assay.adapters.layout import LayoutSource
        from assay.adapters.layout_store import LayoutStore

        layout = LayoutStore(Path(target.location), tag=target.tag, digest=target.digest, limits=LIMITS)
        return Origin(stack.enter_context(closing(LayoutSource(target, LIMITS))), layout, layout)
    raise UsageError(
        "nothing is attached to this kind of target",
        where=str(target),
        why=f"scheme {target.scheme}",
        remedy="name an image in a registry, or oci-dir:PATH",
    )
