"""Dockerfiles taken over as specs."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS, read_file
from assay.model.errors import UsageError

if TYPE_CHECKING:
    from assay.build.dockerfile.copies import Kind
    from assay.flows.import_dockerfile import Imported


def import_dockerfile(path: str, *, name: str, version: str, context: str, spec: str, epoch: int) -> Imported:
    """Read a Dockerfile and judge it.

    Args:
        path: of the file, or `-`.
        name: of the image; else that of the context's folder.
        version: of the image.
        context: the build context, where it is looked up what is a folder.
        spec: where the spec will be: its paths are relative to that place.
        epoch: time of everything in the image, seconds since 1970.

    Raises:
        MalformedError, UnsupportedError: no Dockerfile. UnavailableError: it cannot be read.
        UsageError: the context does not lie beside or below the spec.
    """
    from assay.build.dockerfile import Named
    from assay.build.dockerfile.copies import Context
    from assay.flows.import_dockerfile import import_dockerfile as imported

    def kind(part: str) -> Kind | None:
        place = os.path.join(context, part)
        return "directory" if os.path.isdir(place) else "file" if os.path.isfile(place) else None

    def names(pattern: str) -> tuple[str, ...]:
        import glob

        return tuple(sorted(glob.glob(pattern, root_dir=context, include_hidden=True)))

    relative = os.path.relpath(context, os.path.dirname(spec) or ".")
    if relative.split(os.sep)[0] == os.pardir:
        raise UsageError(
            "the context lies outside of the spec's folder", where=context, remedy="write the spec into the context"
        )
    folder = os.path.basename(os.path.abspath(context)).lower()
    named = Named(
        name=name or re.sub(r"[^a-z0-9]+", "-", folder).strip("-") or "image",
        version=version,
        context=relative,
        epoch=epoch,
        files=Context(kind=kind, names=names),
        exclude=(f"/{os.path.basename(spec)}",),  # the spec changes whenever a person goes on with it
    )
    _check_names(named.name, version)
    return imported(read_file(path, LIMITS.metadata_bytes), path, named, ignore=_ignore_file(path, context))


def _check_names(name: str, version: str) -> None:
    """A spec that no lock accepts is not written.

    Raises:
        UsageError: the schema of a spec refuses the name or the version.
    """
    import msgspec

    from assay.build.spec import Metadata

    try:
        msgspec.convert({"name": name, "version": version}, Metadata)
    except msgspec.ValidationError as error:
        raise UsageError(
            "no image can be called that", where=f"{name} {version}", why=str(error),
            remedy="give --name in lower case as a repository's name, --version in letters, digits and .+_~-",
        ) from error  # fmt: skip


def _ignore_file(path: str, context: str) -> str:
    """The Dockerfile's own ignore file, else that of the context; empty where there is none."""
    for place in (f"{path}.dockerignore", os.path.join(context, ".dockerignore")):
        if os.path.isfile(place):
            return read_file(place, LIMITS.metadata_bytes).decode("utf-8", "replace")
    return ""
