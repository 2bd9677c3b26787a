"""What the three forms of VEX call the same thing: one table, and the statuses by caution.

OpenVEX 0.2 and CSAF share five justifications. CycloneDX has nine of its own: three mean one of the five, two are
inline protections; four speak of the surroundings (a configuration, an environment, a perimeter), which is none of the
five: such a statement keeps its word and gives it as its impact.
"""

from collections.abc import Sequence
from typing import Literal

import msgspec

from assay.model.errors import MalformedError
from assay.model.vex import VexStatement, VexStatus

Form = Literal["cyclonedx", "csaf"]
Kind = Literal["status", "justification", "response"]


class Word(msgspec.Struct, frozen=True):
    """One word of a form, ours for it ("" = we have none), and whether ours is written as this word."""

    form: Form
    kind: Kind
    theirs: str
    ours: str
    back: bool = False


TABLE: tuple[Word, ...] = (
    Word("cyclonedx", "status", "not_affected", "not_affected", True),
    Word("cyclonedx", "status", "false_positive", "not_affected"),
    Word("cyclonedx", "status", "exploitable", "affected", True),
    Word("cyclonedx", "status", "resolved", "fixed", True),
    Word("cyclonedx", "status", "resolved_with_pedigree", "fixed"),
    Word("cyclonedx", "status", "in_triage", "under_investigation", True),
    Word("cyclonedx", "justification", "code_not_present", "vulnerable_code_not_present", True),
    Word("cyclonedx", "justification", "code_not_reachable", "vulnerable_code_not_in_execute_path", True),
    Word("cyclonedx", "justification", "protected_by_compiler", "inline_mitigations_already_exist"),
    Word("cyclonedx", "justification", "protected_at_runtime", "inline_mitigations_already_exist", True),
    Word("cyclonedx", "justification", "requires_configuration", ""),
    Word("cyclonedx", "justification", "requires_dependency", ""),
    Word("cyclonedx", "justification", "requires_environment", ""),
    Word("cyclonedx", "justification", "protected_at_perimeter", ""),
    Word("cyclonedx", "justification", "protected_by_mitigating_control", ""),
    Word("cyclonedx", "response", "can_not_fix", "It cannot be fixed."),
    Word("cyclonedx", "response", "will_not_fix", "It will not be fixed."),
    Word("cyclonedx", "response", "update", "Update."),
    Word("cyclonedx", "response", "rollback", "Go back to an earlier version."),
    Word("cyclonedx", "response", "workaround_available", "A workaround is available."),
    Word("csaf", "status", "known_not_affected", "not_affected", True),
    Word("csaf", "status", "known_affected", "affected", True),
    Word("csaf", "status", "first_affected", "affected"),
    Word("csaf", "status", "last_affected", "affected"),
    Word("csaf", "status", "fixed", "fixed", True),
    Word("csaf", "status", "first_fixed", "fixed"),
    Word("csaf", "status", "under_investigation", "under_investigation", True),
    Word("csaf", "status", "unknown", "under_investigation"),
    Word("csaf", "justification", "component_not_present", "component_not_present", True),
    Word("csaf", "justification", "vulnerable_code_not_present", "vulnerable_code_not_present", True),
    Word("csaf", "justification", "vulnerable_code_not_in_execute_path", "vulnerable_code_not_in_execute_path", True),
    Word(
        "csaf",
        "justification",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        "vulnerable_code_cannot_be_controlled_by_adversary",
        True,
    ),
    Word("csaf", "justification", "inline_mitigations_already_exist", "inline_mitigations_already_exist", True),
)


def ours(form: Form, kind: Kind) -> dict[str, str]:
    """Their word: ours."""
    return {word.theirs: word.ours for word in TABLE if (word.form, word.kind) == (form, kind)}


def theirs(form: Form, kind: Kind) -> dict[str, str]:
    """Our word: theirs, where there is one."""
    return {word.ours: word.theirs for word in TABLE if (word.form, word.kind) == (form, kind) and word.back}


def remedy_of(action: str) -> str:
    """CSAF's category of an action statement, as far as its own words tell."""
    if action.startswith("Update"):
        return "vendor_fix"
    return "none_available" if action.startswith("No fix") else "mitigation"


def responses_of(action: str) -> tuple[str, ...]:
    """CycloneDX's responses of an action statement, as far as its own words tell."""
    return ("update",) if action.startswith("Update") else ()


CAUTION: dict[VexStatus, int] = {"not_affected": 0, "fixed": 1, "under_investigation": 2, "affected": 3}


def profile_problem(said: VexStatement, *, products: bool = True) -> str:
    """What a statement lacks to be one (CISA, "Minimum Requirements for VEX", 2023), or empty."""
    if not said.vulnerability:
        return "it names no vulnerability"
    if products and not said.products:
        return "it names no product"
    if said.status == "not_affected" and not (said.justification or said.impact):
        return "not_affected needs a justification or an impact statement"
    if said.status == "affected" and not said.action:
        return "affected needs an action statement"
    return ""


def require_profile(said: Sequence[VexStatement], form: str, *, products: bool = True) -> None:
    """Refuse to write statements that say too little.

    Raises:
        MalformedError: the first that does, by its number.
    """
    for number, statement in enumerate(said):
        why = profile_problem(statement, products=products)
        if why:
            raise MalformedError(
                f"{form} cannot say this",
                where=f"statement {number + 1}, {statement.vulnerability[:60]}",
                why=why,
                remedy="complete the statement",
            )
