"""Environment markers (PEP 508) where the environment is only partly known: true, false, or it depends (None).

Asked in every environment that the facts leave open; an answer counts only if all agree. Nothing of the machine that
runs this is looked at.
"""

from functools import lru_cache
from itertools import product

from assay.model.patterns import lazy

_SYSTEMS = {
    "linux": {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    "darwin": {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
}
_MACHINES = ("x86_64", "aarch64", "armv7l")
_PATCHES = ("0", "99")
_PYTHON = lazy(r"(?:^|/)python(\d{1,2})\.(\d{1,3})(?:/|$)")
_MARKER_CHARACTERS = 2_000


def python_of(path: str) -> str:
    """`3.11` of a path that holds `python3.11/`; empty for another."""
    match = _PYTHON.search(path)
    return f"{match[1]}.{match[2]}" if match else ""


@lru_cache(maxsize=4_096)
def holds(marker: str, python: str, systems: tuple[str, ...] = ("linux",)) -> bool | None:
    """Whether a marker holds for a Python (`3.11`) on one of these systems; None when it depends or is unreadable.

    >>> holds("sys_platform == 'win32'", "3.11"), holds("python_version < '3.12'", "3.11"), holds("os_name", "3.11")
    (False, True, None)
    """
    if not marker:
        return True
    if len(marker) > _MARKER_CHARACTERS or not python:
        return None
    from packaging.markers import (  # 40 ms: only when needed
        InvalidMarker,
        Marker,
        UndefinedComparison,
        UndefinedEnvironmentName,
    )

    try:
        parsed = Marker(marker)
        answers = {
            parsed.evaluate(_environment(system, machine, python, patch))
            for system, machine, patch in product(systems, _MACHINES, _PATCHES)
        }
    except (InvalidMarker, UndefinedComparison, UndefinedEnvironmentName, ValueError, RecursionError):
        return None
    return answers.pop() if len(answers) == 1 else None


def _environment(system: str, machine: str, python: str, patch: str) -> dict[str, str | set[str]]:
    full = f"{python}.{patch}"
    return {
        **_SYSTEMS[system],
        "implementation_name": "cpython",
        "implementation_version": full,
        "platform_machine": machine,
        "platform_python_implementation": "CPython",
        "platform_release": "",
        "platform_version": "",
        "python_full_version": full,
        "python_version": python,
        "extra": "",
    }
