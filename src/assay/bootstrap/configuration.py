"""Settings files of the working folder, and what was chosen from them, the environment and the flags."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from assay.bootstrap.machine import LIMITS, read_file
from assay.model.errors import UsageError
from assay.settings import Chosen, Settings, choose, settings_of

_OWN_FILE = "assay.toml"
_SHARED_TABLE = "pyproject.toml [tool.assay]"
_VEX_ROWS = {
    "trust": ("vex-trust", "trust policies for VEX"),
    "repository": ("vex-repositories", "lists of VEX repositories"),
}
"""Rows in an `assay.toml` that make it the file of a setting."""
_VEX_KEYS = frozenset([*_VEX_ROWS, "trusted_root", "legacy"])


def chosen_settings(flags: Mapping[str, str] | None = None) -> tuple[Chosen, ...]:
    """Every setting with its origin.

    `assay.toml` and `[tool.assay]` of `pyproject.toml` are looked for in the working folder only; `ASSAY_CONFIG` names
    another `assay.toml` instead of both, or `none`. An `assay.toml` with `[[vex.trust]]` rows is itself the file that
    `vex-trust` names, with `[[vex.repository]]` rows that of `vex-repositories`.

    Raises:
        UsageError: an unknown setting or a bad value. MalformedError: a settings file that is no TOML.
    """
    return choose(os.environ, _files(os.environ.get("ASSAY_CONFIG", "")), flags)


def effective_settings() -> tuple[Settings, str]:
    """The settings of environment and files, over which a command lays its flags; and what the user must be told.

    Returns:
        The settings, and a line that names the files of the working folder and the settings in force from them that
        may decide what is found, believed or counted; "" where there are none. A checkout that is scanned from within
        brings such a file along; one that `ASSAY_CONFIG` names was chosen by the user.
    """
    chosen = chosen_settings()
    return settings_of(chosen), "" if os.environ.get("ASSAY_CONFIG") else _told(chosen)


def _told(chosen: Sequence[Chosen]) -> str:
    by_file = [
        (name, [one.key for one in chosen if one.origin == name and one.weighs]) for name in (_OWN_FILE, _SHARED_TABLE)
    ]
    said = [f"{name} of the working folder sets {', '.join(keys)}" for name, keys in by_file if keys]
    return f"{'; '.join(said)} (ASSAY_CONFIG=none reads no such file)" if said else ""


def _files(named: str) -> list[tuple[str, Mapping[str, object]]]:
    if named == "none":
        return []
    if named:
        return [(named, _own(named))]
    found: list[tuple[str, Mapping[str, object]]] = []
    if Path(_OWN_FILE).is_file():
        found.append((_OWN_FILE, _own(_OWN_FILE)))
    if Path("pyproject.toml").is_file() and b"tool.assay" in read_file("pyproject.toml", LIMITS.settings_bytes):
        tool = _toml("pyproject.toml").get("tool")
        table = tool.get("assay") if isinstance(tool, dict) else None
        if table is not None:
            if not isinstance(table, dict):
                raise UsageError("[tool.assay] is no table", where="pyproject.toml", remedy="write settings under it")
            found.append((_SHARED_TABLE, table))
    return found


def _own(path: str) -> Mapping[str, object]:
    """An `assay.toml`, where rows of trust stand for the setting that names their file; what they say is read later."""
    table = dict(_toml(path))
    vex = table.get("vex")
    if not isinstance(vex, dict) or not _VEX_ROWS.keys() & vex.keys():
        return table  # a `vex` of any other shape is refused as the setting that it is not
    if unknown := sorted(vex.keys() - _VEX_KEYS):
        raise UsageError("there is no such setting", where=path, why=repr(f"vex.{unknown[0]}"[:60]),
                         remedy=f"settings of [vex]: {', '.join(sorted(_VEX_KEYS))}")  # fmt: skip
    del table["vex"]
    for rows, (key, what) in _VEX_ROWS.items():
        if rows not in vex:
            continue
        if key in table:
            raise UsageError(f"two {what}", where=path, why=f"it has {key} and [[vex.{rows}]] rows",
                             remedy="keep one of them")  # fmt: skip
        table[key] = path
    return table


def _toml(path: str) -> Mapping[str, object]:
    from assay.formats import toml

    return toml.loads(read_file(path, LIMITS.settings_bytes), where=path, limit=LIMITS.settings_bytes)
