"""Where things lie and how to behave: chosen once from flags, environment and files, then handed around as a value.

Flags come before the environment (`ASSAY_…`), that before `assay.toml`, that before `[tool.assay]` of
`pyproject.toml`, that before the defaults. `assay config` prints what was chosen and where each value came from.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import PurePath

import msgspec

from assay.model.errors import UsageError

_EOL_DAYS = 36_500
_HOURS = {"h": 1, "d": 24, "w": 168}
_AGE_HOURS = 87_600
_WORKERS = 256
DEFAULT = "default"


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
    database_key: str = ""
    """Public key whose signature every advisory database must carry (`ASSAY_DB_KEY`); empty = none."""
    database_sources: tuple[str, ...] = ()
    """Where `db update` takes a ready database from (`ASSAY_DB_FROM`, comma separated); none = it makes its own."""
    max_db_age_hours: int = 0
    """How old the newest advisory feed may be (`--max-db-age`, `ASSAY_MAX_DB_AGE`); 0 = any age."""
    eol_days: int = 90
    """An end of life within so many days is told beforehand (`--eol-within`, `ASSAY_EOL_WITHIN`)."""
    vex_trust: str = ""
    """File that says whose VEX counts (`--vex-trust`, `ASSAY_VEX_TRUST`); empty = nobody's but the operator's."""
    vex_repositories: str = ""
    """File with `[[vex.repository]]` rows (`ASSAY_VEX_REPOSITORIES`); empty = none is looked into unasked."""
    internal_names: tuple[str, ...] = ()
    """Patterns of internal package names (`--internal-name`, `ASSAY_INTERNAL_NAMES`, comma separated)."""
    internal_sources: tuple[str, ...] = ()
    """Authorities they may come from (`--internal-source`, `ASSAY_INTERNAL_SOURCES`, comma separated)."""
    extended_support: bool = False
    """Whether extended support counts (`--extended-support`, `ASSAY_EXTENDED_SUPPORT`)."""
    ssvc: str = ""
    """The operator's inputs to SSVC, `exposure=open,mission=medium` (`--ssvc`, `ASSAY_SSVC`)."""
    ssvc_source: str = ""
    """Who said so: the flag, the variable or the file."""
    fail_on: str = ""
    """What `assay scan` exits 1 for (`--fail-on`, `ASSAY_FAIL_ON`); empty = for nothing but the policy's denial."""
    only_fixed: bool = False
    """Whether `fail_on` counts only what has a known fix (`--only-fixed`, `ASSAY_ONLY_FIXED`)."""
    ignore_base: bool = False
    """Whether `fail_on` leaves out what is surely the base's (`--ignore-base`, `ASSAY_IGNORE_BASE`)."""
    ignore_files: tuple[str, ...] = ()
    """Ignore files (`--ignore-file`, `ASSAY_IGNORE_FILE`); none = `.assay/ignore.yaml` where that is there."""
    cpe: bool = False
    """Whether what no feed speaks for is matched by CPE names, weakly (`--cpe`, `ASSAY_CPE`)."""
    policy: str = ""
    """The policy to decide by (`--policy`, `ASSAY_POLICY`); empty = the shipped one."""
    store: str = ""
    """Folder of the content store of builds (`--store`, `ASSAY_STORE`, else the user's data folder)."""


class Setting(msgspec.Struct, frozen=True, kw_only=True):
    """One row: how a setting is called, and how its text is read."""

    key: str
    """In files; with `--` before it, the flag."""
    field: str
    """In `Settings`."""
    variable: str
    read: Callable[[str], object]
    """Text to value; ValueError says what it should be."""
    says: str
    flag: bool = True
    """Whether a command has `--KEY`."""
    weighs: bool = True
    """Whether it may decide what is found, believed or counted: then a file nobody named is said to set it."""


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """The value of one setting and where it came from."""

    key: str
    value: object
    origin: str
    """The flag, the variable, the file, or `default`."""
    says: str = ""
    weighs: bool = False
    """As in the table."""


def _text(text: str) -> str:
    return text


def _texts(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (part.strip() for part in text.split(","))))


def hours(text: str) -> int:
    """A duration of whole hours, days or weeks, in hours.

    >>> hours("3d")
    72

    Raises:
        ValueError: any other text, or more than ten years.
    """
    unit, number = _HOURS.get(text[-1:], 0), text[:-1]
    if not (unit and number.isascii() and number.isdecimal() and len(number) <= 5) or int(number) * unit > _AGE_HOURS:
        raise ValueError("not a duration: write 12h, 7d or 2w, or 0h for any")
    return int(number) * unit


