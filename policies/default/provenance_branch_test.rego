package assay.rules.provenance_branch_test

import rego.v1

import data.assay.rules.provenance_branch

facts(refs) := {"provenance": {"items": [{"sources": [{"ref": ref} | some ref in refs], "evidence": "sha256:e"}]}}

listed := {"refs": ["refs/heads/main", "refs/tags/v*"]}

test_listed_ones_pass_as_passes if {
	input_facts := facts(["refs/tags/v1", ""])
	count(provenance_branch.deny) == 0 with input as input_facts with data.parameters.provenance_branch as listed
}

test_another_is_refused if {
	input_facts := facts(["refs/heads/main2"])
	count(provenance_branch.deny) == 1 with input as input_facts with data.parameters.provenance_branch as listed
}

test_a_deeper_one_is_refused if {
	input_facts := facts(["refs/tags/v1/x"])
	count(provenance_branch.deny) == 1 with input as input_facts with data.parameters.provenance_branch as listed
}

test_no_ref_is_refused if {
	count(provenance_branch.deny) == 1 with input as facts([""]) with data.parameters.provenance_branch as listed
}

test_missing_parameters_are_refused if count(provenance_branch.deny) > 0 with input as facts([]) with data.parameters as {}
