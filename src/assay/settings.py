"""Where things lie and how to behave: read once from the environment, then handed around as a value.

Flags come before the environment; the environment comes before these defaults.
"""

from collections.abc import Mapping
from pathlib import PurePath

import msgspec

from assay.model.errors import UsageError

_EOL_DAYS = 36_500


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of one run."""

    database: str
    """Path of the advisory database (`--db`, `ASSAY_DB`, else the user's data folder)."""
    cache: str
    """Folder of the layer cache (`ASSAY_CACHE`, else the user's cache folder)."""
    ci: bool = False
    """Whether `CI` is set: then diffIDs are checked every time."""
    workers: int = 0
    """Processes or threads over layers; 0 = one per processor (`ASSAY_WORKERS`)."""
    insecure: tuple[str, ...] = ()
    """Registry authorities that may be spoken to over plain HTTP (`ASSAY_INSECURE_REGISTRIES`, comma separated)."""
    fingerprints: str = ""
    """File of the user's own fingerprints of Java libraries (`--fingerprints`, `ASSAY_FINGERPRINTS`); empty = none."""
    classifiers: str = ""
    """File of the user's own classifiers (`--classifiers`, `ASSAY_CLASSIFIERS`); empty = the usual ones alone."""
    eol_days: int = 90
    """An end of life within so many days is told beforehand (`--eol-within`, `ASSAY_EOL_WITHIN`)."""
    vex_trust: str = ""
    """File that says whose VEX counts (`--vex-trust`, `ASSAY_VEX_TRUST`); empty = nobody's but the operator's."""
    extended_support: bool = False
    """Whether extended support counts (`--extended-support`, `ASSAY_EXTENDED_SUPPORT`)."""
    ssvc: str = ""
    """The operator's inputs to SSVC, `exposure=open,mission=medium` (`--ssvc`, `ASSAY_SSVC`)."""
    ssvc_source: str = ""
    """Which of the two said so."""


def from_environment(env: Mapping[str, str]) -> Settings:
    """Read the settings out of environment variables.

    Raises:
        UsageError: `ASSAY_WORKERS` is no whole number.
    """
    home = env.get("HOME", "/")
    data = env.get("XDG_DATA_HOME") or str(PurePath(home, ".local", "share"))
    cache = env.get("XDG_CACHE_HOME") or str(PurePath(home, ".cache"))
    workers = env.get("ASSAY_WORKERS", "0")
    if not workers.isdecimal() or int(workers) > 256:
        raise UsageError("ASSAY_WORKERS is not a number of workers", why=repr(workers), remedy="give 0 to 256")
    days = env.get("ASSAY_EOL_WITHIN", "90")
    if not (days.isascii() and days.isdecimal() and len(days) <= 5) or int(days) > _EOL_DAYS:
        raise UsageError("ASSAY_EOL_WITHIN is not a number of days", why=repr(days), remedy=f"give 0 to {_EOL_DAYS}")
    return Settings(
        database=env.get("ASSAY_DB") or str(PurePath(data, "assay", "advisories.db")),
        cache=env.get("ASSAY_CACHE") or str(PurePath(cache, "assay", "layers")),
        ci=_yes(env.get("CI", "")),
        workers=int(workers),
        insecure=tuple(filter(None, env.get("ASSAY_INSECURE_REGISTRIES", "").split(","))),
        fingerprints=env.get("ASSAY_FINGERPRINTS", ""),
        classifiers=env.get("ASSAY_CLASSIFIERS", ""),
        eol_days=int(days),
        vex_trust=env.get("ASSAY_VEX_TRUST", ""),
        extended_support=_yes(env.get("ASSAY_EXTENDED_SUPPORT", "")),
        ssvc=env.get("ASSAY_SSVC", ""),
        ssvc_source="ASSAY_SSVC",
    )


def _yes(text: str) -> bool:
    return text.lower() not in ("", "0", "false")
