"""EPSS scores (CSV): a comment line with model and date, a heading, then `cve,epss,percentile`."""

import re
from collections.abc import Iterable, Iterator

from assay.model.advisory import Epss
from assay.model.errors import MalformedError

_SHARE = r"([01](?:\.[0-9]{1,17})?|[1-9](?:\.[0-9]{1,17})?e-[0-9]{1,2})"
"""Small ones are written `7e-05`."""
_ROW = re.compile(rf"(CVE-[0-9]{{4}}-[0-9]{{4,12}}),{_SHARE},{_SHARE}")
_NOTE = re.compile(r"(?:^#|,)(model_version|score_date):([^,]*)")


def parse(lines: Iterable[bytes], *, where: str) -> Iterator[tuple[str, Epss] | MalformedError]:
    """Each row, or why it is refused. Date and model of the comment line stand in every value."""
    date = model = ""
    for number, raw in enumerate(lines, start=1):
        line = raw.decode("utf-8", "replace").strip()
        if number <= 2 and line.startswith("#"):
            notes = dict(_NOTE.findall(line))
            date, model = notes.get("score_date", "")[:10], notes.get("model_version", "")[:50]
            continue
        if number <= 2 and line.startswith("cve,"):
            continue
        match = _ROW.fullmatch(line)
        if not match or float(match[2]) > 1 or float(match[3]) > 1:
            yield MalformedError("not an EPSS row", where=f"{where} line {number}", why=repr(line[:60]))
            continue
        yield match[1], Epss(score=float(match[2]), percentile=float(match[3]), date=date, model=model)
