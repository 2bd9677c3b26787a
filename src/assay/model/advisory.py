"""What the world says about packages: advisories, affected ranges, scores, exploitation."""

from typing import Literal

import msgspec

Category = Literal["vulnerability", "malicious", "informational"]


class VersionRange(msgspec.Struct, frozen=True, order=True):
    """One half-open interval of versions, in the ecosystem's own order (OSV schema, `affected[].ranges[]`).

    `introduced` "" means from the first version; `fixed` "" and `last_affected` "" mean no upper bound.
    """

    introduced: str = ""
    fixed: str = ""
    last_affected: str = ""
    limit: str = ""
    """Upper bound, exclusive, that is no fix (OSV `limit` events; rare)."""


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """One package an advisory speaks about. A version is affected if it is in `versions` or in a range."""

    ecosystem: str
    """As OSV writes it: `Debian:12`, `Alpine:v3.17`, `PyPI`, `npm`, `Go`, `Maven`, `crates.io`, …"""
    name: str
    ranges: tuple[VersionRange, ...] = ()
    versions: tuple[str, ...] = ()
    state: str = ""
    """A distribution's own word: `fixed`, `open`, `no-dsa`, `end-of-life`, …; empty when not said."""


class VulnerableCode(msgspec.Struct, frozen=True, order=True):
    """Where in a package's code the flaw lies, as the advisory says (Go: `ecosystem_specific.imports[]`)."""

    name: str
    """The package as `Affected.name` has it: for Go the module."""
    path: str = ""
    """Import path of the Go package; empty = anywhere in `name`."""
    symbols: tuple[str, ...] = ()
    """Functions and methods (`Parse`, `Server.Serve`), sorted; empty = anywhere in `path`."""
    systems: tuple[str, ...] = ()
    """Operating systems it is limited to (GOOS); empty = all."""
    architectures: tuple[str, ...] = ()
    """Processors it is limited to (GOARCH); empty = all."""


class Score(msgspec.Struct, frozen=True, order=True):
    """One CVSS vector with its source; `severity` is none, low, medium, high or critical."""

    version: str
    score: float
    severity: str
    vector: str
    source: str


class Advisory(msgspec.Struct, frozen=True, kw_only=True):
    """One record of a feed."""

    id: str
    feed: str
    aliases: tuple[str, ...] = ()
    upstream: tuple[str, ...] = ()
    related: tuple[str, ...] = ()
    category: Category = "vulnerability"
    summary: str = ""
    published: str = ""
    modified: str = ""
    withdrawn: str = ""
    affected: tuple[Affected, ...] = ()
    scores: tuple[Score, ...] = ()
    severity: str = ""
    """A word the record itself gives where it has no vector."""
    references: tuple[str, ...] = ()
    code: tuple[VulnerableCode, ...] = ()
    """Where the flaw lies, of every package that the record names; empty where the record does not say."""


class Kev(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of CISA's catalogue of known exploited vulnerabilities."""

    date_added: str = ""
    due_date: str = ""
    ransomware: str = ""


class Epss(msgspec.Struct, frozen=True, kw_only=True):
    """An EPSS score: probability of exploitation in 30 days, its percentile, the date and model it is of."""

    score: float
    percentile: float
    date: str = ""
    model: str = ""


class Ssvc(msgspec.Struct, frozen=True, kw_only=True):
    """CISA's decision points for one CVE, lower case; empty where not assessed."""

    exploitation: str = ""
    automatable: str = ""
    technical_impact: str = ""
    assessed: str = ""
    """The day of the assessment."""


class CveRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What a CVE record says beyond the advisories: title, scores, decision points, state."""

    id: str
    summary: str = ""
    state: str = ""
    """`PUBLISHED` or `REJECTED`."""
    date: str = ""
    scores: tuple[Score, ...] = ()
    ssvc: Ssvc | None = None
    cwes: tuple[str, ...] = ()
    """`CWE-79`, …, sorted."""
    marks: tuple[str, ...] = ()
    """What else its publishers say of the record, sorted: `disputed`, `unsupported-when-assigned`, …"""
    kev: Kev | None = None
    """An entry of the catalogue of exploited vulnerabilities, where the record itself carries one."""


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """Where advisory data came from: one row per feed, shown in every report."""

    name: str
    date: str
    licence: str
    digest: str
    records: int
    skipped: int = 0
    origin: str = ""
    age_days: int | None = None
    """Whole days from `date` to the time of the report; None where nobody asked, or the date tells nothing."""
