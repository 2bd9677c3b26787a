package assay.rules.sbom_unknown_share_test

import rego.v1

import data.assay.rules.sbom_unknown_share

sbom(unknown, all) := {"sbom": {"documents": [{
	"format": "spdx",
	"components_count": all,
	"unidentified_count": unknown,
	"evidence": "sha256:e",
}]}}

tenth := {"max_percent": 10}

test_exactly_the_share_passes if {
	count(sbom_unknown_share.deny) == 0 with input as sbom(1, 10) with data.parameters.sbom_unknown_share as tenth
}

test_more_is_refused if {
	count(sbom_unknown_share.deny) == 1 with input as sbom(2, 10) with data.parameters.sbom_unknown_share as tenth
}

test_unknown_programs_and_nothing_else_is_refused if {
	count(sbom_unknown_share.deny) == 1 with input as sbom(1, 0) with data.parameters.sbom_unknown_share as tenth
}

test_an_empty_document_passes if {
	count(sbom_unknown_share.deny) == 0 with input as sbom(0, 0) with data.parameters.sbom_unknown_share as tenth
}

test_missing_parameters_are_refused if {
	count(sbom_unknown_share.deny) == 1 with input as sbom(0, 1) with data.parameters as {}
}
