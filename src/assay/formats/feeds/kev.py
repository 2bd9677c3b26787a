"""CISA's catalogue of known exploited vulnerabilities (JSON; also a bare list of later additions without dates)."""

import re
from collections.abc import Iterator

import msgspec

from assay.model.advisory import Kev
from assay.model.errors import MalformedError

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})?")


class _Entry(msgspec.Struct, rename="camel"):
    cve: str = msgspec.field(name="cveID", default="")
    date_added: str = ""
    due_date: str = ""
    known_ransomware_campaign_use: str = ""


class _Catalogue(msgspec.Struct, rename="camel"):
    vulnerabilities: list[msgspec.Raw]
    date_released: str = ""


_decode = msgspec.json.Decoder(_Entry).decode


def parse(data: bytes, *, where: str) -> tuple[str, Iterator[tuple[str, Kev] | MalformedError]]:
    """The day of release (empty when not said), and each entry or why it is refused.

    Raises:
        MalformedError: the document is not JSON or not a catalogue.
    """
    try:
        catalogue = msgspec.json.decode(data, type=_Catalogue)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError) as error:
        raise MalformedError(
            "not a catalogue of exploited vulnerabilities", where=where, why=str(error), remedy="fetch the feed again"
        ) from error
    return catalogue.date_released[:10], (_entry(item, where) for item in catalogue.vulnerabilities)


def _entry(data: msgspec.Raw, where: str) -> tuple[str, Kev] | MalformedError:
    try:
        item = _decode(data)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        return MalformedError("not an entry of the catalogue", where=where, why=str(error))
    if not _CVE.fullmatch(item.cve):
        return MalformedError("not a CVE id", where=where, why=repr(item.cve[:50]))
    if not (_DATE.fullmatch(item.date_added) and _DATE.fullmatch(item.due_date)):
        return MalformedError("not a date", where=f"{where} {item.cve}", why=repr(item.date_added[:50]))
    ransomware = item.known_ransomware_campaign_use[:20]
    return item.cve, Kev(date_added=item.date_added, due_date=item.due_date, ransomware=ransomware)
