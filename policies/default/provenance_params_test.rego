package assay.rules.provenance_params_test

import rego.v1

import data.assay.rules.provenance_params

facts(names, complete) := {"provenance": {"items": [{
	"parameter_names": names,
	"parameters_complete": complete,
	"evidence": "sha256:e",
}]}}

listed := {"names": ["workflow"]}

test_listed_ones_passes if {
	count(provenance_params.deny) == 0 with input as facts(["workflow"], true) with data.parameters.provenance_params as listed
}

test_another_is_refused if {
	input_facts := facts(["workflow", "inputs"], true)
	count(provenance_params.deny) == 1 with input as input_facts with data.parameters.provenance_params as listed
}

test_what_is_not_all_shown_is_refused if {
	count(provenance_params.deny) == 1 with input as facts([], false) with data.parameters.provenance_params as listed
}

test_missing_parameters_are_refused if count(provenance_params.deny) > 0 with input as facts([], true) with data.parameters as {}
