package assay.rules.build_reproduced_test

import rego.v1

import data.assay.rules.build_reproduced

facts(kind, result, levels) := {"summaries": {"items": [{
	"kind": kind,
	"result": result,
	"levels": levels,
	"evidence": "sha256:e",
}]}}

test_two_operators_pass_and_one_passes_where_said if {
	count(build_reproduced.deny) == 0 with input as facts("key", "PASSED", ["SLSA_BUILD_REPRODUCED"])
	count(build_reproduced.deny) == 0 with input as facts("key", "PASSED", ["ASSAY_REBUILT"])
		with data.parameters as {"build_reproduced": {"own": true}}
}

test_ones_own_rebuild_is_refused if {
	count(build_reproduced.deny) == 1 with input as facts("key", "PASSED", ["ASSAY_REBUILT"])
}

test_a_failed_summary_is_refused if {
	count(build_reproduced.deny) == 1 with input as facts("key", "FAILED", ["SLSA_BUILD_REPRODUCED"])
}

test_our_own_word_is_refused if {
	count(build_reproduced.deny) == 1 with input as facts("self", "PASSED", ["SLSA_BUILD_REPRODUCED"])
}

test_no_summary_is_refused if count(build_reproduced.deny) == 1 with input as {"summaries": {"items": []}}
