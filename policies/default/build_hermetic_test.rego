package assay.rules.build_hermetic_test

import rego.v1

import data.assay.rules.build_hermetic

facts(states) := {"builds": {"items": [{
	"state": state,
	"codes": ["build.closure-open"],
	"not_covered": ["root-identity of step c"],
	"evidence": ["sha256:e"],
} |
	some state in states
]}}

test_a_proved_one_passes if count(build_hermetic.deny) == 0 with input as facts(["proved"])

test_an_open_one_is_refused if count(build_hermetic.deny) == 1 with input as facts(["proved", "failed"])

test_an_unknown_one_is_refused if count(build_hermetic.deny) == 1 with input as facts(["unknown"])

test_one_nobody_looked_at_is_refused if count(build_hermetic.deny) == 1 with input as facts(["not-covered"])

test_none_at_all_is_refused if count(build_hermetic.deny) == 1 with input as facts([])
