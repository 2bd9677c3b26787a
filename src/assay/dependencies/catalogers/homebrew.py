"""Homebrew: kegs by their receipt, `Cellar/NAME/VERSION/INSTALL_RECEIPT.json` (its documentation, "Formula Cookbook").

The folders name formula and version, as Homebrew itself reads them; the receipt tells who asked for it and what it
needs.
"""

from collections.abc import Mapping
from typing import Any

from assay.dependencies.cataloger import Cataloguer, File, Fragment, Package, Wanted
from assay.dependencies.lockfiles import table, tables, text
from assay.formats import strictjson
from assay.model.inventory import Licence
from assay.model.patterns import lazy

_PLACE = lazy(r"(?:.*/)?Cellar/([A-Za-z0-9][A-Za-z0-9@+._-]{0,200})/([0-9A-Za-z][^/\s]{0,100})/INSTALL_RECEIPT\.json")
_USUAL = "homebrew/core"
_LICENCE = Licence(reason="a receipt of Homebrew records no licence")


def catalogue(file: File) -> Fragment:
    """One installed formula; nothing for a receipt elsewhere.

    Raises:
        MalformedError: not a JSON object.
    """
    place = _PLACE.fullmatch(file.path)
    if place is None:
        return Fragment()
    receipt = table(strictjson.loads(file.data(), where=file.path, limit=file.limits.metadata_bytes))
    return Fragment(packages=(_package(receipt, place[1], place[2]),))


def _package(receipt: Mapping[str, Any], name: str, version: str) -> Package:
    tap = text(table(receipt.get("source")), "tap")[:200]
    facts = {
        "brew:direct": "true" if receipt.get("installed_on_request") is True else "",
        "brew:tap": "" if tap == _USUAL else tap,
    }
    needs = {text(one, "full_name").rpartition("/")[2] for one in tables(receipt.get("runtime_dependencies"))}
    return Package(
        ecosystem="brew",
        name=name,
        version=version,
        licence=_LICENCE,
        properties=tuple((key, value) for key, value in sorted(facts.items()) if value),
        kind="package-database",
        depends=tuple(sorted(needs - {""})),
        scope="runtime",
    )


CATALOGUER = Cataloguer(
    name="homebrew",
    version=1,
    ecosystem="brew",
    wants=Wanted(names=frozenset(["INSTALL_RECEIPT.json"]), limit="metadata_bytes"),
    catalogue=catalogue,
)
