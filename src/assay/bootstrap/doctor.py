"""What this machine can build, and how well it seals steps off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from assay.bootstrap.machine import LIMITS
from assay.model.errors import AssayError

if TYPE_CHECKING:
    from assay.build.canaries import Isolation
    from assay.build.programs import Machine


def doctor_machine() -> Machine:
    """Look for every program a build can use, and let the canaries try the sandbox a step would get."""
    from assay.adapters import programs as adapter
    from assay.build.programs import PROGRAMS, Machine, found

    rows = []
    for row in PROGRAMS:
        path = adapter.find(row.name)
        rows.append(found(row, path, adapter.version(path, row.version) if path else ""))
    isolation, why = _isolation()
    return Machine(programs=tuple(rows), isolation=isolation, why=why)


def _isolation() -> tuple[Isolation | None, str]:
    from assay.adapters import sandboxes
    from assay.adapters.workshop import FolderWorkshop
    from assay.build import sealing
    from assay.build.debian.root import folders_to_mount
    from assay.flows.steps import isolation_of
    from assay.ports.sandbox import SealedCommand

    workshop = FolderWorkshop(LIMITS)
    try:
        sandbox = sandboxes.best()
        root = workshop.lay(folders_to_mount(sealing.MOUNT_POINTS), lambda _: iter(()), epoch=0)
        with root as place, workshop.empty() as out:
            command = SealedCommand(
                root=place, arguments=(), environment=sealing.environment(0, hardened=False, extra={}), output=out
            )
            return isolation_of(sandbox, command), ""
    except AssayError as error:
        return None, error.line()
