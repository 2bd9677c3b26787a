"""The mandatory tests of CSAF (2.0 §6.1.1 to 6.1.33) as one table.

2.1 keeps these numbers and their meaning; what it added beside them is not tested.
"""

from collections.abc import Mapping
from itertools import islice

from assay.formats import csaf_rules_products as products
from assay.formats import csaf_rules_profiles as profiles
from assay.formats import csaf_rules_scores as scores
from assay.formats import csaf_rules_tracking as tracking
from assay.formats.csaf_problem import Problem, Rule
from assay.formats.csaf_schema import Document

_PROBLEMS_COUNT = 1_000
"""Problems listed of one test."""

RULES: Mapping[str, Rule] = {
    "6.1.1": products.missing_product,
    "6.1.2": products.repeated_product,
    "6.1.3": products.circular_product,
    "6.1.4": products.missing_group,
    "6.1.5": products.repeated_group,
    "6.1.6": products.contradicting_status,
    "6.1.7": scores.several_scores,
    "6.1.8": scores.invalid_cvss,
    "6.1.9": scores.wrong_score,
    "6.1.10": scores.inconsistent_cvss,
    "6.1.11": scores.wrong_cwe,
    "6.1.12": tracking.invalid_language,
    "6.1.13": products.invalid_purl,
    "6.1.14": tracking.unsorted_history,
    "6.1.15": tracking.translator_without_source,
    "6.1.16": tracking.wrong_latest_version,
    "6.1.17": tracking.status_not_draft,
    "6.1.18": tracking.released_history,
    "6.1.19": tracking.history_prerelease,
    "6.1.20": tracking.prerelease_not_draft,
    "6.1.21": tracking.missing_revision,
    "6.1.22": tracking.repeated_revision,
    "6.1.23": tracking.repeated_cve,
    "6.1.24": tracking.repeated_involvement,
    "6.1.25": products.repeated_hash,
    "6.1.26": profiles.lookalike_category,
    "6.1.27.1": profiles.document_notes,
    "6.1.27.2": profiles.document_references,
    "6.1.27.3": profiles.no_vulnerabilities,
    "6.1.27.4": profiles.product_tree,
    "6.1.27.5": profiles.vulnerability_notes,
    "6.1.27.6": profiles.product_status,
    "6.1.27.7": profiles.vex_status,
    "6.1.27.8": profiles.vulnerability_id,
    "6.1.27.9": profiles.impact_statement,
    "6.1.27.10": profiles.action_statement,
    "6.1.27.11": profiles.some_vulnerabilities,
    "6.1.28": tracking.translation_of_itself,
    "6.1.29": products.remediation_without_product,
    "6.1.30": tracking.mixed_versioning,
    "6.1.31": products.range_in_version,
    "6.1.32": products.flag_without_product,
    "6.1.33": products.several_justifications,
}


def check(document: Document) -> tuple[Problem, ...]:
    """Every mandatory test the document fails, in the order of the table; a test names at most 1,000 places."""
    return tuple(
        Problem(test, place, says)
        for test, rule in RULES.items()
        for place, says in islice(rule(document), _PROBLEMS_COUNT)
    )
