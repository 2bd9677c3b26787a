package assay.rules.vuln_threshold_test

import rego.v1

import data.assay.rules.vuln_threshold

item(change) := object.union(
	{"id": "CVE-1", "component": "a 1", "severity": "critical", "fixable": "yes", "fixed_in": "2"},
	change,
)

findings(items) := {"findings": {"scans": [{"evidence": "sha256:e", "open": items}]}}

strict := {"severities": ["critical", "high"], "only_fixable": false}

usual := {"severities": ["critical"], "only_fixable": true}

test_fixable_critical_is_refused if {
	some reason in vuln_threshold.deny with input as findings([item({})]) with data.parameters.vuln_threshold as usual
	reason.msg == "CVE-1 in a 1 is critical, fixed in 2"
}

test_what_cannot_be_determined_is_refused_and_says_so if {
	found := findings([item({"status": "undetermined"})])
	some reason in vuln_threshold.deny with input as found with data.parameters.vuln_threshold as usual
	reason.msg == "CVE-1 in a 1 is critical, fixed in 2; whether it is affected cannot be determined"
}

test_what_is_affected_says_no_doubt if {
	found := findings([item({"status": "affected"})])
	some reason in vuln_threshold.deny with input as found with data.parameters.vuln_threshold as usual
	reason.msg == "CVE-1 in a 1 is critical, fixed in 2"
}

test_nothing_open_passes if {
	count(vuln_threshold.deny) == 0 with input as findings([]) with data.parameters.vuln_threshold as usual
}

test_critical_without_a_fix_passes if {
	found := findings([item({"fixable": "no", "fixed_in": ""})])
	count(vuln_threshold.deny) == 0 with input as found with data.parameters.vuln_threshold as usual
}

test_critical_with_unknown_fix_is_refused if {
	found := findings([item({"fixable": "unknown", "fixed_in": ""})])
	count(vuln_threshold.deny) == 1 with input as found with data.parameters.vuln_threshold as usual
}

test_high_passes_by_default if {
	found := findings([item({"severity": "high"})])
	count(vuln_threshold.deny) == 0 with input as found with data.parameters.vuln_threshold as usual
}

test_strict_parameters_refuse_high_without_fix if {
	found := findings([item({"severity": "high", "fixable": "no", "fixed_in": ""})])
	count(vuln_threshold.deny) == 1 with input as found with data.parameters.vuln_threshold as strict
}

test_unknown_severity_is_told if {
	found := findings([item({"severity": "unknown"})])
	count(vuln_threshold.warn) == 1 with input as found with data.parameters.vuln_threshold as usual
}

test_empty_list_of_severities_is_refused if {
	broken := {"severities": [], "only_fixable": true}
	count(vuln_threshold.deny) == 1 with input as findings([]) with data.parameters.vuln_threshold as broken
}

test_missing_parameters_are_refused if {
	count(vuln_threshold.deny) == 1 with input as findings([]) with data.parameters as {}
}

test_a_severity_that_no_finding_has_is_refused if {
	broken := {"severities": ["Critical"], "only_fixable": true}
	count(vuln_threshold.deny) == 1 with input as findings([item({})]) with data.parameters.vuln_threshold as broken
}

test_unknown_severity_can_be_refused if {
	found := findings([item({"severity": "unknown"})])
	careful := {"severities": ["critical", "unknown"], "only_fixable": true}
	count(vuln_threshold.deny) == 1 with input as found with data.parameters.vuln_threshold as careful
}
