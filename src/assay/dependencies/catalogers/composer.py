"""PHP: `vendor/composer/installed.json` of Composer 1 (a list) and 2 (an object), and `composer.lock` of a source tree.

Composer documentation, "The composer.json schema": a list of licences is a choice, so it is joined with OR.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.licences import licence
from assay.dependencies.lockfiles import commit, hashed, malformed, table, tables, text, texts
from assay.formats import strictjson
from assay.model.errors import UnsupportedError
from assay.model.inventory import Gap, Licence


def catalogue(file: File) -> Fragment:
    """The packages that lie in a `vendor` folder.

    Raises:
        MalformedError: not JSON, or of neither form. UnsupportedError: more than `packages_count`.
    """
    if file.path.split("/")[-2:-1] != ["composer"]:
        return Fragment()
    document = _load(file)
    if not isinstance(document, list | dict) or (isinstance(document, dict) and "packages" not in document):
        raise malformed(file, "list of installed PHP packages", "neither a list nor an object with `packages`")
    rows = document if isinstance(document, list) else document["packages"]
    dev = frozenset(texts(document.get("dev-package-names")) if isinstance(document, dict) else ())
    return _fragment(file, [(row, text(row, "name") in dev) for row in tables(rows)], "package-metadata")


def catalogue_lock(file: File) -> Fragment:
    """The packages of a `composer.lock`; in an image it is a wish, and nothing is read.

    Raises:
        MalformedError: not JSON, or without `packages`. UnsupportedError: more than `packages_count`.
    """
    if file.installed:
        return Fragment()
    document = _load(file)
    if "packages" not in table(document):
        raise malformed(file, "composer.lock", "an object with `packages` was expected")
    rows = [(row, False) for row in tables(document["packages"])]
    return _fragment(file, [*rows, *((row, True) for row in tables(document.get("packages-dev")))], "lock-file")


def _load(file: File) -> Any:
    return strictjson.loads(file.data(), where=file.path, limit=file.limits.text_database_bytes)


def _fragment(file: File, rows: list[tuple[Mapping[str, Any], bool]], kind: str) -> Fragment:
    if len(rows) > file.limits.packages_count:
        raise UnsupportedError("too many PHP packages", where=file.path, why=f"{len(rows)}")
    usable = [(row, dev) for row, dev in rows if "/" in text(row, "name") and text(row, "version")]
    lost = len(rows) - len(usable)
    reason = f"{lost} packages without vendor, name or version"
    gaps = (Gap("unreadable", file.path, None, reason, "composer"),) if lost else ()
    return Fragment(packages=tuple(_package(row, dev, kind) for row, dev in usable), gaps=gaps)


def _package(row: Mapping[str, Any], dev: bool, kind: str) -> Package:
    name = text(row, "name")
    vendor, _, base = name.partition("/")
    dist, source = table(row.get("dist")), table(row.get("source"))
    shasum = hashed(f"sha1:{text(dist, 'shasum')}")
    facts = {"composer:dev": "true" if dev else "", "composer:commit": commit(text(source, "reference"))}
    return Package(
        ecosystem="composer",
        name=name,
        version=text(row, "version"),
        namespace=vendor,
        purl_name=base,
        licence=_licence(row),
        maintainer=next((text(author, "name")[:500] for author in tables(row.get("authors"))), ""),
        hashes=(shasum,) if shasum else (),
        properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
        kind=kind,
        confidence="strong" if kind == "lock-file" else "certain",
        depends=tuple(sorted(set(_names(row, "require")))),
        scope="runtime",
        provides=tuple(sorted({*_names(row, "provide"), *_names(row, "replace")} - {name})),
    )


def _names(row: Mapping[str, Any], key: str) -> Iterator[str]:
    """Packages; `php`, `ext-json` and other needs without a vendor are the platform's."""
    return (name.lower() for name in table(row.get(key)) if "/" in name)


def _licence(row: Mapping[str, Any]) -> Licence:
    value = row.get("license")
    words = [value] if isinstance(value, str) else list(texts(value))
    joined = " OR ".join(f"({word})" if " " in word and len(words) > 1 else word for word in words)
    return licence([joined] if joined else [], "the package's metadata")


CATALOGUER = Cataloguer(
    name="composer",
    version=2,
    ecosystem="composer",
    wants=Wanted(names=frozenset(["installed.json"])),
    catalogue=catalogue,
)
LOCK = Cataloguer(
    name="composer-lock",
    version=2,
    ecosystem="composer",
    wants=Wanted(names=frozenset(["composer.lock"])),
    catalogue=catalogue_lock,
)
ROWS = (CATALOGUER, LOCK)
