package assay.rules.provenance_build_type_test

import rego.v1

import data.assay.rules.provenance_build_type

facts := {"provenance": {"items": [{"build_type": "https://t.test/v1", "evidence": "sha256:e"}]}}

test_a_listed_one_passes if {
	listed := {"build_types": ["https://t.test/v1"]}
	count(provenance_build_type.deny) == 0 with input as facts with data.parameters.provenance_build_type as listed
}

test_another_is_refused if {
	listed := {"build_types": ["https://t.test/v2"]}
	count(provenance_build_type.deny) == 1 with input as facts with data.parameters.provenance_build_type as listed
}

test_missing_parameters_are_refused if count(provenance_build_type.deny) > 0 with input as facts with data.parameters as {}
