package assay.rules.build_isolated_test

import rego.v1

import data.assay.rules.build_isolated

row(check, state) := {"check": check, "state": state, "step": "c", "evidence": ["sha256:e"]}

facts(rows) := {"builds": {"items": [{"rows": rows}]}}

good := [row("steps", "proved"), row("isolation", "proved"), row("network", "proved"), row("closure", "not-covered")]

test_a_sealed_one_passes if count(build_isolated.deny) == 0 with input as facts(good)

test_an_open_canary_is_refused if {
	count(build_isolated.deny) == 1 with input as facts(array.concat(good, [row("isolation", "failed")]))
}

test_an_attempt_at_the_network_is_refused if {
	count(build_isolated.deny) == 1 with input as facts(array.concat(good, [row("network", "failed")]))
}

test_one_without_rows_is_refused if count(build_isolated.deny) == 1 with input as facts([])

test_no_steps_to_seal_passes if count(build_isolated.deny) == 0 with input as facts([row("steps", "proved")])
