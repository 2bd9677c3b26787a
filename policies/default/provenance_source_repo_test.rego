package assay.rules.provenance_source_repo_test

import rego.v1

import data.assay.rules.provenance_source_repo

facts(repositories) := {"provenance": {"items": [{
	"sources": [{"repository": repository} | some repository in repositories],
	"evidence": "sha256:e",
}]}}

listed := {"repositories": ["https://h.test/a"]}

test_a_listed_one_passes if {
	input_facts := facts(["https://h.test/a"])
	count(provenance_source_repo.deny) == 0 with input as input_facts with data.parameters.provenance_source_repo as listed
}

test_another_beside_it_is_refused if {
	input_facts := facts(["https://h.test/a", "https://h.test/b"])
	count(provenance_source_repo.deny) == 1 with input as input_facts with data.parameters.provenance_source_repo as listed
}

test_no_source_is_refused if {
	count(provenance_source_repo.deny) == 1 with input as facts([]) with data.parameters.provenance_source_repo as listed
}

test_missing_parameters_are_refused if count(provenance_source_repo.deny) > 0 with input as facts([]) with data.parameters as {}
