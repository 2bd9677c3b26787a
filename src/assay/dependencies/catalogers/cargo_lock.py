"""Cargo.lock, versions 1 to 4 (The Cargo Book, "Cargo.toml vs Cargo.lock"), of a source tree.

In an image it says what somebody wanted, not what was built: nothing is read there.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.formats import toml
from assay.model.errors import MalformedError
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_NO_LICENCE = Licence(reason="Cargo.lock records no licence")
_REGISTRY = lazy(r"(?:registry|sparse)\+.*")
_SHA256 = lazy(r"[0-9a-f]{64}")
_COMMIT = lazy(r"git\+[^#]*#([0-9a-f]{7,64})")
_OLD_CHECKSUM = lazy(r"checksum (\S+) (\S+) \(.*\)")


def catalogue(file: File) -> Fragment:
    """One Cargo.lock: every package, the workspace's own members included (`cargo:source` = `local`).

    Raises:
        MalformedError: not TOML, or a package without name or version.
    """
    if file.installed:
        return Fragment()
    lock = toml.loads(file.data(), where=file.path, limit=file.limits.toml_bytes)
    rows = list(_rows(lock.get("package", []), file.path))
    checksums = dict(_old_checksums(lock.get("metadata")))
    named = Counter(row["name"] for row in rows)
    only = {row["name"]: row["version"] for row in rows if named[row["name"]] == 1}
    return Fragment(packages=tuple(_package(row, only, checksums) for row in rows))


def _rows(tables: object, where: str) -> Iterator[dict[str, Any]]:
    for table in tables if isinstance(tables, list) else [tables]:
        if not isinstance(table, dict) or not (_text(table, "name") and _text(table, "version")):
            raise MalformedError(
                "a package without name or version", where=where, why=str(table)[:80], remedy="run `cargo update` again"
            )
        yield table


def _package(row: Mapping[str, Any], only: Mapping[str, str], checksums: Mapping[tuple[str, str], str]) -> Package:
    name, version, source = row["name"], row["version"], _text(row, "source")
    commit = _COMMIT.fullmatch(source)
    kind = "local" if not source else source.partition("+")[0]
    facts = {"cargo:commit": commit[1] if commit else "", "cargo:source": "" if _REGISTRY.fullmatch(source) else kind}
    checksum = _text(row, "checksum") or checksums.get((name, version), "")
    return Package(
        ecosystem="cargo",
        name=name,
        version=version,
        licence=_NO_LICENCE,
        hashes=(f"sha256:{checksum}",) if _SHA256.fullmatch(checksum) else (),
        properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
        kind="lock-file",
        confidence="strong",
        depends=tuple(sorted(set(_dependencies(row.get("dependencies"), only)))),
        provides=(f"{name} {version}",),
    )


def _dependencies(values: object, only: Mapping[str, str]) -> Iterator[str]:
    """`name`, `name version` or `name version (source)`: always as name and version where the lock tells it."""
    for value in _texts(values):
        name, _, rest = value.partition(" ")
        version = rest.partition(" ")[0] or only.get(name, "")
        yield f"{name} {version}" if version else name


def _old_checksums(metadata: object) -> Iterator[tuple[tuple[str, str], str]]:
    """Versions 1 and 2 keep checksums apart: `"checksum NAME VERSION (SOURCE)" = "…"`."""
    for key, value in metadata.items() if isinstance(metadata, dict) else ():
        match = _OLD_CHECKSUM.fullmatch(key)
        if match and isinstance(value, str):
            yield (match[1], match[2]), value


def _texts(values: object) -> Iterable[str]:
    return (value for value in values if isinstance(value, str)) if isinstance(values, list) else ()


def _text(row: Mapping[str, Any], key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


CATALOGUER = Cataloguer(
    name="cargo-lock",
    version=1,
    ecosystem="cargo",
    wants=Wanted(names=frozenset(["Cargo.lock"]), limit="toml_bytes"),
    catalogue=catalogue,
)
