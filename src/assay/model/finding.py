"""A finding carries its reason."""

from typing import Literal

import msgspec

from assay.model.advisory import Category, Epss, Kev, Score
from assay.model.ignore import Ignored

FindingStatus = Literal["affected", "not_affected", "undetermined"]


class Step(msgspec.Struct, frozen=True):
    """One rung of the ladder of evidence: which question, what was found, and from where."""

    rung: str
    """One of `dependencies.reasons.RUNGS`."""
    says: str
    source: str = ""


class Suppression(msgspec.Struct, frozen=True, kw_only=True):
    """Why a finding does not count, and who said so. The finding stays in every machine-readable report."""

    by: str
    """The author of the statement."""
    status: str
    justification: str = ""
    impact: str = ""
    document: str = ""
    """Identifier of the VEX document."""
    digest: str = ""
    """Digest of its bytes."""
    timestamp: str = ""


class Input(msgspec.Struct, frozen=True):
    """One decision point of SSVC: its value, and who says so; both empty where nobody does."""

    point: str
    """`exploitation`, `automatable`, `technical_impact`, `mission`, `exposure`, `human_impact`."""
    value: str = ""
    source: str = ""


class Outcome(msgspec.Struct, frozen=True):
    """What a decision tree makes of the inputs: one outcome where `best` is `worst`, else a range."""

    best: str
    worst: str


class Decision(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """SSVC 2: what CISA's coordinator tree and the deployer tree say. A missing input widens, it is never guessed."""

    coordinator: Outcome
    """Of `track`, `track*`, `attend`, `act`."""
    deployer: Outcome
    """Of `defer`, `scheduled`, `out-of-cycle`, `immediate`."""
    inputs: tuple[Input, ...] = ()
    """Every decision point of both trees, known or not."""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the code in which the flaw lies is in the programs: looked up where the advisory names functions."""

    state: Literal["linked", "not_linked", "unknown"]
    """`linked` raises; `not_linked` makes a finding not affected; `unknown` changes nothing."""
    justification: str = ""
    """In VEX's words, for `not_linked`: `vulnerable_code_not_present`."""
    confidence: Literal["", "certain", "strong", "weak"] = ""
    symbols: tuple[str, ...] = ()
    """The functions that were found, for `linked`; a few of them, sorted."""
    programs: tuple[str, ...] = ()
    """The files that were looked into, sorted."""
    reason: str = ""
    """In one sentence: what was seen, or why nobody can tell."""


class Imported(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the image's Python program imports the package, by its sources. It sorts; it never lowers a finding."""

    state: Literal["imported", "not_imported", "unknown"]
    """`imported` raises, `not_imported` stands last among equals, `unknown` changes nothing."""
    chain: tuple[str, ...] = ()
    """Modules from the entry point to the package, for `imported`."""
    confidence: Literal["", "strong", "weak"] = ""
    """`strong` where every import on the way happens when its module is loaded; `weak` where one need not happen."""
    start: str = ""
    """The command of the image that was followed."""
    reason: str = ""
    """In one sentence: what was seen, or why nobody can tell."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One alias class of advisories met one component. There is one finding per class and component."""

    id: str
    """The class's CVE id where it has one, else its smallest id."""
    aliases: tuple[str, ...] = ()
    component: str
    """Key of the component."""
    purl: str
    name: str
    version: str
    category: Category = "vulnerability"
    advisory: str
    """Id of the record that decided."""
    feed: str
    status: FindingStatus = "affected"
    matched_name: str
    """The package name the advisory was looked up by (the source package of a distribution)."""
    matched_version: str
    matched_range: str
    """Readable, e.g. `>= 1.0, < 1.2.3` or `= 1.2.3`."""
    fixed_in: tuple[str, ...] = ()
    severity: str = "unknown"
    """critical, high, medium, low, none or unknown: of the highest CVSS version's highest score."""
    scores: tuple[Score, ...] = ()
    kev: Kev | None = None
    epss: Epss | None = None
    summary: str = ""
    layer: int | None = None
    origin: Literal["base", "application", "unknown"] = "unknown"
    """Whose the component is; how surely, the report's `base` says."""
    reasons: tuple[Step, ...] = ()
    suppressed: Suppression | None = None
    ssvc: Decision | None = None
    """None for what is no vulnerability (malicious, informational), and in reports of older versions."""
    reach: Reach | None = None
    """None where nothing says in which functions the flaw lies."""
    imported: Imported | None = None
    """None where nothing was looked at: no Python package, no image, or one that starts nothing."""
    ignored: Ignored | None = None
    """The user's own ignore rule that keeps it out of counts and of `--fail-on`; never an answer to policy."""
    confidence: Literal["", "weak"] = ""
    """`weak` where only a CPE name matched (`--cpe`); empty for everything else."""


class Uncovered(msgspec.Struct, frozen=True, order=True):
    """A component no advisory source speaks for: neither affected nor not affected."""

    component: str
    reason: str
