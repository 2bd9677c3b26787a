"""PHP: `composer.json` and `composer.lock` (Composer documentation, "composer.json schema", "content-hash").

The lock's `content-hash` is the MD5 of a JSON text of those fields of the manifest that matter, written as PHP does.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Wanted
from assay.dependencies.catalogers import composer
from assay.dependencies.lockfiles import table, text
from assay.dependencies.locks import reading
from assay.dependencies.sheets import Entry, Sheet, Wish

_HASHED = ("name", "version", "require", "require-dev", "conflict", "replace", "provide", "minimum-stability",
           "prefer-stable", "repositories", "extra")  # fmt: skip


def catalogue(file: File) -> Fragment:
    """One `composer.json` or `composer.lock` outside `vendor`.

    Raises:
        MalformedError, UnsupportedError: not JSON, or a damaged lock.
    """
    if reading.foreign(file.path) or "vendor" in file.path.split("/"):
        return Fragment()
    return reading.fragment(_lock(file) if file.path.endswith(".lock") else _manifest(file))


def _manifest(file: File) -> Sheet | None:
    document = reading.json_object(file)
    found = reading.bounded(_wishes(document), file)
    if not found:
        return None
    return Sheet(
        role="manifest",
        ecosystem="composer",
        tool="composer",
        wishes=found,
        contents=(("composer", content_hash(document)),),
    )


def _wishes(document: Mapping[str, Any]) -> Iterator[Wish]:
    """`php`, `ext-json` and other names without a vendor are the platform's."""
    for key, group in (("require", ""), ("require-dev", "dev")):
        for name, wanted in table(document.get(key)).items():
            if "/" in name and isinstance(wanted, str):
                yield Wish(name.lower(), wanted.strip(), group=group)


def content_hash(document: Mapping[str, Any]) -> str:
    """Composer's own digest: the fields that matter, sorted by name, as PHP's `json_encode` writes them."""
    picked: dict[str, Any] = {key: document[key] for key in _HASHED if key in document}
    if "platform" in (config := table(document.get("config"))):
        picked["config"] = {"platform": config["platform"]}
    plain = json.dumps(_as_php({key: picked[key] for key in sorted(picked)}), separators=(",", ":"))
    return hashlib.md5(plain.replace("/", "\\/").encode(), usedforsecurity=False).hexdigest()


def _as_php(value: Any) -> Any:
    """PHP reads an empty object as an empty list."""
    if isinstance(value, dict):
        return {key: _as_php(item) for key, item in value.items()} if value else []
    return [_as_php(item) for item in value] if isinstance(value, list) else value


def _lock(file: File) -> Sheet:
    """A package's `dist.reference` or `source.reference` is a commit; archives of other kinds have a `shasum`."""
    document = reading.json_object(file)
    found = tuple(
        Entry(e.name, e.version, e.hashed, e.local, e.grouped) for e in reading.entries(file, composer.catalogue_lock)
    )
    content = text(document, "content-hash")
    return Sheet(
        role="lock",
        ecosystem="composer",
        tool="composer",
        entries=found,
        contents=(("composer", content),) if content else (),
    )


ROW = Cataloguer(
    name="locks-composer",
    version=1,
    ecosystem="composer",
    wants=Wanted(names=frozenset(["composer.json", "composer.lock"])),
    catalogue=catalogue,
)
