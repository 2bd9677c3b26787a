"""Why dnf installed each package: dnf 5's `packages.toml`, dnf 4's `history.sqlite`.

The reasons become `Note`s named `NAME.ARCHITECTURE` in the folder `rpm:reasons`: `user`, `group`, `dependency`,
`weak dependency`, `clean` or `external user` (libdnf, "TransactionItemReason"). rpm itself records none.
"""

from collections.abc import Iterator

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Note, Wanted
from assay.formats import toml
from assay.formats.sqlitefile import Row, SqliteFile
from assay.model.errors import MalformedError

FOLDER = "rpm:reasons"
_STATE = "usr/lib/sysimage/libdnf5/packages.toml"
_HISTORIES = frozenset({"var/lib/dnf/history.sqlite", "usr/lib/sysimage/dnf/history.sqlite"})
_REASONS = {1: "dependency", 2: "user", 3: "clean", 4: "weak dependency", 5: "group"}
_ITEM, _REASON = 2, 5
"""Columns of `trans_item`: id, trans_id, item_id, repo_id, action, reason, state."""
_NAME, _ARCHITECTURE = 1, 5
"""Columns of `rpm`: item_id, name, epoch, version, release, arch."""


def catalogue(file: File) -> Fragment:
    """The reasons, as notes; of several transactions the last one counts.

    Raises:
        MalformedError: neither of the two forms.
    """
    found = dict(_state(file) if file.path == _STATE else _history(file))
    return Fragment(notes=tuple(Note(FOLDER, name, reason) for name, reason in sorted(found.items())))


def _state(file: File) -> Iterator[tuple[str, str]]:
    packages = toml.loads(file.data(), where=file.path, limit=file.limits.toml_bytes).get("packages")
    for name, body in packages.items() if isinstance(packages, dict) else ():
        reason = body.get("reason") if isinstance(body, dict) else None
        if isinstance(reason, str):
            yield name, reason.lower()[:50]


def _history(file: File) -> Iterator[tuple[str, str]]:
    database = SqliteFile(file.data(), file.path)
    tables = database.tables()
    if not {"rpm", "trans_item"} <= tables.keys():
        raise MalformedError("not dnf's history", where=file.path, why="no tables `rpm` and `trans_item`")
    names: dict[object, str] = {}
    for row in database.rows(tables["rpm"]):
        if len(row.values) > _ARCHITECTURE:
            name, architecture = row.values[_NAME], row.values[_ARCHITECTURE]
            if isinstance(name, str) and isinstance(architecture, str):
                # `item_id` may be declared as the row's own number, which then stands for it.
                names[row.rowid if row.values[0] is None else row.values[0]] = f"{name}.{architecture}"
    for row in database.rows(tables["trans_item"]):
        reason = _reason(row)
        if reason and (name := names.get(row.values[_ITEM])):
            yield name, reason


def _reason(row: Row) -> str:
    value = row.values[_REASON] if len(row.values) > _REASON else None
    return _REASONS.get(value, "") if isinstance(value, int) else ""


CATALOGUER = Cataloguer(
    name="dnf-reasons",
    version=1,
    ecosystem="rpm",
    wants=Wanted(paths=_HISTORIES | {_STATE}),
    catalogue=catalogue,
)
