"""What a distribution's record tells: an advisory, and which packages it says are not affected."""

import re
from typing import Literal

import msgspec

from assay.model.advisory import Advisory
from assay.model.errors import MalformedError

ID = re.compile(r"[!-~]{1,200}")
CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")
NAME_CHARACTERS = 500
SUMMARY_CHARACTERS = 300

Standing = Literal["never-affected", "not-affected"]
"""`never-affected`: the flaw never was in any version that was shipped; worth a word of its own."""


class Unaffected(msgspec.Struct, frozen=True, order=True):
    """The distribution says that this package of its is not affected."""

    ecosystem: str
    name: str
    id: str
    state: Standing = "not-affected"


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a feed."""

    advisory: Advisory | None = None
    unaffected: tuple[Unaffected, ...] = ()


def line(text: str) -> str:
    """A text as one line, cut where too long."""
    text = " ".join(text[: 4 * SUMMARY_CHARACTERS].split())
    return text if len(text) <= SUMMARY_CHARACTERS else text[: SUMMARY_CHARACTERS - 1].rstrip() + "…"


def refused(what: str, where: str, why: str) -> MalformedError:
    """A record or document of a feed that cannot be taken."""
    return MalformedError(what, where=where, why=why, remedy="fetch the feed again, or report it to its publisher")
