"""Settings files of the working folder, and what was chosen from them, the environment and the flags."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from assay.bootstrap.machine import LIMITS, read_file
from assay.model.errors import UsageError
from assay.settings import Chosen, Settings, choose, settings_of


def chosen_settings(flags: Mapping[str, str] | None = None) -> tuple[Chosen, ...]:
    """Every setting with its origin.

    `assay.toml` and `[tool.assay]` of `pyproject.toml` are looked for in the working folder only; `ASSAY_CONFIG` names
    another `assay.toml` instead of both, or `none`.

    Raises:
        UsageError: an unknown setting or a bad value. MalformedError: a settings file that is no TOML.
    """
    return choose(os.environ, _files(os.environ.get("ASSAY_CONFIG", "")), flags)


def effective_settings() -> Settings:
    """The settings of environment and files; a command lays its flags over them."""
    return settings_of(chosen_settings())


def _files(named: str) -> list[tuple[str, Mapping[str, object]]]:
    if named == "none":
        return []
    if named:
        return [(named, _toml(named))]
    found: list[tuple[str, Mapping[str, object]]] = []
    if Path("assay.toml").is_file():
        found.append(("assay.toml", _toml("assay.toml")))
    if Path("pyproject.toml").is_file() and b"tool.assay" in read_file("pyproject.toml", LIMITS.settings_bytes):
        tool = _toml("pyproject.toml").get("tool")
        table = tool.get("assay") if isinstance(tool, dict) else None
        if table is not None:
            if not isinstance(table, dict):
                raise UsageError("[tool.assay] is no table", where="pyproject.toml", remedy="write settings under it")
            found.append(("pyproject.toml [tool.assay]", table))
    return found


def _toml(path: str) -> Mapping[str, object]:
    from assay.formats import toml

    return toml.loads(read_file(path, LIMITS.settings_bytes), where=path, limit=LIMITS.settings_bytes)
