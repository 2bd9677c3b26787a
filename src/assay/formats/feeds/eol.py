"""When products end: endoflife.date's front matter by product, and the answer of its interface (schema 1)."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from assay.model.errors import MalformedError
from assay.model.lifecycle import Product, Release

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NAME = re.compile(r"[a-z0-9][a-z0-9._+-]{0,99}")
_TEXT_CHARACTERS = 100
_Day = str | bool | None


class _Own(msgspec.Struct, rename="camel"):
    """A release in the project's own files."""

    release_cycle: str
    codename: str = ""
    release_date: _Day = None
    eoas: _Day = None
    eol: _Day = None
    eoes: _Day = None
    latest: str | None = None
    latest_release_date: _Day = None


class _OwnProduct(msgspec.Struct):
    title: str
    releases: list[_Own]
    category: str = ""
    identifiers: list[dict[str, str]] = []


class _Latest(msgspec.Struct):
    name: str | None = None
    date: str | None = None


class _Served(msgspec.Struct, rename="camel"):
    """A release as the interface serves it."""

    name: str
    codename: str | None = None
    release_date: _Day = None
    eoas_from: _Day = None
    is_eol: bool | None = None
    eol_from: _Day = None
    eoes_from: _Day = None
    latest: _Latest | None = None


class _Identifier(msgspec.Struct):
    id: str
    type: str


class _ServedProduct(msgspec.Struct):
    name: str
    label: str
    releases: list[_Served]
    category: str = ""
    identifiers: list[_Identifier] = []


class _Answer(msgspec.Struct):
    result: list[Any]
    last_modified: str = ""


def parse(data: bytes, *, where: str) -> tuple[str, Iterator[Product | MalformedError]]:
    """The day of the data (empty when not said), and each product or why it is refused; both forms are known.

    Raises:
        MalformedError: the document is neither form.
    """
    try:
        raw = msgspec.json.decode(data, type=dict[str, Any])
        if isinstance(raw.get("result"), list):
            answer = msgspec.convert(raw, type=_Answer)
            return answer.last_modified[:10], (_served(item, where) for item in answer.result)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedError(
            "not a list of product lifecycles", where=where, why=str(error), remedy="fetch the feed again"
        ) from error
    return "", (_own(name, item, where) for name, item in sorted(raw.items()))


def _own(name: str, item: object, where: str) -> Product | MalformedError:
    try:
        product = msgspec.convert(item, type=_OwnProduct)
    except msgspec.ValidationError as error:
        return MalformedError("not a product lifecycle", where=f"{where} {name[:100]}", why=str(error))
    releases = tuple(
        Release(
            cycle=item.release_cycle[:_TEXT_CHARACTERS],
            codename=item.codename[:_TEXT_CHARACTERS],
            released=_day(item.release_date),
            active_until=_day(item.eoas),
            ends=_day(item.eol),
            extended_until=_day(item.eoes),
            latest=(item.latest or "")[:_TEXT_CHARACTERS],
            latest_date=_day(item.latest_release_date),
        )
        for item in product.releases
    )
    names = {_identifier(kind, value) for pair in product.identifiers for kind, value in pair.items()}
    return _product(name, product.title, product.category, names, releases, where)


def _served(raw: object, where: str) -> Product | MalformedError:
    try:
        product = msgspec.convert(raw, type=_ServedProduct)
    except msgspec.ValidationError as error:
        return MalformedError("not a product lifecycle", where=where, why=str(error))
    releases = tuple(
        Release(
            cycle=item.name[:_TEXT_CHARACTERS],
            codename=(item.codename or "")[:_TEXT_CHARACTERS],
            released=_day(item.release_date),
            active_until=_day(item.eoas_from),
            ends=_day(item.eol_from) or _day(item.is_eol),
            extended_until=_day(item.eoes_from),
            latest=((item.latest and item.latest.name) or "")[:_TEXT_CHARACTERS],
            latest_date=_day(item.latest.date if item.latest else None),
        )
        for item in product.releases
    )
    names = {_identifier(item.type, item.id) for item in product.identifiers}
    return _product(product.name, product.label, product.category, names, releases, where)


def _product(
    name: str, title: str, category: str, identifiers: set[str], releases: tuple[Release, ...], where: str
) -> Product | MalformedError:
    if not _NAME.fullmatch(name):
        return MalformedError("not a product's name", where=where, why=repr(name[:50]))
    return Product(
        name=name,
        title=title[:_TEXT_CHARACTERS],
        category=category[:_TEXT_CHARACTERS],
        identifiers=tuple(sorted(identifiers)),
        releases=releases,
    )


def _identifier(kind: str, value: str) -> str:
    return f"repology:{value}" if kind == "repology" else value


def _day(value: _Day) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if value and _DATE.fullmatch(value) else ""