_NO, _YES = frozenset({"", "0", "false", "no", "off"}), frozenset({"1", "true", "yes", "on"})


def _set(text: str) -> bool:
    """Whether a variable of others is set: `CI` may hold any word."""
    return text.lower() not in _NO


def _switch(text: str) -> bool:
    """On or off. A word that is neither must not switch on what weakens a run."""
    word = text.strip().lower()
    if word not in _NO | _YES:
        raise ValueError("neither yes nor no: give one of yes, no, true, false, on, off, 1, 0")
    return word in _YES


def _number(most: int, what: str) -> Callable[[str], int]:
    def read(text: str) -> int:
        if not (text.isascii() and text.isdecimal() and len(text) <= 5) or int(text) > most:
            raise ValueError(f"not a number of {what}: give 0 to {most}")
        return int(text)

    return read


TABLE: tuple[Setting, ...] = (
    Setting(key="db", field="database", variable="ASSAY_DB", read=_text, says="advisory database"),
    Setting(
        key="db-key", field="database_key", variable="ASSAY_DB_KEY", read=_text,
        says="public key that must have signed the advisory database", flag=False,
    ),
    Setting(
        key="db-from", field="database_sources", variable="ASSAY_DB_FROM", read=_texts,
        says="where `db update` takes a ready advisory database from", flag=False,
    ),
    Setting(
        key="max-db-age", field="max_db_age_hours", variable="ASSAY_MAX_DB_AGE", read=hours,
        says="how old the newest advisory feed may be",
    ),
    Setting(key="cache", field="cache", variable="ASSAY_CACHE", read=_text, says="layer cache", flag=False),
    Setting(key="ci", field="ci", variable="CI", read=_set, says="check every diffID", flag=False),
    Setting(
        key="workers", field="workers", variable="ASSAY_WORKERS", read=_number(_WORKERS, "workers"),
        says="processes over layers, 0 = one per processor", flag=False, weighs=False,
    ),
    Setting(
        key="insecure-registries", field="insecure", variable="ASSAY_INSECURE_REGISTRIES", read=_texts,
        says="registries spoken to over plain HTTP", flag=False,
    ),
    Setting(
        key="fingerprints", field="fingerprints", variable="ASSAY_FINGERPRINTS", read=_text,
        says="file of fingerprints of Java libraries",
    ),
    Setting(
        key="classifiers", field="classifiers", variable="ASSAY_CLASSIFIERS", read=_text, says="file of classifiers",
    ),
    Setting(
        key="eol-within", field="eol_days", variable="ASSAY_EOL_WITHIN", read=_number(_EOL_DAYS, "days"),
        says="days an end of life is told beforehand", weighs=False,
    ),
    Setting(
        key="internal-name", field="internal_names", variable="ASSAY_INTERNAL_NAMES", read=_texts,
        says="package names that are internal",
    ),
    Setting(
        key="internal-source", field="internal_sources", variable="ASSAY_INTERNAL_SOURCES", read=_texts,
        says="hosts internal packages come from",
    ),
    Setting(
        key="extended-support", field="extended_support", variable="ASSAY_EXTENDED_SUPPORT", read=_switch,
        says="count extended support as support",
    ),
    Setting(
        key="vex-trust", field="vex_trust", variable="ASSAY_VEX_TRUST", read=_text,
        says="file that says whose VEX counts",
    ),
    Setting(
        key="vex-repositories", field="vex_repositories", variable="ASSAY_VEX_REPOSITORIES", read=_text,
        says="file that names VEX repositories", flag=False,
    ),
    Setting(key="ssvc", field="ssvc", variable="ASSAY_SSVC", read=_text, says="the operator's inputs to SSVC"),
    Setting(key="fail-on", field="fail_on", variable="ASSAY_FAIL_ON", read=_text, says="what a scan exits 1 for"),
    Setting(
        key="only-fixed", field="only_fixed", variable="ASSAY_ONLY_FIXED", read=_switch,
        says="fail only on what has a fix",
    ),
    Setting(
        key="cpe", field="cpe", variable="ASSAY_CPE", read=_switch,
        says="match what no feed speaks for by CPE names, weakly",
    ),
    Setting(
        key="ignore-base", field="ignore_base", variable="ASSAY_IGNORE_BASE", read=_switch,
        says="do not fail on what is surely the base's",
    ),
    Setting(key="ignore-file", field="ignore_files", variable="ASSAY_IGNORE_FILE", read=_texts, says="ignore files"),
    Setting(key="policy", field="policy", variable="ASSAY_POLICY", read=_text, says="policy to decide by"),
    Setting(
        key="store", field="store", variable="ASSAY_STORE", read=_text, says="content store of builds", weighs=False,
    ),
)  # fmt: skip
"""Every setting. A new one is a row here and a field above."""


