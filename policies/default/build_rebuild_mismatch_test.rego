package assay.rules.build_rebuild_mismatch_test

import rego.v1

import data.assay.rules.build_rebuild_mismatch

facts(results) := {"rebuilds": {"state": "present", "items": [{
	"builder": "urn:b",
	"result": result,
	"verdict": verdict,
	"evidence": "sha256:e",
} |
	some result, verdict in results
]}}

test_an_identical_one_passes if {
	count(build_rebuild_mismatch.deny) == 0 with input as facts({"PASSED": "identical"})
	build_rebuild_mismatch.applies with input as facts({"PASSED": "identical"})
}

test_one_that_differs_is_refused_whatever_others_say if {
	found := build_rebuild_mismatch.deny with input as facts({"PASSED": "identical", "FAILED": "different"})
	some one in found
	count(found) == 1
	one.msg == "build.rebuild-mismatch: urn:b built it again and it is different"
}

test_a_failure_without_a_verdict_is_refused if count(build_rebuild_mismatch.deny) == 1 with input as facts({"FAILED": ""})

test_it_does_not_apply_where_nobody_built_again if not build_rebuild_mismatch.applies with input as {}
