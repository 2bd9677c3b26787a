package assay.rules.component_eol_test

import rego.v1

import data.assay.rules.component_eol

life(name, lifecycle, soon, ends) := {"lifetimes": {"items": [{
	"name": name,
	"lifecycle": lifecycle,
	"soon": soon,
	"ends": ends,
	"components_count": 1,
	"evidence": "sha256:e",
}]}}

test_nothing_to_tell_passes if {
	count(component_eol.deny) == 0 with input as {"lifetimes": {"items": []}}
	count(component_eol.warn) == 0 with input as {"lifetimes": {"items": []}}
}

test_ended_is_refused if {
	some reason in component_eol.deny with input as life("Python 3.8", "ended", false, "2024-10-07")
	reason.msg == "Python 3.8 has ended on 2024-10-07"
}

test_ended_without_a_date_is_refused if {
	count(component_eol.deny) == 1 with input as life("Angular 2", "ended", false, "")
}

test_soon_is_a_warning if {
	some reason in component_eol.warn with input as life("Node.js 20", "supported", true, "2026-04-30")
	reason.msg == "Node.js 20 ends on 2026-04-30"
	count(component_eol.deny) == 0 with input as life("Node.js 20", "supported", true, "2026-04-30")
}

test_unknown_is_a_warning if {
	count(component_eol.warn) == 1 with input as life("Go", "unknown", false, "")
	count(component_eol.deny) == 0 with input as life("Go", "unknown", false, "")
}