def choose(
    env: Mapping[str, str],
    files: Sequence[tuple[str, Mapping[str, object]]] = (),
    flags: Mapping[str, str] | None = None,
) -> tuple[Chosen, ...]:
    """Choose every setting.

    Args:
        env: environment variables; an empty one counts as not set.
        files: name and table of each settings file, the one that goes first first.
        flags: texts of flags that were given, by key.

    Raises:
        UsageError: a value that cannot be read, or a key that there is not, with a suggestion.
    """
    for name, table in files:
        _refuse_unknown(name, table)
    homes = _homes(env)
    return tuple(_choose(row, env, files, flags or {}, homes) for row in TABLE)


def settings_of(chosen: Sequence[Chosen]) -> Settings:
    """The settings as they were chosen."""
    values = {row.field: one.value for row, one in zip(TABLE, chosen, strict=True)}
    source = next((one.origin for one in chosen if one.key == "ssvc"), DEFAULT)
    return Settings(**values, ssvc_source="ASSAY_SSVC" if source == DEFAULT else source)  # type: ignore[arg-type]


def from_environment(env: Mapping[str, str]) -> Settings:
    """The settings by environment variables alone.

    Raises:
        UsageError: a value that cannot be read.
    """
    return settings_of(choose(env))


def _choose(
    row: Setting,
    env: Mapping[str, str],
    files: Sequence[tuple[str, Mapping[str, object]]],
    flags: Mapping[str, str],
    homes: Mapping[str, str],
) -> Chosen:
    """The first that says something, in the order of the module's first lines."""
    told = [(f"--{row.key}", flags[row.key])] if row.key in flags else []
    told += [(row.variable, env[row.variable])] if env.get(row.variable) else []
    told += [(name, _as_text(table[row.key], name, row.key)) for name, table in files if row.key in table]
    for origin, text in told:
        try:
            return Chosen(key=row.key, value=row.read(text), origin=origin, says=row.says, weighs=row.weighs)
        except ValueError as error:
            what = origin if origin in (row.variable, f"--{row.key}") else f"{row.key} in {origin}"
            raise UsageError(f"{what} is {str(error).partition(': ')[0]}", why=repr(text[:100]),
                             remedy=str(error).partition(": ")[2]) from error  # fmt: skip
    default = homes.get(row.key) or next(
        (f.default for f in msgspec.structs.fields(Settings) if f.name == row.field and not f.required), ""
    )
    return Chosen(key=row.key, value=default, origin=DEFAULT, says=row.says, weighs=row.weighs)


def _homes(env: Mapping[str, str]) -> Mapping[str, str]:
    """The user's own folders (XDG Base Directory Specification)."""
    home = env.get("HOME", "/")
    data = env.get("XDG_DATA_HOME") or str(PurePath(home, ".local", "share"))
    cache = env.get("XDG_CACHE_HOME") or str(PurePath(home, ".cache"))
    return {
        "db": str(PurePath(data, "assay", "advisories.db")),
        "cache": str(PurePath(cache, "assay", "layers")),
        "store": str(PurePath(data, "assay", "store")),
    }


def _refuse_unknown(name: str, table: Mapping[str, object]) -> None:
    known = {row.key for row in TABLE}
    for key in table:
        if key not in known:
            import difflib  # here: it is slow to load, and only mistakes need it

            near = difflib.get_close_matches(key.lower().replace("_", "-"), known, n=1)
            remedy = f"did you mean {near[0]}" if near else f"settings: {', '.join(sorted(known))}"
            raise UsageError("there is no such setting", where=name, why=repr(key[:60]), remedy=remedy)


def _as_text(value: object, name: str, key: str) -> str:
    """A file's value as the environment would write it."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, (str, int)):
        return str(value)
    if isinstance(value, list) and all(isinstance(part, str) and "," not in part for part in value):
        return ",".join(value)
    raise UsageError("a setting has a value of the wrong kind", where=f"{name}, {key}", why=repr(value)[:100],
                     remedy="give a text, a whole number, true, false or a list of texts")  # fmt: skip
